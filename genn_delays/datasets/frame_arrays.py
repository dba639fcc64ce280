"""Frames that somebody has computed, as numpy arrays: ``frame_arrays``.

The layout in which Meszaros, Knight and Nowotny (2024, Front. Comput. Neurosci. 18:1460309) keep
the Raw Heidelberg Digits: per split ``<split>_x_data.npy``, (trials, frames, bands), and
``<split>_y_data.npy``, the labels. They multiply the values by 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.base import Dataset, Source, hold_out, numbered
from genn_delays.datasets.frames import split_of_frames
from genn_delays.datasets.labels import class_labels
from genn_delays.datasets.npy import read_npy
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

EVENT = 12
"""Bytes of an event: time, unit and value."""


@dataclass(frozen=True)
class FrameArrays(Source):
    """Arrays of frames.

    Attributes:
        train, test: what the file names in the folder ``data.path`` begin with.
        validation: the same; without it a part of the training files is held out.
        validation_fraction: this fraction of the trials, drawn with ``seed``.
        seed: seeds that draw.
        hop: distance of the frames in ms.
        gain: factor on all values.

    Raises:
        DataError: a file is missing or damaged, or the arrays do not fit each other.
    """

    train: str = "training"
    test: str = "testing"
    validation: str | None = None
    validation_fraction: float = 0.2
    seed: int = 1
    hop: float = 10.0
    gain: float = 1.0
    cites: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = ("hop", "gain", "validation_fraction")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError("frame_arrays: validation_fraction must be below 1")

    def load(self, dt: float, path: Path | None) -> Dataset:
        if path is None:
            raise DataError("frame_arrays: data.path is missing; name the folder of the files")
        if dt > self.hop * (1 + 1e-9):
            raise DataError(
                f"frame_arrays: frames are {self.hop:g} ms apart and would be added up within a "
                f"time step of {dt:g} ms; lower training.dt"
            )
        names = [self.train, self.test, *([self.validation] if self.validation else [])]
        read = {name: self._read(path, name) for name in names}
        bands = {name: value.shape[2] for name, (value, _) in read.items()}
        if len(set(bands.values())) > 1:
            raise DataError(f"{path}: the arrays differ in their number of bands, {bands}")
        splits = {name: split_of_frames(*arrays, self.hop, dt) for name, arrays in read.items()}
        train = splits[self.train]
        if self.validation:
            validation = splits[self.validation]
        else:
            train, validation = hold_out(train, self.validation_fraction, self.seed)
        classes = int(read[self.train][1].max()) + 1
        return Dataset(
            name="frame_arrays",
            train=train,
            validation=validation,
            test=splits[self.test],
            units=bands[self.train],
            classes=classes,
            duration=self.hop * max(value.shape[1] for value, _ in read.values()),
            class_names=numbered(classes, str(path)),
        )

    def _read(self, path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
        where, labelled = f"{path / name}_x_data.npy", f"{path / name}_y_data.npy"
        value = read_npy(Path(where))
        if value.ndim != 3 or value.dtype.kind not in "fiu" or not value.size:
            raise DataError(
                f"{where}: {value.dtype} of shape {value.shape}; numbers of shape (trials, "
                "frames, bands) are read"
            )
        check_size(value.size * EVENT, f"{where} as events")
        labels = class_labels(read_npy(Path(labelled)), len(value), labelled)
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            narrow = np.float32(self.gain) * value.astype(np.float32)
        if not all_finite(narrow):
            raise DataError(
                f"{where}: a value is NaN or infinite, or too large for float32; make the file "
                "again"
            )
        return narrow, labels
