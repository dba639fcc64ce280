"""Handwritten digits before a moving event camera: ``nmnist``.

Orchard et al. 2015 (Front. Neurosci. 9:437). ``Train`` and ``Test`` hold a folder per digit with
a ``.bin`` file per recording, in folders or still packed as ``train.zip`` and ``test.zip``. An
event has 40 bits: x and y (8 each), polarity (1), and the time in us (23). A y of 240 is no event:
the counter of the camera has run over, and all later times are 2^13 us later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.base import Dataset, Sizes, Source, Split
from genn_delays.datasets.files import Files, open_files
from genn_delays.datasets.published import Published
from genn_delays.datasets.trials import EVENT, Trial, split_of_trials
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

SIDE, POLARITIES, DIGITS = 34, 2, 10
OVERFLOW, PERIOD = 240, 1 << 13
BYTES = 5
RECORDING = re.compile(r"(?:^|/)(Train|Test)/([^/]+)/[^/]+\.bin$")
Found = tuple[Files, str, int]
"""Where a recording is, its name, and its digit."""


@dataclass(frozen=True)
class NMNIST(Published, Source):
    """N-MNIST; unit = x + 34 y + 1156 polarity.

    Attributes:
        validation_fraction: of the training recordings, drawn with ``seed``.
        seed: seeds that draw.
        duration: length of a trial in ms; the recordings have three saccades of about 100 ms.
        crop: drop events at or after ``duration``, logging how many; an error otherwise.

    Raises:
        DataError: a file is missing, truncated, or in a folder that is no digit; an event lies
            outside the camera or the trial.
    """

    validation_fraction: float = 0.1
    seed: int = 1
    duration: float = 360.0
    crop: bool = False
    name: ClassVar[str] = "nmnist"
    cites: ClassVar[tuple[str, ...]] = ("orchard2015",)
    positive: ClassVar[tuple[str, ...]] = ("validation_fraction", "duration")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError("nmnist: validation_fraction must be below 1")

    def sizes(self) -> Sizes:
        return Sizes(SIDE * SIDE * POLARITIES, DIGITS, self.duration)

    def load(self, dt: float, path: Path | None) -> Dataset:
        root = self.folder(path)
        train, test = (self._found(root, split) for split in ("Train", "Test"))
        order = np.random.default_rng(self.seed).permutation(len(train))
        held = set(order[: round(len(train) * self.validation_fraction)].tolist())
        parts = {
            "train": [found for k, found in enumerate(train) if k not in held],
            "validation": [train[k] for k in sorted(held)],
            "test": test,
        }
        splits = {split: self._split(found, dt, f"{root}") for split, found in parts.items()}
        sizes = self.sizes()
        return Dataset(
            name="nmnist",
            train=splits["train"],
            validation=splits["validation"],
            test=splits["test"],
            units=sizes.units,
            classes=sizes.classes,
            duration=self.duration,
            class_names=tuple(map(str, range(DIGITS))),
        )

    def _found(self, root: Path, split: str) -> list[Found]:
        """The recordings of a split, by digit and name."""
        packed = root / f"{split.lower()}.zip"
        files = open_files(packed if packed.is_file() and not (root / split).is_dir() else root)
        found = []
        for name in files.names():
            match = RECORDING.search(name)
            if match and match[1] == split:
                if match[2] not in map(str, range(DIGITS)):
                    raise DataError(f"{files.path}: {name} is in a folder that is no digit 0 to 9")
                found.append((files, name, int(match[2])))
        if not found:
            raise DataError(
                f"{root}: no {split}/DIGIT/*.bin, and no {packed.name}; check data.path, or "
                "`genn-delays data fetch nmnist`"
            )
        return sorted(found, key=lambda entry: (entry[2], entry[1]))

    def _split(self, found: list[Found], dt: float, where: str) -> Split:
        events = sum(files.stamp(name)[0] for files, name, _ in found) // BYTES
        if not self.crop:  # what is cropped is not known before
            check_size(EVENT * events, f"{where}: {events} events")
        return split_of_trials(
            _trials(found),
            np.array([digit for _, _, digit in found], dtype=np.int64),
            units=SIDE * SIDE * POLARITIES,
            duration=self.duration,
            dt=dt,
            crop=self.crop,
            where=where,
        )


def _trials(found: list[Found]) -> Iterator[Trial]:
    for files, name, _ in found:
        where = f"{files.path}: {name}"
        yield where, *read_events(files.read(name), where)


def read_events(data: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Times in ms (float64) and units (int64) of a recording.

    Raises:
        DataError: not a whole number of events, or one outside the camera.
    """
    if len(data) % BYTES:
        raise DataError(
            f"{where}: {len(data)} bytes are no whole number of events of {BYTES}; copy it again"
        )
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, BYTES).astype(np.int64)
    x, y, polarity = raw[:, 0], raw[:, 1], raw[:, 2] >> 7
    overflow = y == OVERFLOW
    time = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
    time = time + PERIOD * np.cumsum(overflow)
    outside = ~overflow & ((x >= SIDE) | (y >= SIDE))
    if np.any(outside):
        event = int(np.argmax(outside))
        raise DataError(
            f"{where}: event {event} at pixel ({x[event]}, {y[event]}), outside the camera of "
            f"{SIDE} by {SIDE}; not a recording of N-MNIST"
        )
    unit = x + SIDE * y + SIDE * SIDE * polarity
    return time[~overflow] / 1000.0, unit[~overflow]
