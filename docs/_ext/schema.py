"""Every key of a configuration: its type, default, bounds and what the code says of it.

Nothing is listed here a second time: keys are the fields of the classes, texts their docstrings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib import import_module
from typing import Annotated, Any, get_type_hints

from docstrings import described
from pydantic_core import PydanticUndefined
from types_in_words import spoken, written

from genn_delays.experiment.config import Section

REQUIRED = (MISSING, inspect.Parameter.empty, PydanticUndefined)
ELSEWHERE = re.compile(r"see :class:`~?([\w.]+)`")
"""Where a setting is described by the class that has it."""


@dataclass(frozen=True)
class Key:
    """One setting; ``default`` is YAML, None where it has to be given and "" for none to show."""

    name: str
    kind: str
    default: str | None
    text: str


@dataclass(frozen=True)
class Entry:
    """A heading of the page with the keys below it, and entries of its own."""

    title: str
    about: list[str]
    keys: list[Key] = field(default_factory=list)
    parts: list[Entry] = field(default_factory=list)
    source: Any = None

    def walk(self) -> Iterator[Entry]:
        """This entry and all within it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def texts(kind: type) -> dict[str, str]:
    """What the docstrings of a class and of its bases say of its settings."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        for name, text in described(base).items() if base.__doc__ else ():
            if (where := ELSEWHERE.search(text)) is not None:
                module, _, other = where.group(1).rpartition(".")
                text = texts(getattr(import_module(module), other)).get(name, text)
            found[name] = text
    return found


def _bound(kind: Any, name: str) -> str:
    if name in getattr(kind, "positive", ()):
        return " > 0"
    return " ≥ 0" if name in getattr(kind, "not_negative", ()) else ""


def keys_of(kind: Any, prefix: str, leave_out: tuple[str, ...] = ()) -> list[Key]:
    """Settings of a section, of a dataclass, or of a function or class that makes something."""
    said = texts(kind) if isinstance(kind, type) else described(kind)
    return [
        Key(
            f"{prefix}{name}",
            (spoken(hint) or _like(default)) + _bound(kind, name),
            None if any(default is missing for missing in REQUIRED) else written(default),
            said.get(name, ""),
        )
        for name, hint, default in _settings(kind)
        if name not in leave_out
    ]


def _like(default: Any) -> str:
    """What may be written where the code makes an object of it."""
    if default is None:
        return "mapping, or null"
    return "list: name or mapping" if isinstance(default, list | tuple) else "name, or mapping"


def _settings(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, type and default of each."""
    if isinstance(kind, type) and issubclass(kind, Section):
        for name, info in kind.model_fields.items():
            hint = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            yield name, hint, info.get_default(call_default_factory=True)
    elif is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        for f in fields(kind):
            made = f.default_factory
            yield f.name, hints[f.name], f.default if made is MISSING else made()
    else:
        hints = get_type_hints(kind.__init__ if isinstance(kind, type) else kind)
        for argument in inspect.signature(kind).parameters.values():
            yield argument.name, hints.get(argument.name, Any), argument.default
