"""Types and values of settings as a user of YAML thinks of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
import numpy as np
import yaml

from genn_delays.declaration.init import Initialiser
from genn_delays.experiment.options import describe

WORDS = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    NoneType: "null",
    np.ndarray: "array",
    Initialiser: "initialiser",
    Any: "",
}
SIGNS = {at.Gt: (">", "gt"), at.Ge: ("≥", "ge"), at.Lt: ("<", "lt"), at.Le: ("≤", "le")}


def spoken(kind: Any) -> str:
    """A type in words.

    >>> spoken(tuple[float, ...] | None)
    'list: number, or null'
    >>> spoken(Annotated[int, at.Gt(0)])
    'whole number > 0'
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return " ".join([spoken(inner[0]), *_bounds(inner[1:])]).strip()
    if origin in (Union, UnionType):
        return ", or ".join(dict.fromkeys(filter(None, map(spoken, inner))))
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (tuple, list):
        kinds = list(dict.fromkeys(spoken(part) for part in inner if part is not Ellipsis))
        count = "" if Ellipsis in inner else f" of {len(inner)}"
        return f"list{count}: {', '.join(kinds)}"
    plain = origin or kind
    if isinstance(plain, type) and issubclass(plain, Mapping):
        return "mapping"
    return WORDS.get(plain, "mapping")


def _bounds(metadata: tuple[Any, ...]) -> list[str]:
    parts = [part for item in metadata for part in getattr(item, "metadata", [item])]
    found = [
        f"{sign} {getattr(part, name)}"
        for part in parts
        for kind, (sign, name) in SIGNS.items()
        if isinstance(part, kind)
    ]
    return [", ".join(found)] if found else []


def written(value: Any) -> str:
    """A value as YAML on one line.

    >>> written((0.4, 0.9))
    '[0.4, 0.9]'
    """
    plain = describe(value)
    plain = plain if isinstance(plain, (dict, list, str, int, float, NoneType)) else str(plain)
    text = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")
