"""Spikes in the file layout of the Heidelberg data sets (SHD, SSC): ``spike_hdf5``.

One HDF5 file per split with ``spikes/times`` (s) and ``spikes/units``, a variable-length array
per trial, ``labels``, and optionally ``extra/speaker`` and ``extra/keys`` (class names), as it is
or compressed with gzip;
Cramer et al. 2022 (IEEE TNNLS, 10.1109/TNNLS.2020.3044364).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.base import Dataset, Sizes, Source, hold_out, numbered, part
from genn_delays.datasets.spike_reader import Recordings, SpikeReader
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import read_hdf5

HEIDELBERG = ("shd_", "ssc_")
"""What the names of the published files begin with."""


EAR = ("cramer2022", "sieroka2006", "meddis1986", "meddis1988")
"""What to cite for spikes of the inner ear of :mod:`genn_delays.datasets.cochlea`."""


@dataclass(frozen=True)
class SpikeHDF5(Source):
    """Recorded or converted spikes.

    Attributes:
        train, test: file names in the folder ``data.path``.
        validation: file name; without it a part of the training file is held out.
        validation_speakers: hold out every trial of these speakers of the training file.
        validation_fraction: without speakers, hold out this fraction, drawn with ``seed``.
        seed: seeds that draw.
        units: units in the files.
        bin_units: neighbouring units that become one input; ``units`` is a multiple of it. Their
            spikes are kept, so those of one time step add up.
        from_first_spike: time is counted from the first spike of each trial.
        classes: number of classes; by default what the training labels (or names) span.
        duration: length of a trial in ms.
        crop: drop events at or after ``duration``, logging how many; an error otherwise.

    Raises:
        DataError: a file is missing or truncated, a key is missing, a label is out of range,
            an event lies outside the trial or the population, a split is empty.
    """

    train: str = "shd_train.h5"
    test: str = "shd_test.h5"
    validation: str | None = None
    validation_speakers: tuple[int, ...] = ()
    validation_fraction: float = 0.2
    seed: int = 1
    units: int = 700
    bin_units: int = 1
    from_first_spike: bool = False
    classes: int | None = None
    duration: float = 1400.0
    crop: bool = False
    name: ClassVar[str] = "spike_hdf5"
    cites: ClassVar[tuple[str, ...]] = ("cramer2022",)
    positive: ClassVar[tuple[str, ...]] = ("units", "bin_units", "duration", "validation_fraction")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError(f"{self.name}: validation_fraction must be below 1")
        if self.units % self.bin_units:
            raise DataError(
                f"{self.name}: {self.units} units do not divide into bins of {self.bin_units}; "
                "give a divisor"
            )
        if self.validation is not None and self.validation_speakers:
            raise DataError(f"{self.name}: give a validation file or validation_speakers, not both")

    def publications(self) -> tuple[str, ...]:
        """The layout may hold anybody's data: only files named as published are cited."""
        names = [name for name in (self.train, self.validation, self.test) if name is not None]
        return self.cites if all(name.startswith(HEIDELBERG) for name in names) else ()

    def publications_in(self, path: Path | None) -> tuple[str, ...]:
        """With the inner ear where its converter wrote the training file."""
        file = None if path is None else path / self.train
        if file is None or not file.is_file():
            return self.publications()
        try:
            root = read_hdf5(file, ())
            made_by = root.text("made_by") if "made_by" in root.attributes else ""
        except DataError:  # whoever loads it will be told
            return self.publications()
        return EAR if made_by.endswith(", cochlea") else self.publications()

    def sizes(self) -> Sizes | None:
        if self.classes is None:
            return None
        return Sizes(self.units // self.bin_units, self.classes, self.duration)

    def channels(self) -> np.ndarray | None:
        """Units are places along the ear, one after the other."""
        return np.arange(self.units // self.bin_units)

    def load(self, dt: float, path: Path | None) -> Dataset:
        if path is None:
            raise DataError(f"{self.name}: data.path is missing; name the folder of the files")
        train = self._read(path / self.train, dt)
        test = self._read(path / self.test, dt).split
        classes = self.classes or max(int(train.split.labels.max()) + 1, len(train.names))
        if self.validation is not None:
            splits = train.split, self._read(path / self.validation, dt).split
        elif self.validation_speakers:
            held = self._speakers_held_out(train, path / self.train)
            splits = part(train.split, ~held), part(train.split, held)
        else:
            splits = hold_out(train.split, self.validation_fraction, self.seed)
        named = len(train.names) == classes
        return Dataset(
            name=self.name,
            train=splits[0],
            validation=splits[1],
            test=test,
            units=self.units // self.bin_units,
            classes=classes,
            duration=self.duration,
            class_names=train.names if named else numbered(classes, str(path)),
        )

    def _speakers_held_out(self, train: Recordings, path: Path) -> np.ndarray:
        if train.speaker is None:
            raise DataError(
                f"{path}: no key extra/speaker, so validation_speakers cannot be held out; "
                "use validation_fraction"
            )
        present = np.unique(train.speaker)
        unknown = sorted(set(self.validation_speakers) - set(present.tolist()))
        if unknown:
            raise DataError(
                f"{path}: no trial of validation speaker {unknown[0]}; the speakers are "
                f"{present.tolist()}"
            )
        return np.isin(train.speaker, self.validation_speakers)

    def _read(self, path: Path, dt: float) -> Recordings:
        settings = {field.name for field in fields(SpikeReader)} - {"dt"}
        reader = SpikeReader(dt=dt, **{name: getattr(self, name) for name in settings})
        return reader.read(_found(path))


def _found(path: Path) -> Path:
    """The file, or the compressed one as which SHD and SSC are distributed."""
    packed = path.with_name(path.name + ".gz")
    for candidate in (path, packed):
        if os.path.isfile(candidate):
            return candidate
    raise DataError(f"{path}: no such file; check data.path and the file names in data.args")
