"""Classes by name, as a checkpoint writes them and finds them again.

    LIF                      of this package
    my_neurons:Slow          of a module; that of a script is named as others would import it
    mine.py@1f0c…:Slow       of a model file or plug-in with this checksum

Reading a checkpoint imports nothing: a class is found where its module is loaded already.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from genn_delays.plugins import entry_points, user_files
from genn_delays.support.errors import CheckpointError, suggest

T = TypeVar("T")


def name_of(kind: type[T], known: Mapping[str, type[T]], where: str) -> str:
    """The name of a class.

    Args:
        known: those of this package by name.
        where: begins messages.

    Raises:
        CheckpointError: no other process could find it again for sure.
    """
    for name, other in known.items():
        if other is kind:
            return name
    module = user_files.label_of(kind.__module__) or kind.__module__
    if module == "__main__":
        module = _script() or ""
    found = _find_in(_loaded(module), kind.__qualname__)
    if found is not kind:
        reason = f"{module} has no such class"
        if "<locals>" in kind.__qualname__:
            reason = "it is defined inside a function"
        elif not module:
            reason = "it is defined in an interactive session"
        elif found is not None:
            reason = f"{module} now has another class of that name"
        raise CheckpointError(
            f"{where}: a checkpoint could not find the class {kind.__name__!r} again: {reason}; "
            "define it at the top of a module, of the model file or of a plug-in"
        )
    return f"{module}:{kind.__qualname__}"


def find(name: str, known: Mapping[str, type[T]], base: type, what: str, where: str) -> type[T]:
    """The class that :func:`name_of` named.

    Args:
        base: what it is derived from, and ``what`` that is called.

    Raises:
        CheckpointError: there is none, with the nearest or what to load first.
    """
    module, _, qualname = name.rpartition(":")
    if not module:
        if name not in known:
            raise CheckpointError(f"{where}: unknown {what} {name!r}; {suggest(name, known)}")
        return known[name]
    loaded = _loaded(module)
    if loaded is None:
        file, mark, digits = module.rpartition("@")
        hint = f"import {module} before reading it"
        if "." not in module:
            hint += f", or give its file: gd.load(..., plugins=['{module}.py'])"
        if mark:
            module = f"file {file} with checksum {digits}...{_another(file)}"
            hint = f"give it: gd.load(..., plugins=[{file!r}]), or gd.plugins.register({file!r})"
        raise CheckpointError(f"{where}: needs the class {qualname!r} of {module}; {hint}")
    kind = _find_in(loaded, qualname)
    if kind is None:
        raise CheckpointError(f"{where}: there is no class {qualname!r} in {module}")
    fits = isinstance(kind, type) and issubclass(kind, base)
    if not fits:
        raise CheckpointError(f"{where}: {name!r} is not a {what}")
    return kind


def _loaded(module: str) -> ModuleType | None:
    """A module by the name that checkpoints give it, if it is loaded or registered."""
    _, mark, digits = module.rpartition("@")
    if mark:
        return user_files.find_file(digits)
    if module == _script():
        return sys.modules["__main__"]
    found = user_files.find_module(module)
    if found is None:
        entry_points.import_for(module)
    return sys.modules.get(module, found)


def _another(file: str) -> str:
    """What else was given under this name."""
    given = [path for path in user_files.latest() if path.name == file]
    if not given:
        return ""
    return f", and {given[-1]} is another: it has {user_files.checksum_of(given[-1])}..."


def _script() -> str | None:
    """How others would import the running script; None in an interactive session."""
    main = sys.modules["__main__"]
    if (spec := getattr(main, "__spec__", None)) is not None:
        return spec.name
    path = Path(getattr(main, "__file__", None) or "<stdin>")
    return path.stem if path.is_file() else None


def _find_in(module: ModuleType | None, qualname: str) -> Any:
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(part)  # getattr(module, part) may import it
    return found
