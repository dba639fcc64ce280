"""Braille letters under a sliding fingertip: ``braille``.

Muller-Cleve et al. 2022 (Front. Neurosci. 16:951164). A pickle per threshold of the encoder holds
a table with ``events``, the times in s by taxel and sign for each recording, and ``letter``. It is
read without being run: nothing in it is imported or called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genn_delays.datasets.base import Dataset, Source
from genn_delays.datasets.files import Files, open_files
from genn_delays.datasets.pickled_tables import column, numbers, sequence
from genn_delays.datasets.pickles import read_pickle
from genn_delays.datasets.published import Published
from genn_delays.datasets.trials import Trial, split_of_trials
from genn_delays.planning.timing import from_seconds
from genn_delays.support.errors import DataError

ARCHIVE = "reading_braille_data.zip"
SIGNS = 2


@dataclass(frozen=True)
class Braille(Published, Source):
    """Braille letters; unit = taxel + taxels * sign.

    Attributes:
        threshold: of the encoder; there is a file for 1, 2, 5 and 10.
        taxels: of the fingertip.
        validation_fraction, test_fraction: of the recordings of each letter, drawn with ``seed``:
            the authors give no lists.
        seed: seeds that draw.
        duration: length of a trial in ms.
        crop: drop events at or after ``duration``, logging how many; an error otherwise.

    Raises:
        DataError: the file is missing, damaged, or no such table; an event lies outside the
            fingertip or the trial.
    """

    threshold: int = 1
    taxels: int = 12
    validation_fraction: float = 0.1
    test_fraction: float = 0.2
    seed: int = 1
    duration: float = 1400.0
    crop: bool = False
    name: ClassVar[str] = "braille"
    cites: ClassVar[tuple[str, ...]] = ("mullercleve2022",)
    positive: ClassVar[tuple[str, ...]] = (
        *("threshold", "taxels", "validation_fraction", "test_fraction", "duration"),
    )
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction + self.test_fraction >= 1:
            raise DataError("braille: validation_fraction + test_fraction must be below 1")

    def load(self, dt: float, path: Path | None) -> Dataset:
        files, name = self._file(self.folder(path))
        where = f"{files.path}: {name}"
        table = read_pickle(files.read(name), where)
        events, letters = column(table, "events", where), column(table, "letter", where)
        if len(events) != len(letters) or not all(isinstance(letter, str) for letter in letters):
            raise DataError(f"{where}: {len(events)} recordings and {len(letters)} letters")
        names = sorted(set(letters))
        labels = np.searchsorted(names, letters).astype(np.int64)
        splits = {}
        for split, index in self._divided(labels).items():
            splits[split] = split_of_trials(
                self._trials(events, index, where, dt),
                labels[index],
                units=SIGNS * self.taxels,
                duration=self.duration,
                dt=dt,
                crop=self.crop,
                where=where,
            )
        return Dataset(
            name="braille",
            train=splits["train"],
            validation=splits["validation"],
            test=splits["test"],
            units=SIGNS * self.taxels,
            classes=len(names),
            duration=self.duration,
            class_names=tuple(names),
        )

    def _file(self, root: Path) -> tuple[Files, str]:
        wanted = f"data_braille_letters_th_{self.threshold}.pkl"
        packed = root / ARCHIVE
        files = open_files(packed if packed.is_file() and not (root / wanted).exists() else root)
        found = [name for name in files.names() if name.rsplit("/", 1)[-1] == wanted]
        if not found:
            raise DataError(
                f"{files.path}: no {wanted}; check data.path, or `genn-delays data fetch braille`"
            )
        return files, found[0]

    def _divided(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """The recordings of each split, with the same fractions of each letter."""
        rng = np.random.default_rng(self.seed)
        parts: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
        for label in range(int(labels.max(initial=-1)) + 1):
            index = rng.permutation(np.flatnonzero(labels == label))
            test = round(len(index) * self.test_fraction)
            held = test + round(len(index) * self.validation_fraction)
            for split, some in zip(
                ("test", "validation", "train"), np.split(index, [test, held]), strict=True
            ):
                parts[split].append(some)
        empty = np.zeros(0, dtype=np.int64)
        return {split: np.sort(np.concatenate([empty, *some])) for split, some in parts.items()}

    def _trials(
        self, events: list[Any], index: np.ndarray, where: str, dt: float
    ) -> Iterator[Trial]:
        for recording in index.tolist():
            place = f"{where}: recording {recording}"
            taxels = [sequence(taxel, place) for taxel in sequence(events[recording], place)]
            if len(taxels) != self.taxels or any(len(signs) != SIGNS for signs in taxels):
                raise DataError(f"{place}: not {self.taxels} taxels with {SIGNS} signs each")
            times = [numbers(taxels[k % self.taxels][k // self.taxels], place)
                     for k in range(SIGNS * self.taxels)]  # fmt: skip
            unit = np.repeat(np.arange(len(times)), [len(time) for time in times])
            with np.errstate(over="ignore"):  # a time that is not finite is refused later
                time = from_seconds(np.concatenate(times), dt)
            yield place, time, unit
