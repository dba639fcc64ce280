"""Log-mel bands of recordings: some at a time, and kept in the cache on their way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import numpy as np

from genn_delays.datasets.audio import CHUNK
from genn_delays.datasets.tailed_file import TailedFile, write_tail
from genn_delays.support.cache import cache_folder, kept, seal
from genn_delays.support.errors import GennDelaysError, reason
from genn_delays.support.leftovers import temporary_beside

logger = logging.getLogger(__name__)

Bands = tuple[str, np.ndarray, np.ndarray]
"""Of some recordings: their split, log-mel bands, float16 (recordings, frames, bands), and labels,
int64. 16 bits resolve a log-mel band to a hundredth of its spread."""

Make = Callable[[], Generator[Bands]]
"""Makes the bands of all splits, one split after the other."""


def remembered(make: Make, folder: str, key: str) -> Generator[Bands]:
    """What ``make`` gives, or what it gave before of the same key.

    Args:
        folder: below the cache root.
        key: a hash of everything that decides the content.
    """
    try:
        place = cache_folder(folder)
    except GennDelaysError as failure:
        logger.warning("not cached: %s", failure)
        yield from make()
        return
    if (path := kept(place, key)) is not None:
        yield from _read(TailedFile(path))
        return
    with closing(_Copy(place, key)) as copy, closing(make()) as pieces:
        for piece in pieces:
            copy.add(*piece)
            yield piece
        copy.finish()


def _read(file: TailedFile) -> Iterator[Bands]:
    place = first = 0
    for split, count in file.facts["splits"]:
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            bands = np.empty((size, *file.facts["shape"]), np.float16)
            file.fill([bands], place)
            yield split, bands, file.arrays["labels"][first : first + size]
            place, first = place + bands.nbytes, first + size


class _Copy:
    """A file of bands in the making; a full disk costs the cache, not the run."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.temporary = temporary_beside(folder / f"{key}.bands")
        self.file: BinaryIO | None = None
        self.splits: list[tuple[str, int]] = []
        self.labels: list[np.ndarray] = []
        self.shape: tuple[int, ...] = ()
        with self._room():
            self.file = self.temporary.open("xb")

    def add(self, split: str, bands: np.ndarray, labels: np.ndarray) -> None:
        """Some more recordings."""
        self.splits.append((split, len(bands)))
        self.labels.append(labels)
        self.shape = bands.shape[1:]
        with self._room():
            if self.file is not None:
                self.file.write(np.ascontiguousarray(bands).data)

    def finish(self) -> None:
        """All were there: keep them."""
        labels = {"labels": np.concatenate([np.zeros(0, np.int64), *self.labels])}
        with self._room():
            if self.file is not None:
                write_tail(self.file, labels, {"splits": self._joined(), "shape": self.shape})
                self.file.close()
                seal(self.temporary, self.folder, self.key, "bands")

    def close(self) -> None:
        """Leave nothing behind but what was kept."""
        with suppress(OSError):
            if self.file is not None:
                self.file.close()
        self.temporary.unlink(missing_ok=True)

    def _joined(self) -> list[tuple[str, int]]:
        groups = groupby(self.splits, key=itemgetter(0))
        return [(split, sum(count for _, count in group)) for split, group in groups]

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            logger.warning("%s: not cached, %s", self.folder / self.key, reason(failure))
            self.close()
            self.file = None
