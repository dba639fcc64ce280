"""What is wrong with a configuration, as a message: the place, what was given, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from genn_delays.support.errors import short, suggest

MESSAGE = 500
"""Characters of a message, whatever was given."""

Schema = type[BaseModel]


def explain(invalid: ValidationError, schema: Schema) -> str:
    """The first error: its place, what was given and what is allowed, on one line."""
    return short(_first(invalid.errors()[0], schema), MESSAGE)


def _first(error: Mapping[str, Any], schema: Schema) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        hint = suggest(str(error["loc"][-1]), _keys(schema, error["loc"][:-1]))
        return f"{place}: unknown key; {hint}"
    if error["type"] == "missing":
        return f"{place}: is missing; give it a value"
    if error["type"] == "option":
        return _joined(place, error["msg"])
    if error["type"] == "model_type":
        return f"{place}: {error['input']!r} given; {suggest('', _keys(schema, error['loc']))}"
    return f"{place}: {error['input']!r} given; {error['msg'].lower()}"


def _joined(place: str, message: str) -> str:
    """The message behind its place, whose last part it may begin with already."""
    outer, _, last = place.rpartition(".")
    if message.startswith(tuple(f"{last}{mark}" for mark in ":. [")):
        return f"{outer}.{message}" if outer else message
    return f"{place}: {message}"


def _keys(schema: Schema, place: tuple[int | str, ...]) -> list[str]:
    """Keys allowed at a place of the configuration."""
    for part in place:
        schema = schema.model_fields[str(part)].annotation  # type: ignore[assignment]
    return list(schema.model_fields)
