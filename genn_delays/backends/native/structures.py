"""Structures that the engine and Python share, each declared once, in a table.

A table is rendered into the C typedef and into the ctypes class. Assertions on the size, and on the
place and size of each field, follow the typedef: where a compiler lays a structure out otherwise
than ctypes does, the engine is not built, rather than reading beside its fields.
"""

from __future__ import annotations

import ctypes
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

SCALARS: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}
WIDTH = 110  # columns of the generated code
Line = tuple[str, str]
"""A field: its C declaration without the semicolon, and what it holds."""


@dataclass(frozen=True, eq=False)
class Shared:
    """One structure.

    Attributes:
        name: of the C type.
        lines: of the table: a C declaration without its semicolon, and what it holds.
        pointing: structures that fields of this one point to.
    """

    name: str
    lines: tuple[Line, ...]
    pointing: tuple[Shared, ...] = ()

    def ctypes(self, real: str = "float") -> Any:
        """The ctypes class; ``real`` is the C type that scalars of type ``real`` have."""
        return _class_of(self, real)

    def arrays(self, *buffers: Sequence[Any]) -> tuple[Any, ...]:
        """C arrays of the kinds that this one points to; ``struct`` of each buffer moves there."""
        made = []
        for one, some in zip(self.pointing, buffers, strict=True):
            array = (one.ctypes() * len(some))(*(b.struct for b in some))
            for k, b in enumerate(some):
                b.struct = array[k]
            made.append(array)
        return tuple(made)

    def typedef(self, real: str) -> str:
        """The C typedef, with its assertions."""
        made = self.ctypes(real)
        body = [text for declaration, holds in self.lines for text in _line(declaration, holds)]
        laid_out = [f"sizeof({self.name}) == {ctypes.sizeof(made)}"]
        for name, _ in self.fields(real):
            field = getattr(made, name)
            place = f"offsetof({self.name}, {name}) == {field.offset}"
            laid_out.append(f"{place} && sizeof((({self.name} *)0)->{name}) == {field.size}")
        where = f"{self.name}: laid out otherwise than in Python"
        # by a name: clang quotes the condition, and would leave no room for what is wrong
        condition = f"enum {{ {self.name}_fits =\n  " + " &&\n  ".join(laid_out) + "\n};"
        asserted = f'_Static_assert({self.name}_fits, "{where}");'
        return "\n".join(["typedef struct {", *body, f"}} {self.name};", condition, asserted])

    def fields(self, real: str) -> list[tuple[str, Any]]:
        """(name, ctypes type) of each field."""
        found = []
        for declaration, _ in self.lines:
            kind, names = declaration.removeprefix("const ").split(" ", 1)
            for name in names.split(", "):
                found.append((name.lstrip("*"), self._kind(kind, name.startswith("*"), real)))
        return found

    def _kind(self, kind: str, pointer: bool, real: str) -> Any:
        if not pointer:
            return SCALARS[real if kind == "real" else kind]
        pointed = {other.name: other for other in self.pointing}
        return ctypes.POINTER(pointed[kind].ctypes(real)) if kind in pointed else ctypes.c_void_p


@cache
def _class_of(shared: Shared, real: str) -> Any:
    """Every call into the engine asks for it, and the table is read once."""
    return _ctypes(shared.name, tuple(shared.fields(real)))


_CLASSES: dict[Any, Any] = {}


def _ctypes(name: str, fields: tuple[tuple[str, Any], ...]) -> Any:
    """One class for equal fields, so that arrays of it fit pointers to it, in all threads.

    ``functools.cache`` gives each of two threads that ask at once a class of its own.
    """
    made = _CLASSES.get((name, fields)) or type(name, (ctypes.Structure,), {"_fields_": fields})
    return _CLASSES.setdefault((name, fields), made)


def _line(declaration: str, holds: str) -> list[str]:
    """A field of the typedef, its comment behind it where there is room, else above."""
    text = f"  {declaration};"
    if not holds:
        return [text]
    if len(text) + len(holds) + 8 <= WIDTH:
        return [f"{text:<30} /* {holds} */"]
    above = textwrap.wrap(f"/* {holds} */", WIDTH - 2, subsequent_indent="   ")
    return [*(f"  {part}" for part in above), text]


def shared(name: str, lines: Sequence[Line], *pointing: Shared) -> Shared:
    """Declare a structure; see :class:`Shared`."""
    return Shared(name, tuple(lines), pointing)


@dataclass(frozen=True)
class Structures:
    """Those of a plan: with step maps there is more to know."""

    population: Shared
    projection: Shared
    simulation: Shared


def point(struct: Any, **arrays: np.ndarray | None) -> None:
    """Set pointer fields to the data of arrays, which the caller keeps alive."""
    for name, array in arrays.items():
        if array is not None and not array.flags.c_contiguous:
            raise ValueError(f"{name} must be contiguous")
        if not hasattr(type(struct), name):
            raise AttributeError(f"{type(struct).__name__} has no field {name}")
        setattr(struct, name, None if array is None else array.ctypes.data)


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """To the data of an array, which the caller keeps alive."""
    return ctypes.c_void_p(array.ctypes.data)


class Buffers:
    """A structure of the engine with the arrays that it points to.

    Attributes:
        struct: of ctypes.
        arrays: by the names of its fields.
    """

    def __init__(self, struct: ctypes.Structure, **arrays: np.ndarray | None) -> None:
        self.struct: Any = struct
        self.arrays: dict[str, np.ndarray] = {}
        self.set(**arrays)

    def set(self, **arrays: np.ndarray | None) -> None:
        """Hold arrays, or none, under the names of the fields."""
        for name, array in arrays.items():
            if array is None:
                self.arrays.pop(name, None)
            else:
                self.arrays[name] = array
        point(self.struct, **arrays)

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())


EVENTS = shared(
    "events",
    [
        ("const void *time", "ms, float or double"),
        ("const int32_t *unit, *trial", ""),
        ("const void *value", "float or double, or NULL"),
        ("const int64_t *begin", "[parts + 1] events of each task"),
        ("int32_t single_time, single_value", "float"),
        ("int32_t parts", "groups of `together` trials where events are sorted by trial, else 1"),
        ("int32_t together", ""),
        ("int32_t in_order", "taken to be sorted by (trial, unit, time)"),
        ("double dt, end", "ms; end = T dt"),
    ],
)
