"""Events of labelled trials in a file: written trial after trial, read by place.

A trial lies in one piece: its times, its units and, of graded events, its values, in the narrowest
types. Behind the trials come ``offset``, the labels, a line of JSON with the types, and its length
in 8 bytes. Reads are positional, so that what was read does not stay in the process's memory as
the pages of a mapped file do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from genn_delays.datasets.split import Split
from genn_delays.support.checks import extremes
from genn_delays.support.errors import DataError, reason

FORMAT = 1  # part of the cache key: raise it when files are written in another way
LENGTH = 8
"""Bytes of the number at the end."""


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
        columns = [piece.time, piece.unit.astype(np.min_scalar_type(units - 1))]
        columns += [] if piece.value is None else [piece.value]
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
    joined = np.concatenate(labels)
    facts = {
        "types": [kind.str for kind in types],
        "labels": [joined.dtype.str, joined.shape],
        "highest": highest,
        "latest": latest,
        "notes": dict(notes),
    }
    file.write(np.cumsum(np.concatenate(counts)).data)
    file.write(joined.data)
    text = json.dumps(facts).encode()
    file.write(text + len(text).to_bytes(LENGTH, "little"))


class EventFile:
    """A file of :func:`write_events`, whose checksum was looked at.

    Attributes:
        path: of the file.
        counts: events of each trial, int64.
        labels: of each trial.
        highest, latest: unit and time (ms) that no event is beyond.
        notes: what the writer added.
        event_bytes: bytes of an event in the file.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        facts, end = self._facts(os.fstat(self._file.fileno()).st_size)
        self.types = [np.dtype(kind) for kind in facts["types"]]
        self.event_bytes = sum(kind.itemsize for kind in self.types)
        kind, shape = facts["labels"]
        self.labels = np.empty(shape, kind)
        offset = np.empty(len(self.labels) + 1, np.int64)
        self._fill([offset, self.labels], end - offset.nbytes - self.labels.nbytes)
        self.counts = np.diff(offset)
        self.highest, self.latest = facts["highest"], facts["latest"]
        self.notes: dict[str, Any] = facts["notes"]
        self._place = offset * self.event_bytes

    def _facts(self, size: int) -> tuple[dict[str, Any], int]:
        """The JSON at the end, and where it begins."""
        length = np.empty(1, "<u8")
        self._fill([length], size - LENGTH)
        text = np.empty(int(length[0]), np.uint8)
        self._fill([text], size - LENGTH - len(text))
        return json.loads(text.tobytes()), size - LENGTH - len(text)

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
            if part.start < part.stop:
                self._fill([column[part] for column in columns], int(self._place[trials[k]]))
        columns[1] = columns[1].astype(np.int32)
        return columns

    def _fill(self, arrays: list[np.ndarray], place: int) -> None:
        """Read into arrays, one after the other, what lies from ``place`` on."""
        wanted = sum(array.nbytes for array in arrays)
        try:
            found = os.preadv(self._file.fileno(), arrays, place)  # type: ignore[arg-type]
        except OSError as failure:
            raise DataError(
                f"{self.path}: {reason(failure)}; see whether its disk is there"
            ) from None
        if found != wanted:
            raise DataError(f"{self.path} was changed while it was in use; run the command again")
