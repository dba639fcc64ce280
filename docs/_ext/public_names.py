"""The public names of a namespace of the package, and the page that shows them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from types import ModuleType
from typing import Any

from docstrings import as_rst

import genn_delays as gd

NAMESPACES = sorted(name for name in gd.__all__ if inspect.ismodule(getattr(gd, name)))
"""Modules that ``import genn_delays as gd`` reaches."""
PATHS = ("genn_delays", "genn_delays.support.errors", *(f"genn_delays.{n}" for n in NAMESPACES))
"""All that has a page."""


@dataclass(frozen=True)
class Public:
    """A public object: where users find it, and the module that defines it."""

    path: str
    found: Any
    module: str

    @property
    def directive(self) -> str:
        """What documents it."""
        kinds = {"autoexception": _is_error, "autoclass": inspect.isclass,
                 "autofunction": inspect.isroutine}  # fmt: skip
        return next((kind for kind, fits in kinds.items() if fits(self.found)), "py:data")


def _is_error(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, Exception)


def namespace(path: str) -> ModuleType:
    """The module behind ``genn_delays.neurons``, which may be an attribute of its package."""
    parent, _, name = path.rpartition(".")
    return getattr(import_module(parent), name) if parent == "genn_delays" else import_module(path)


def public(path: str) -> list[Public]:
    """The public objects of a namespace, those of a module together."""
    module = import_module(path) if path == "genn_delays" else namespace(path)
    found = [Public(f"{path}.{name}", *_home(module, name)) for name in _names(module)]
    if path == "genn_delays":
        elsewhere = {id(each.found) for other in PATHS[1:] for each in public(other)}
        found = [p for p in found if not inspect.ismodule(p.found) and id(p.found) not in elsewhere]
    if path == "genn_delays.models":
        found += [Public(f"{path}.{name}.build", getattr(module, name).build, f"{path}.{name}")
                  for name in module.names()]  # fmt: skip
    order = list(dict.fromkeys(each.module for each in found))
    return sorted(found, key=lambda each: order.index(each.module))


def _names(module: ModuleType) -> list[str]:
    """What ``__all__`` says, else the classes and functions that the module defines."""
    if (listed := getattr(module, "__all__", None)) is not None:
        return list(listed)
    return [
        name
        for name, found in vars(module).items()
        if not name.startswith("_") and getattr(found, "__module__", "") == module.__name__
        and (inspect.isclass(found) or inspect.isroutine(found))
    ]  # fmt: skip


def _home(module: ModuleType, name: str) -> tuple[Any, str]:
    found = getattr(module, name)
    return found, getattr(found, "__module__", module.__name__)


def page(path: str) -> Iterator[str]:
    """The page of a namespace as reStructuredText, the docstrings of its modules included."""
    about = {path, namespace(path).__name__ if "." in path else path}
    for module, objects in groupby(public(path), key=lambda each: each.module):
        together = list(objects)
        if module not in about:
            title = ", ".join(each.path.removeprefix(f"{path}.") for each in together)
            yield from (title, "-" * len(title), "", *_docstring(import_module(module)))
        for each in together:
            yield from _object(each)


def _docstring(module: ModuleType) -> Iterator[str]:
    yield from (*as_rst((inspect.getdoc(module) or "").splitlines()), "")
    if (text := getattr(module, "TEXT", None)) is not None:
        yield from ("::", "", *(f"   {line}" for line in text.strip().splitlines()), "")


def _object(each: Public) -> Iterator[str]:
    yield f".. {each.directive}:: {each.path}"
    if each.directive == "autoclass":
        yield "   :members:"
        if each.found.__bases__ != (object,):
            yield "   :show-inheritance:"
    if each.directive == "py:data" and callable(each.found):  # an instance that is called
        yield from ("", "   " + (inspect.getdoc(type(each.found)) or "").splitlines()[0])
    elif each.directive == "py:data":  # a registry
        yield from ("", "   Names: " + ", ".join(f"``{name}``" for name in each.found))
    yield ""
