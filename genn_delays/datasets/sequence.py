"""Which of two inputs spikes first: ``sequence``, solved by delays alone.

Two input units spike once each, ``interval`` ms apart; the class is the unit that is first
(Meszaros, Knight and Nowotny 2025, Nat. Commun., sequence detection).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genn_delays.datasets.base import SPLITS, Dataset, Sizes, Source, Split
from genn_delays.planning.timing import narrow
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

TRIAL = 48
"""Bytes of a trial: two events, its label and its offset."""


@dataclass(frozen=True)
class Sequence(Source):
    """The order of two spikes.

    Attributes:
        interval: time between the spikes in ms.
        start: time of the first spike in ms.
        duration: length of a trial in ms.
        train, validation, test: how often each split repeats the two patterns.
    """

    interval: float = 10.0
    start: float = 0.0
    duration: float = 50.0
    train: int = 1
    validation: int = 1
    test: int = 1
    cites: ClassVar[tuple[str, ...]] = ("meszaros2025",)
    positive: ClassVar[tuple[str, ...]] = ("interval", "duration", *SPLITS)
    not_negative: ClassVar[tuple[str, ...]] = ("start",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start + self.interval >= self.duration:
            raise DataError(
                f"sequence: the second spike, at {self.start + self.interval:g} ms, lies outside "
                f"the trial of {self.duration:g} ms; raise data.args.duration"
            )
        trials = 2 * (self.train + self.validation + self.test)
        check_size(TRIAL * trials, f"sequence: {trials} trials")

    def sizes(self) -> Sizes:
        return Sizes(units=2, classes=2, duration=self.duration)

    def load(self, dt: float, path: Path | None) -> Dataset:
        sizes = self.sizes()
        splits: dict[str, Any] = {split: self._split(getattr(self, split), dt) for split in SPLITS}
        return Dataset(
            name="sequence",
            **splits,
            units=sizes.units,
            classes=sizes.classes,
            duration=sizes.duration,
            class_names=("first-second", "second-first"),
        )

    def _split(self, repeats: int, dt: float) -> Split:
        first, second = self.start, self.start + self.interval
        times = np.array([first, second, second, first])
        return Split(
            time=np.tile(narrow(times, dt, self.duration), repeats),
            unit=np.tile(np.array([0, 1, 0, 1], dtype=np.int32), repeats),
            offset=np.arange(0, 4 * repeats + 1, 2, dtype=np.int64),
            labels=np.tile(np.array([0, 1], dtype=np.int64), repeats),
        )
