"""What an HDF5 file holds, as plain values, with views that check them.

Each view names file and place where something is missing or is not what it should be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isnan
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError, GennDelaysError

Leaf = TypeVar("Leaf")
LARGEST = 2**64 - 1
"""No whole number in a file is larger."""


@dataclass(frozen=True)
class Ragged:
    """A row of numbers per entry.

    Attributes:
        values: all rows, joined.
        lengths: of each row, int64.
    """

    values: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def of(value: object) -> Ragged | None:
        """Rows, or those of a table, which have one length; None of anything else."""
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return Ragged(value.reshape(-1), np.full(len(value), value.shape[1]))
        return value if isinstance(value, Ragged) else None


@dataclass(frozen=True)
class Text:
    """Texts as they lie in the file, in an array of some shape."""

    parts: tuple[bytes, ...]
    shape: tuple[int, ...]

    def decode(self) -> tuple[str, ...] | None:
        """The texts, or None where one is not UTF-8."""
        try:
            return tuple(part.decode() for part in self.parts)
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True)
class Other:
    """What this package has no use for: compound types, references, nothing at all."""


Value = np.ndarray | Ragged | Text | Other


@dataclass(frozen=True)
class Source:
    """A file, and how to speak of what is wrong with it."""

    path: Path
    error: type[GennDelaysError] = DataError
    remedy: str = "copy it again"

    def damaged(self, what: str) -> GennDelaysError:
        """The error that the file is damaged: ``what`` is there or is missing."""
        return self.error(f"{self.path}: damaged, {what}; {self.remedy}")


@dataclass
class Group:
    """A group.

    Attributes:
        source: the file.
        place: path within it, "" for the root.
        attributes, members: by name.
        notes: attributes of the members that are data sets, by member and name.
    """

    source: Source
    place: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    members: dict[str, Group | Value] = field(default_factory=dict)
    notes: dict[str, dict[str, Value]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def damaged(self, what: str) -> GennDelaysError:
        """The error that something in this group is wrong."""
        return self.source.damaged(f"{self.place or 'the root'} {what}")

    def group(self, name: str) -> Group:
        """The group ``name`` in this one."""
        return self._is(Group, name, self._member(name))

    def numbered(self) -> Iterator[Group]:
        """Groups "0", "1", ... in order: users' names may hold a slash, which HDF5 would split."""
        for number in range(len(self.members)):
            yield self.group(str(number))

    def array(self, name: str, kinds: str = "iuf", finite: bool = True) -> np.ndarray:
        """Numbers of these kinds, all of them finite unless that is looked at elsewhere."""
        values = self._is(np.ndarray, name, self._member(name))
        if values.dtype.kind not in kinds:
            raise self.damaged(f"has {name!r} of type {values.dtype}")
        if finite and values.dtype.kind == "f" and not all_finite(values):
            raise self.damaged(f"has NaN or infinity in {name!r}")
        return values

    def column(
        self, name: str, length: int | None = None, kinds: str = "iuf", finite: bool = True
    ) -> np.ndarray:
        """:meth:`array` in one dimension, of a given length."""
        values = self.array(name, kinds, finite)
        if values.ndim != 1 or length not in (None, len(values)):
            wanted = "one dimension" if length is None else f"({length},)"
            raise self.damaged(f"has {name!r} of shape {values.shape}, not {wanted}")
        return values

    def text(self, name: str) -> str:
        """An attribute that is one text."""
        return self._text(name, self._attribute(name))

    def json(self, name: str) -> Any:
        """A text in JSON: an attribute, or else a member."""
        value = self.attributes.get(name)
        text = self._text(name, self._member(name) if value is None else value)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self.damaged(f"has {name!r} that is not JSON") from None

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts in JSON."""
        found = self.json(name)
        if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
            raise self.damaged(f"has {name!r} that is no list of names")
        return tuple(found)

    def number(self, name: str, low: float = -inf, high: float = inf) -> float:
        """An attribute that is one number within [low, high], and not NaN."""
        return float(self._number(name, low, high))

    def whole(self, name: str, low: int = 0, high: int = LARGEST) -> int:
        """An attribute that is one whole number within [low, high]."""
        value = self._number(name, low, high)
        if value != int(value):
            raise self.damaged(f"has {name!r} = {value}, not a whole number")
        return int(value)

    def note(self, member: str, name: str) -> str:
        """An attribute of a data set that is one text."""
        notes = self.notes.get(member, {})
        if name not in notes:
            raise self.damaged(f"has no {name!r} at {member!r}")
        return self._text(name, notes[name])

    def _number(self, name: str, low: float, high: float) -> int | float:
        value = self._attribute(name)
        if not isinstance(value, np.ndarray) or value.shape or value.dtype.kind not in "iuf":
            raise self.damaged(f"has {name!r} that is no number")
        number: int | float = value.item()
        if not low <= number <= high:
            raise self.damaged(f"has {name!r} = {number}, outside {low} to {high}")
        return number

    def _member(self, name: str) -> Group | Value:
        if name not in self.members:
            raise self.damaged(f"has no {name!r}")
        return self.members[name]

    def _attribute(self, name: str) -> Value:
        if name not in self.attributes:
            raise self.damaged(f"has no {name!r}")
        return self.attributes[name]

    def _text(self, name: str, value: Group | Value) -> str:
        texts = value.decode() if isinstance(value, Text) and value.shape == () else None
        if texts is None:
            raise self.damaged(f"has {name!r} that is no text")
        return texts[0]

    def _is(self, kind: type[Leaf], name: str, value: Group | Value) -> Leaf:
        if not isinstance(value, kind):
            wanted = "a group" if kind is Group else "numbers"
            raise self.damaged(f"has {name!r} that is not {wanted}")
        return value


def is_real(value: Any) -> bool:
    """Whether an entry of JSON is a number that float64 has, infinity included, NaN not.

    >>> is_real(-inf), is_real(1), is_real(10**400), is_real(True), is_real(None)
    (True, True, False, False, False)
    """
    if type(value) not in (int, float):
        return False
    try:
        return not isnan(value)
    except OverflowError:
        return False
