"""Plug-ins of installed packages: their entry points in the group ``genn_delays.plugins``.

A package declares ``Sticky = "my_rules:Sticky"`` there. Its full name is that of the package, as in
``pip list``, and that of the entry: ``my-rules:Sticky``. The entry's name alone will do where
nothing of this package and no other plug-in has it. Nothing is imported before it is named.
"""

from __future__ import annotations

import traceback
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from genn_delays.support.errors import ConfigError, short

GROUP = "genn_delays.plugins"

_trusted = False
"""Whether checkpoints may name classes of installed plug-ins that are not imported yet."""


def installed() -> list[tuple[str, EntryPoint]]:
    """The plug-ins of installed packages with their full names, in the order of these."""
    found = [(f"{_package(entry)}:{entry.name}", entry) for entry in entry_points(group=GROUP)]
    return sorted(found, key=lambda pair: pair[0])


def names() -> list[str]:
    """What a configuration may call them."""
    found = installed()
    return [*(full for full, _ in found), *(entry.name for _, entry in found)]


def find(name: str, where: str) -> tuple[str, Any] | None:
    """The full name and the object of a plug-in; None where there is none of that name.

    Args:
        name: in full, or that of the entry alone.
        where: begins messages.

    Raises:
        ConfigError: several packages have it, or it cannot be imported.
    """
    matching = [(full, entry) for full, entry in installed() if name in (full, entry.name)]
    if not matching:
        return None
    if len(matching) > 1:
        told = " and ".join(f"{full!r} ({entry.value})" for full, entry in matching)
        raise ConfigError(f"{where}: {name!r} may be {told}; write one of the full names")
    full, entry = matching[0]
    return full, load(full, entry, where)


def load(full: str, entry: EntryPoint, where: str) -> Any:
    """The object of an entry point.

    Raises:
        ConfigError: whatever goes wrong, with file and line.
    """
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        text = short(f"{type(error).__name__}: {error}{_line_of(error)}", 300)
        raise ConfigError(
            f"{where}: the plug-in {full!r} ({entry.value}) fails to load: {text}\n"
            "mend or uninstall its package"
        ) from error


def trust() -> None:
    """From now on checkpoints may name classes of installed plug-ins."""
    global _trusted
    _trusted = True


def import_for(module: str) -> None:
    """Load the plug-ins of the package that has a module, where checkpoints may do that."""
    top = module.partition(".")[0]
    for full, entry in installed() if _trusted else ():
        if entry.module.partition(".")[0] == top:
            load(full, entry, "plug-in")


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "?"


def _line_of(error: BaseException) -> str:
    """The innermost line of a package's own, not of what imports it."""
    if isinstance(error, SyntaxError):
        return ""  # it says so itself
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and f.filename != __file__]
    return f" ({Path(own[-1].filename)}, line {own[-1].lineno})" if own else ""
