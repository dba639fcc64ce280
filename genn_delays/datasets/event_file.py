"""Events of labelled trials in a file: written trial after trial, read by place.

A trial lies in one piece: its times, its units and, of graded events, its values, in the narrowest
types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from genn_delays.datasets.split import Split
from genn_delays.datasets.tailed_file import TailedFile, write_tail
from genn_delays.support.checks import extremes


def stored_bytes(piece: Split, units: int) -> int:
    """Bytes that the events of a piece take in a file."""
    return sum(column.nbytes for column in _columns(piece, units))


def _columns(piece: Split, units: int) -> list[np.ndarray]:
    columns = [piece.time, piece.unit.astype(np.min_scalar_type(units - 1))]
    return columns if piece.value is None else [*columns, piece.value]


class TooFineError(Exception):
    """Times that float32 does not tell apart came after others that it does."""


def write_events(
    file: BinaryIO, pieces: Iterable[Split], units: int, notes: Mapping[str, Any]
) -> None:
    """Write a split that comes piece by piece.

    Args:
        file: empty.
        pieces: at least one, in their order, all with values or none.
        units: size of the population, in which every unit lies.
        notes: kept as well; looked at when the last piece has come.

    Raises:
        TooFineError: not all pieces have times of one type.
    """
    counts, labels = [np.zeros(1, np.int64)], []
    types: list[np.dtype] = []
    highest, latest = -1.0, -1.0
    for piece in pieces:
        columns = _columns(piece, units)
        types = types or [column.dtype for column in columns]
        if types != [column.dtype for column in columns]:
            raise TooFineError
        for first, end in zip(piece.offset[:-1].tolist(), piece.offset[1:].tolist(), strict=True):
            for column in columns:
                file.write(column[first:end].data)
        counts.append(np.diff(piece.offset))
        labels.append(piece.labels)
        highest = max(highest, extremes(piece.unit)[1])
        latest = max(latest, extremes(piece.time)[1])
    arrays = {"offset": np.cumsum(np.concatenate(counts)), "labels": np.concatenate(labels)}
    facts = {"types": [kind.str for kind in types], "highest": highest, "latest": latest}
    write_tail(file, arrays, facts | {"notes": dict(notes)})


class EventFile(TailedFile):
    """A file of :func:`write_events`.

    Attributes:
        counts: events of each trial, int64.
        labels: of each trial.
        types: of times and units, and of values where there are any.
        highest, latest: unit and time (ms) that no event is beyond.
        notes: what the writer added.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.labels, self.counts = self.arrays["labels"], np.diff(self.arrays["offset"])
        self.types = [np.dtype(kind) for kind in self.facts["types"]]
        self.highest, self.latest = self.facts["highest"], self.facts["latest"]
        self.notes: dict[str, Any] = self.facts["notes"]
        self._place = self.arrays["offset"] * sum(kind.itemsize for kind in self.types)

    @property
    def nbytes(self) -> int:
        """Bytes that this takes in memory."""
        return sum(array.nbytes for array in (*self.arrays.values(), self.counts, self._place))

    @property
    def graded(self) -> bool:
        """Whether events have values."""
        return len(self.types) == 3

    def read(self, trials: np.ndarray) -> list[np.ndarray]:
        """Times, units (int32) and perhaps values of these trials, one after the other.

        They are read in the order in which they lie in the file.
        """
        ends = np.cumsum(self.counts[trials])
        columns = [np.empty(ends[-1] if len(ends) else 0, kind) for kind in self.types]
        for k in np.argsort(trials, kind="stable").tolist():
            part = slice(ends[k] - self.counts[trials[k]], ends[k])
            self.fill([column[part] for column in columns], int(self._place[trials[k]]))
        columns[1] = columns[1].astype(np.int32)
        return columns
