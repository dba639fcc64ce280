"""From pieces to a split: in memory as long as that is small, else in a file of the cache.

There is one bound, :func:`~genn_delays.support.limits.held_limit`. A file appears in the cache as
a whole or not at all, and is found there again as long as nothing has changed. A split is the
same, bit for bit, wherever its events lie.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.datasets.event_file import EventFile, TooFineError, stored_bytes, write_events
from genn_delays.datasets.split import Split
from genn_delays.datasets.stored_split import StoredSplit
from genn_delays.support.cache import cache_folder, cache_root, kept, seal
from genn_delays.support.errors import DataError, GennDelaysError, reason
from genn_delays.support.leftovers import temporary_beside
from genn_delays.support.limits import VARIABLE, held_limit

logger = logging.getLogger(__name__)
FOLDER = "events"
FORMAT = 1  # part of the cache key: raise it when files are written in another way

Notes = dict[str, Any]
"""What belongs to the split besides, as JSON, filled as pieces are made: ``"trials"``, how many
there will be at most where that is known, and what its source wants to know of one that is found
again."""

Make = Callable[[bool, Notes], Generator[Split]]
"""Makes the pieces, with times in float64 where the first argument says so, else as narrow as
each allows."""


@dataclass(frozen=True)
class Origin:
    """What a split is made of.

    Attributes:
        where: begins messages: a file or the name of a split.
        units, duration: of the data set.
        key: everything that decides the events; as JSON.
        cached: whether a small split is kept too.
        fresh: whether it is made again although it was kept.
    """

    where: str
    units: int
    duration: float
    key: object
    cached: bool = False
    fresh: bool = False

    @property
    def name(self) -> str:
        """Key in the cache."""
        return cache_key(FORMAT, self.units, self.duration, self.key)


def gathered(make: Make, origin: Origin) -> tuple[Split, Notes]:
    """The split of the pieces that ``make`` gives, or that it gave before.

    Raises:
        DataError: an event lies outside the trial or the population, or there is neither memory
            nor room on the disk for all.
    """
    if (file := found(origin)) is not None:
        return split_of(file), file.notes
    try:
        return _gather(make, False, origin)
    except TooFineError:
        return _gather(make, True, origin)


def cache_key(*parts: object) -> str:
    """A hash of everything that decides the content, as JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def found(origin: Origin) -> EventFile | None:
    """What was kept of a split before."""
    if origin.fresh:
        return None
    try:
        path = kept(cache_root() / FOLDER, origin.name)
        return None if path is None else EventFile(path)
    except (GennDelaysError, OSError):  # nobody's home, or somebody has just deleted it
        return None


def split_of(file: EventFile) -> Split:
    """All trials of a file, in memory where that is small."""
    split = StoredSplit(file, file.labels)
    small = split.event_bytes * file.counts.sum() <= held_limit()
    return split.held() if small else split


def _gather(make: Make, exact: bool, origin: Origin) -> tuple[Split, Notes]:
    notes: Notes = {}
    with closing(make(exact, notes)) as pieces:
        checked = _checked(pieces, origin)
        held: list[Split] = []
        nbytes = 0
        for piece in checked:
            held.append(piece)
            nbytes += piece.event_bytes * len(piece.time)
            if nbytes > held_limit():
                return _written(held, checked, origin, notes), notes
    split = _joined(held)
    if origin.cached:
        _keep_small(split, origin, notes)
    return split, notes


def _checked(pieces: Iterable[Split], origin: Origin) -> Iterator[Split]:
    first = 0
    for piece in pieces:
        piece.check_events(origin.where, origin.units, origin.duration, first)
        first += len(piece)
        yield piece


def _joined(pieces: list[Split]) -> Split:
    """Pieces as one split in memory."""
    if len({piece.time.dtype for piece in pieces}) > 1:
        raise TooFineError
    graded = any(piece.graded for piece in pieces)
    counts = [np.zeros(1, np.int64), *(np.diff(piece.offset) for piece in pieces)]
    join = lambda name, kind: np.concatenate(  # noqa: E731
        [getattr(piece, name) for piece in pieces] or [np.zeros(0, kind)]
    )
    return Split(
        time=join("time", np.float32),
        unit=join("unit", np.int32),
        offset=np.cumsum(np.concatenate(counts)),
        labels=join("labels", np.int64),
        value=join("value", np.float32) if graded else None,
    )


def _written(held: list[Split], more: Iterator[Split], origin: Origin, notes: Notes) -> Split:
    """The split in a file: pieces that are in memory, which they leave, and those that follow."""
    try:
        folder = cache_folder(FOLDER)
    except GennDelaysError as failure:
        raise DataError(_too_large(origin, str(failure))) from None
    trials = sum(map(len, held))
    nbytes = sum(stored_bytes(piece, origin.units) for piece in held)
    _check_room(folder, nbytes / trials * notes.get("trials", trials), origin)
    logger.info("%s: its events are kept in %s", origin.where, folder)
    leaving = (held.pop(0) for _ in range(len(held)))
    try:
        return split_of(EventFile(_put(folder, chain(leaving, more), origin, notes)))
    except OSError as failure:
        raise DataError(_too_large(origin, f"{folder}: {reason(failure)}")) from None


def _check_room(folder: Path, wanted: float, origin: Origin) -> None:
    """Refuse what cannot fit before the disk is full of it, going by the trials so far."""
    free = shutil.disk_usage(folder).free
    if wanted > free:
        room = f"{folder}: about {wanted / 2**20:,.0f} MiB are needed, {free >> 20:,} are free"
        raise DataError(_too_large(origin, room))


def _too_large(origin: Origin, why: str) -> str:
    return (
        f"{origin.where}: its events take more than {held_limit() / 2**20:g} MiB and cannot be "
        f"kept on the disk ({why})\nfree some room, set GENN_DELAYS_CACHE to another folder, or "
        f"set {VARIABLE} to eight times the MiB that they may take in memory"
    )


def _keep_small(split: Split, origin: Origin, notes: Notes) -> None:
    try:
        _put(cache_folder(FOLDER), [split], origin, notes)
    except GennDelaysError as failure:
        logger.warning("not cached: %s", failure)
    except OSError as failure:  # a full disk costs the cache, not the run
        logger.warning("%s: not cached, %s", origin.where, reason(failure))


def _put(folder: Path, pieces: Iterable[Split], origin: Origin, notes: Notes) -> Path:
    temporary = temporary_beside(folder / f"{origin.name}.events")
    try:
        with temporary.open("xb", buffering=1 << 20) as file:
            write_events(file, pieces, origin.units, notes)
        return seal(temporary, folder, origin.name, "events")
    finally:
        temporary.unlink(missing_ok=True)
