"""Sphinx: the directives ``public-names`` and ``configuration``, and docstrings as they stand."""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import commands
import configuration
import public_names
from docstrings import as_rst, escaped
from docutils import nodes
from schema import Entry, Key
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import genn_delays as gd

OUTSIDE = (
    "abc",
    "numpy",
    "np",
    "scipy",
    "h5py",
    "pathlib",
    "collections",
    "typing",
    "pygenn",
    "click",
)
LEVELS = "-~^"


class PublicNames(SphinxDirective):
    """The public names of a module, with its docstring."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the code may have changed, which the page does not show
        path = self.arguments[0]
        about = as_rst((inspect.getdoc(public_names.namespace(path)) or "").splitlines())
        text = "\n".join([*about, "", *public_names.page(path)])
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class Configuration(SphinxDirective):
    """Every key of a configuration."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the code may have changed, which the page does not show
        lines = [line for part in configuration.page() for line in entry_rst(part)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Commands(SphinxDirective):
    """Every command of the command line."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the code may have changed, which the page does not show
        return self.parse_text_to_nodes("\n".join(commands.page()), allow_section_headings=True)


def entry_rst(entry: Entry, level: int = 0) -> Iterator[str]:
    """A heading with its keys, and the entries within."""
    yield from (entry.title, LEVELS[level] * len(entry.title), "", *as_rst(entry.about), "")
    for key in entry.keys:
        yield from key_rst(key)
    for part in entry.parts:
        yield from entry_rst(part, level + 1)


def key_rst(key: Key) -> Iterator[str]:
    """One key, as a ``confval``."""
    default = "none: it has to be given" if key.default is None else f"``{key.default}``"
    yield from (f".. confval:: {key.name}", f"   :type: {escaped(key.kind)}")
    if key.default != "":
        yield f"   :default: {default}"
    yield from ("", f"   {escaped(key.text)}", "")


RST: dict[str, list[str]] = {}
"""Docstrings as they went to napoleon, by name."""


def docstring(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list) -> None:
    """Before napoleon reads the sections."""
    lines[:] = as_rst(lines)
    RST[name] = list(lines)


def attribute(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list) -> None:
    """After napoleon, which takes what is before a colon for the type of an attribute."""
    if what in ("attribute", "property", "data"):
        lines[:] = RST[name]


def signature(app: Sphinx, *given: Any) -> tuple[str, str | None] | None:
    """A default without a Python expression, ``<factory>``, would leave all of it unparsed."""
    *_, arguments, returned = given
    return arguments and (re.sub(r"<[^<>]*>", "...", arguments), returned)


def reference(app: Sphinx, env: Any, node: Any, contnode: nodes.Node) -> nodes.Node | None:
    """A name without its module is that of the one object that ends with it.

    What exists but has no place in the reference stays text; what does not exist is a warning.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    objects = env.get_domain("py").objects
    last = target.rpartition(".")[2]
    found = {e.node_id: e for name, e in objects.items() if name.endswith(f".{last}")}
    if len(found) == 1:
        (entry,) = found.values()
        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode)
    return contnode if target.startswith(OUTSIDE) or _exists(target) else None


def _exists(target: str) -> bool:
    """Whether the package has such a module, or a module with it: ``Plan``, ``Plan.steps``."""
    modules = [m for name, m in sys.modules.items() if name.startswith("genn_delays")]
    first, *rest = target.split(".")
    starts = [vars(module)[first] for module in modules if first in vars(module)]
    return target in sys.modules or any(_reaches(start, rest) for start in starts) or (
        first == "genn_delays" and _exists(rest[-1]))  # fmt: skip


def _reaches(start: object, names: list[str]) -> bool:
    for name in names:
        if name in getattr(start, "__dataclass_fields__", ()):
            return True
        start = getattr(start, name, None)
    return start is not None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("configuration", Configuration)
    app.add_directive("commands", Commands)
    app.connect("autodoc-process-docstring", docstring, priority=100)
    app.connect("autodoc-process-docstring", attribute, priority=900)
    app.connect("autodoc-process-signature", signature)
    app.connect("missing-reference", reference)
    for module in pkgutil.walk_packages(gd.__path__, "genn_delays."):
        if not module.name.endswith("__main__"):
            import_module(module.name)  # what annotations name may not be imported otherwise
    return {"parallel_read_safe": True, "parallel_write_safe": True}
