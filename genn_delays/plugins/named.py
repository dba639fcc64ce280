"""From ``{name: ..., settings}`` to an object: by a registry, from a file, from a package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from inspect import isabstract, isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from genn_delays.plugins import entry_points
from genn_delays.plugins.user_files import UserFile, load_file
from genn_delays.support.errors import ConfigError, GennDelaysError, suggest
from genn_delays.support.paths import expanded
from genn_delays.support.settings import build

T = TypeVar("T")

_named: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
"""How configurations name what was chosen from a file or a package."""


def build_named(
    where: str,
    base: type,
    registry: Mapping[str, type[T]],
    given: object,
    error: type[GennDelaysError] = ConfigError,
) -> T:
    """An instance of the class that ``given["name"]`` names.

    Args:
        where: place in the configuration, for messages: ``"schedule"``.
        base: what it is derived from.
        registry: classes by name.
        given: a mapping with ``name``, perhaps ``file``, and settings; or the name alone.
        error: class of the error to raise.

    Raises:
        GennDelaysError: of the class ``error``; unknown name or setting (the nearest is named), a
            wrong type, a file or package that does not have it.
    """
    settings = {"name": given} if isinstance(given, str) else given
    if not isinstance(settings, Mapping) or "name" not in settings:
        hint = suggest("", registry) if registry else "and a file"
        raise error(f"{where}: {given!r} given; give a mapping with a name; {hint}")
    kind: type[T] = choose(where, base, registry, settings, error=error)
    return build(kind, settings_of(settings), f"{where}.{settings['name']}", error)


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping without what :func:`choose` reads."""
    return {key: value for key, value in given.items() if key not in ("name", "file")}


def choose(
    where: str,
    base: type,
    registry: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    functions: bool = False,
    error: type[GennDelaysError] = ConfigError,
) -> Any:
    """The class that a mapping names by ``name`` and perhaps ``file``.

    Names of the registry come first, so that no package can take one over.

    Args:
        functions: whether a function that makes such an object will do.
        error: class of the error to raise.

    Raises:
        GennDelaysError: of the class ``error``; there is none.
    """
    name, file = given.get("name"), given.get("file")
    if file is None and isinstance(name, str) and name in registry:
        return registry[name]
    try:
        if file is not None:
            return _from_file(where, base, name, _located(file, where), functions)
        return _installed(where, base, name, registry, functions)
    except ConfigError as failure:
        raise error(str(failure)) from failure.__cause__


def named_as(kind: Any) -> dict[str, str] | None:
    """The ``name`` and perhaps ``file`` that configurations choose a class by; None for others."""
    return _named.get(kind)


def own_classes(module: ModuleType, base: type) -> dict[str, type]:
    """Classes of a module that derive from ``base`` and can be made, by name."""
    return {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, base) and not isabstract(kind)
    }


def _located(file: Any, where: str) -> UserFile:
    """A file that a configuration has placed, or else one by a path from here."""
    if isinstance(file, UserFile):
        return file
    if not isinstance(file, (str, Path)):
        raise ConfigError(f"{where}.file: {file!r} given; give the path of a Python file")
    return UserFile(expanded(file, f"{where}.file").resolve())


def _from_file(where: str, base: type, name: Any, file: UserFile, functions: bool) -> Any:
    module = load_file(file, f"{where}.file")
    kind = vars(module).get(name) if isinstance(name, str) else None
    if kind is None:
        own = [key for key, value in vars(module).items() if _is_own(value, module)]
        known = own_classes(module, base).keys() & set(own) or own
        hint = suggest(str(name), known) if known else "there are no classes in it"
        raise ConfigError(f"{where}: there is no {name!r} in {file}; {hint}")
    if not _is_own(kind, module):
        raise ConfigError(f"{where}: {name!r} is not defined in {file}, only imported; name it "
                          "as what it is, or derive a class from it")  # fmt: skip
    _check_kind(where, base, kind, f"{name!r} of {file}", functions)
    _named[kind] = {"file": str(file), "name": str(name)}
    return kind


def _installed(
    where: str, base: type, name: Any, registry: Mapping[str, Any], functions: bool
) -> Any:
    found = entry_points.find(name, where) if isinstance(name, str) else None
    if found is None:
        near = get_close_matches(str(name), names := entry_points.names(), n=1)
        hint = suggest(str(name), [*registry, *(names if near else ())])
        if not near and not get_close_matches(str(name), registry, n=1):
            own = "a file, as in {file: mine.py, name: ...}"
            hint = f"{hint}, or {own}" if registry else f"give {own}"
        raise ConfigError(f"{where}: there is no {name!r}; {hint}")
    full, kind = found
    _check_kind(where, base, kind, f"the plug-in {full!r}", functions)
    _named[kind] = {"name": full}
    return kind


def _check_kind(where: str, base: type, kind: Any, what: str, functions: bool) -> None:
    if not isinstance(kind, type):
        if functions and isinstance(kind, Callable):  # type: ignore[arg-type]
            return
        raise ConfigError(f"{where}: {what} is no class")
    if not issubclass(kind, base):
        raise ConfigError(
            f"{where}: {what} is no {base.__name__}; derive it from "
            f"{base.__module__}.{base.__name__}"
        )
    taken = {"name", "file"} & {field.name for field in fields(kind)} if is_dataclass(kind) else ()
    if taken:
        raise ConfigError(
            f"{where}: {what} has a setting {min(taken)!r}, which is how it is found; rename it"
        )
    if isabstract(kind):
        lacking = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
        raise ConfigError(f"{where}: {what} lacks {lacking}; define it")
    _check_methods(where, base, kind, what)


def _check_methods(where: str, base: type, kind: type, what: str) -> None:
    """Methods are called as those of the base, so they have its names and take its arguments."""
    hooks = [name for name in dir(base) if name.startswith("on_")]
    for name, method in vars(kind).items():
        if hooks and name.startswith("on_") and name not in hooks:
            raise ConfigError(f"{where}: {what} has {name}, never called; {suggest(name, hooks)}")
        known = getattr(base, name, None)
        special = name.startswith("_") and name != "__call__"
        if special or not (isfunction(method) and isfunction(known)):
            continue
        taken = signature(known).parameters.values()
        given = [None for one in taken if one.kind is one.POSITIONAL_OR_KEYWORD]
        named = {one.name: None for one in taken if one.kind is one.KEYWORD_ONLY}
        try:
            signature(method).bind(*given, **named)
        except TypeError:
            names = ", ".join(signature(known).parameters)
            raise ConfigError(
                f"{where}: {what} has {name}{signature(method)}; it is called with ({names})"
            ) from None


def _is_own(value: Any, module: ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def values_of(part: object) -> dict[str, Any]:
    """The settings of an object that was built from some: its dataclass fields.

    Raises:
        ConfigError: it takes some, but is no dataclass, and could not be made again.
    """
    if is_dataclass(part):
        return {field.name: getattr(part, field.name) for field in fields(part) if field.init}
    if taken := list(signature(type(part)).parameters):
        raise ConfigError(
            f"{type(part).__name__} takes {taken} but is no dataclass, so it cannot be made again; "
            "write @dataclass(frozen=True) above it"
        )
    return {}
