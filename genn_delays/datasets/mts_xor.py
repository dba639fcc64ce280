"""The multi-timescale XOR: ``mts_xor``, a class for every step of a trial.

Moro, Aceituno, Kriener and Payvand (2024, arXiv 2407.18838), after Zheng et al. (2024, Nat. Commun.
15:277). Two groups of units; a step of the task is 10 ms:

    cue      10 steps: the first group spikes at a rate that is low (bit 0) or high (bit 1)
    slots    six times: 5 silent steps, then 10 in which the second group does, with a bit anew

Rates are the chance that a unit spikes in a step, and a spike of the background may come in any.
The class of all steps of a slot is the XOR of its bit and the bit of the cue; it is 0 in the cue.
A spike comes at the beginning of its step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.base import SPLITS, Dataset, Sizes, Source, Split
from genn_delays.planning.timing import duration_to_steps, narrow, time_to_steps
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

CUE, SILENT, CODING, SLOTS = 10, 5, 10, 6
STEPS = CUE + SLOTS * (SILENT + CODING)
"""Steps of a trial."""
PIECE = 256
"""Trials that are drawn at once."""
EVENT = 12
"""Bytes of an event while a split is made."""


def classes_of(cue: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Class of each step of the task, int64, (trials, STEPS), from the bits of cue and slots."""
    slots = np.repeat(cue[:, None] ^ bits, SILENT + CODING, axis=1)
    return np.concatenate([np.zeros((len(cue), CUE), np.int64), slots], axis=1)


@dataclass(frozen=True)
class MtsXor(Source):
    """The multi-timescale XOR.

    Attributes:
        train, validation, test: trials of each split; as published, 20, 2 and 2 batches of 512.
        seed: seeds bits and spikes; the splits draw from streams of their own.
        group: units of each of the two groups.
        low, high: chance that a unit spikes in a step, for a bit of 0 and 1.
        background: the same for all units in all steps.
        step: ms of a step of the task.
    """

    train: int = 10240
    validation: int = 1024
    test: int = 1024
    seed: int = 42
    group: int = 20
    low: float = 0.2
    high: float = 0.6
    background: float = 0.01
    step: float = 10.0
    cites: ClassVar[tuple[str, ...]] = ("moro2024", "zheng2024")
    positive: ClassVar[tuple[str, ...]] = (*SPLITS, "group", "step")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("low", "high", "background"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                value = getattr(self, name)
                raise DataError(f"mts_xor: {name} is {value:g}, a chance between 0 and 1")
        trials = self.train + self.validation + self.test
        check_size(2 * EVENT * trials * STEPS * self.group, f"mts_xor: {trials} trials")

    def sizes(self) -> Sizes:
        return Sizes(2 * self.group, 2, STEPS * self.step)

    def load(self, dt: float, path: Path | None) -> Dataset:
        sizes, streams = self.sizes(), np.random.SeedSequence(self.seed).spawn(len(SPLITS))
        steps = duration_to_steps(sizes.duration, dt)
        trials = self.train + self.validation + self.test
        check_size(8 * trials * steps, f"mts_xor: labels of {trials} trials of {steps} steps")
        splits = {
            split: self._split(np.random.default_rng(stream), getattr(self, split), dt, steps)
            for split, stream in zip(SPLITS, streams, strict=True)
        }
        return Dataset(
            name="mts_xor",
            **splits,
            units=sizes.units,
            classes=sizes.classes,
            duration=sizes.duration,
            class_names=("equal", "different"),
            label_steps=steps,
        )

    def _split(self, rng: np.random.Generator, count: int, dt: float, steps: int) -> Split:
        cue, bits = rng.integers(0, 2, count), rng.integers(0, 2, (count, SLOTS))
        spikes = list(self._spikes(rng, cue, bits))
        trial, unit, when = (np.concatenate(columns) for columns in zip(*spikes, strict=True))
        # a step of the run has the class of the step of the task that it begins in
        task = np.minimum(time_to_steps(np.arange(steps) * dt, self.step), STEPS - 1)
        return Split(
            time=narrow(when * self.step, dt, STEPS * self.step),
            unit=unit.astype(np.int32),
            offset=np.searchsorted(trial, np.arange(count + 1)),
            labels=classes_of(cue, bits)[:, task],
        )

    def _spikes(
        self, rng: np.random.Generator, cue: np.ndarray, bits: np.ndarray
    ) -> Iterator[tuple[np.ndarray, ...]]:
        """Trial, unit and step of all spikes, piece by piece, in this order."""
        rates = np.array([self.low, self.high])
        for first in range(0, len(cue), PIECE):
            piece = slice(first, first + PIECE)
            chance = np.zeros((len(cue[piece]), 2, STEPS))
            chance[:, 0, :CUE] = rates[cue[piece], None]
            slots = chance[:, 1, CUE:].reshape(-1, SLOTS, SILENT + CODING)
            slots[:, :, SILENT:] = rates[bits[piece], None]
            both = 1.0 - (1.0 - chance) * (1.0 - self.background)
            drawn = rng.random((len(both), 2 * self.group, STEPS), np.float32)
            trial, unit, step = np.nonzero(drawn < np.repeat(both, self.group, axis=1))
            yield trial + first, unit, step
