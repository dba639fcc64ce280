"""From a list of recordings, in a folder or zip archive, to a data set of their sound."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.audio import CHUNK
from genn_delays.datasets.audio_source import AudioSource
from genn_delays.datasets.band_file import Bands
from genn_delays.datasets.base import SPLITS, Dataset
from genn_delays.datasets.corpus import Corpus, Recording
from genn_delays.datasets.files import Files
from genn_delays.datasets.sound import read_sound, resample
from genn_delays.support.errors import DataError

logger = logging.getLogger(__name__)

Rows = list[tuple[str, str]]
"""(file, class) of each recording of a split."""


@dataclass(frozen=True)
class AudioFiles(AudioSource):
    """Recordings in files of which a list gives the class.

    Attributes:
        crop: cut what a recording has beyond ``duration``; an error otherwise. Shorter
            recordings are followed by silence.
    """

    crop: bool = False
    name: ClassVar[str]

    @abstractmethod
    def lists(self, path: Path | None) -> tuple[Files, Mapping[str, Rows]]:
        """Where the recordings are, and the lists of the splits.

        Raises:
            DataError: no path, or a list is missing or malformed.
        """

    def load(self, dt: float, path: Path | None) -> Dataset:
        files, rows = self.lists(path)
        classes = self._classes(files, rows)
        stamps = [[[*row, *self.stamp(files, row[0])] for row in rows[split]] for split in SPLITS]
        identity = [self.crop, stamps]
        make = lambda: self._bands(files, rows, classes)  # noqa: E731
        return self.dataset(self.name, identity, make, tuple(classes), dt)

    def corpus(self, path: Path | None, rate: int) -> Corpus:
        files, rows = self.lists(path)
        classes = self._classes(files, rows)
        counts = {split: len(rows[split]) for split in SPLITS}
        recordings = replace(self, rate=rate)._recordings(files, rows, classes)
        return Corpus(str(files.path), tuple(classes), counts, recordings)

    def _recordings(
        self, files: Files, rows: Mapping[str, Rows], classes: list[str]
    ) -> Iterator[Recording]:
        number = {label: k for k, label in enumerate(classes)}
        for split in SPLITS:
            for file, label in rows[split]:
                sound = partial(self.sound, files, file)
                yield Recording(split, number[label], f"{files.path}: {file}", sound)

    def _classes(self, files: Files, rows: Mapping[str, Rows]) -> list[str]:
        """The classes, in the order of their names.

        Raises:
            DataError: a split is empty, a class occurs in the validation or test split only.
        """
        classes = sorted({label for _, label in rows["train"]})
        for split in SPLITS:
            if not rows[split]:
                raise DataError(f"{files.path}: no recordings in {self.listed(split)}; add some")
            only = sorted({label for _, label in rows[split]} - set(classes))
            if only:
                raise DataError(
                    f"{files.path}: class {only[0]!r} occurs in {self.listed(split)} but not in "
                    f"{self.listed('train')}, so it cannot be learnt; add recordings of it or "
                    "remove them"
                )
        return classes

    def listed(self, split: str) -> str:
        """What a message calls the list of a split."""
        return f"the {split} split"

    def stamp(self, files: Files, file: str) -> list[int]:
        """Numbers that change when a recording does."""
        return files.stamp(file)

    def sound(self, files: Files, file: str, notes: Counter[str]) -> np.ndarray:
        """The samples of a recording at ``rate``, float32.

        Args:
            files: where it is.
            file: as in the rows.
            notes: counts what its owner should know.
        """
        where = f"{files.path}: {file}"
        recording = read_sound(files.read(file), where)
        notes.update(recording.notes)
        return resample(recording.samples, recording.rate, self.rate, where)

    def _bands(
        self, files: Files, rows: Mapping[str, Rows], classes: list[str]
    ) -> Generator[Bands]:
        notes: Counter[str] = Counter()
        number = {label: k for k, label in enumerate(classes)}
        for split, listed in rows.items():
            for start in range(0, len(listed), CHUNK):
                part = listed[start : start + CHUNK]
                sounds = np.zeros((len(part), self.samples), dtype=np.float32)
                for sound, (file, _) in zip(sounds, part, strict=True):
                    where = f"{files.path}: {file}"
                    recording = self.trimmed(self.sound(files, file, notes), where)
                    sound[: len(recording)] = recording
                labels = np.array([number[label] for _, label in part], dtype=np.int64)
                yield split, self.log_mel(sounds).astype(np.float16), labels
        for note, count in notes.items():
            logger.warning("%s: recordings with %s: %d", files.path, note, count)

    @property
    def cuts(self) -> bool:
        return self.crop
