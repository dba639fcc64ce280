"""The Yin-Yang data set: ``yin_yang``, points of three classes coded as spike times.

Kriener, Goeltz and Petrovici 2022 (NICE; arXiv 2102.08211). In a disc of radius r_big about
(r_big, r_big), with d_left and d_right the distances to (r_big/2, r_big) and
(3 r_big/2, r_big), a point is

    a dot   if min(d_left, d_right) < r_small,
    yin     else if d_left <= r_big/2, or y > r_big and d_right > r_big/2,
    yang    otherwise.

The class is drawn first, uniformly, then points until one has it: classes are balanced. The
four values (x, y, 1 - x, 1 - y), all in [0, 1] where r_big = 0.5, become spikes of four units
at t_min + value * (t_max - t_min).
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

CLASSES = ("yang", "yin", "dot")
TRIAL = 200
"""Bytes of a trial while it is made."""


def classify(x: np.ndarray, y: np.ndarray, r_small: float, r_big: float) -> np.ndarray:
    """Class of points of the disc, int64: 0 yang, 1 yin, 2 dot."""
    left = np.hypot(x - 0.5 * r_big, y - r_big)
    right = np.hypot(x - 1.5 * r_big, y - r_big)
    yin = (left <= 0.5 * r_big) | ((y > r_big) & (right > 0.5 * r_big))
    return np.where(np.minimum(left, right) < r_small, 2, yin.astype(np.int64))


def sample(
    rng: np.random.Generator, count: int, r_small: float, r_big: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and class of ``count`` points, by rejection; each of shape (count,)."""
    wanted = rng.integers(0, len(CLASSES), count)
    x, y = np.empty(count), np.empty(count)
    missing = np.arange(count)
    while missing.size:
        trial_x, trial_y = 2.0 * r_big * rng.random((2, missing.size))
        inside = np.hypot(trial_x - r_big, trial_y - r_big) <= r_big
        found = inside & (classify(trial_x, trial_y, r_small, r_big) == wanted[missing])
        x[missing[found]], y[missing[found]] = trial_x[found], trial_y[found]
        missing = missing[~found]
    return x, y, wanted


@dataclass(frozen=True)
class YinYang(Source):
    """Yin-Yang.

    Attributes:
        train, validation, test: trials of each split.
        seed: seeds the points; the splits draw from streams of their own.
        r_small, r_big: radii of the dots and of the disc, r_big at most 0.5.
        t_min, t_max: spike times in ms that code the values 0 and 1.
        bias: time in ms of a fifth unit's spike in every trial; none by default.
        duration: length of a trial in ms.
    """

    train: int = 5000
    validation: int = 1000
    test: int = 1000
    seed: int = 42
    r_small: float = 0.1
    r_big: float = 0.5
    t_min: float = 0.0
    t_max: float = 30.0
    bias: float | None = None
    duration: float = 60.0
    cites: ClassVar[tuple[str, ...]] = ("kriener2022",)
    positive: ClassVar[tuple[str, ...]] = (*SPLITS, "r_small", "duration")
    not_negative: ClassVar[tuple[str, ...]] = ("t_min", "seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        # points of the dots are drawn from the whole disc: smaller ones would take for ever
        if not 0.02 * self.r_big <= 2 * self.r_small < self.r_big <= 0.5:
            raise DataError(
                f"yin_yang: r_small {self.r_small:g} and r_big {self.r_big:g} must satisfy "
                "0.02 r_big <= 2 r_small < r_big <= 0.5"
            )
        last = max(self.t_max, self.bias or 0.0)
        if not self.t_min < self.t_max or last >= self.duration or (self.bias or 0.0) < 0:
            raise DataError(
                f"yin_yang: t_min {self.t_min:g}, t_max {self.t_max:g}, bias {self.bias} (ms) must "
                f"lie in the trial of {self.duration:g} ms, with t_min < t_max"
            )
        trials = self.train + self.validation + self.test
        check_size(TRIAL * trials, f"yin_yang: {trials} trials")

    def sizes(self) -> Sizes:
        return Sizes(4 if self.bias is None else 5, len(CLASSES), self.duration)

    def load(self, dt: float, path: Path | None) -> Dataset:
        streams = np.random.SeedSequence(self.seed).spawn(len(SPLITS))
        splits: dict[str, Any] = {
            split: self._split(np.random.default_rng(stream), getattr(self, split), dt)
            for split, stream in zip(SPLITS, streams, strict=True)
        }
        sizes = self.sizes()
        return Dataset(
            name="yin_yang",
            **splits,
            units=sizes.units,
            classes=sizes.classes,
            duration=sizes.duration,
            class_names=CLASSES,
        )

    def _split(self, rng: np.random.Generator, count: int, dt: float) -> Split:
        x, y, labels = sample(rng, count, self.r_small, self.r_big)
        values = np.stack([x, y, 1.0 - x, 1.0 - y], axis=1)
        time = self.t_min + values * (self.t_max - self.t_min)
        if self.bias is not None:
            time = np.concatenate([time, np.full((count, 1), self.bias)], axis=1)
        units = time.shape[1]
        return Split(
            time=narrow(time.ravel(), dt, self.duration),
            unit=np.tile(np.arange(units, dtype=np.int32), count),
            offset=np.arange(0, units * count + 1, units, dtype=np.int64),
            labels=labels,
        )
