"""Spikes in the file layout of the Heidelberg data sets (SHD, SSC): ``spike_hdf5``.

One HDF5 file per split with ``spikes/times`` (s) and ``spikes/units``, a variable-length array
per trial, ``labels``, and optionally ``extra/speaker`` and ``extra/keys`` (class names);
Cramer et al. 2020 (IEEE TNNLS, 10.1109/TNNLS.2020.3044364).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np

from genn_delays.datasets.base import Dataset, Source, Split, hold_out, part
from genn_delays.errors import DataError
from genn_delays.events import Events
from genn_delays.timing import at_or_after, elapsed, from_seconds, narrow

logger = logging.getLogger(__name__)
KEYS = ("spikes/times", "spikes/units", "labels")


@dataclass(frozen=True, eq=False)
class Recordings:
    """Content of one file: the trials, and per trial the speaker where the file tells."""

    split: Split
    speaker: np.ndarray | None
    names: tuple[str, ...]


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
    positive: ClassVar[tuple[str, ...]] = ("units", "bin_units", "duration", "validation_fraction")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError("spike_hdf5: validation_fraction must be below 1")
        if self.units % self.bin_units:
            raise DataError(
                f"spike_hdf5: {self.units} units do not divide into bins of {self.bin_units}; "
                "give a divisor"
            )
        if self.validation is not None and self.validation_speakers:
            raise DataError("spike_hdf5: give a validation file or validation_speakers, not both")

    def load(self, dt: float, path: Path | None) -> Dataset:
        if path is None:
            raise DataError("spike_hdf5: data.path is missing; name the folder of the files")
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
            name="spike_hdf5",
            train=splits[0],
            validation=splits[1],
            test=test,
            units=self.units // self.bin_units,
            classes=classes,
            duration=self.duration,
            class_names=train.names if named else tuple(map(str, range(classes))),
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
        if not path.is_file():
            raise DataError(
                f"{path}: no such file; check data.path and the file names in data.args"
            )
        try:
            with h5py.File(path, "r") as file:
                for key in KEYS:
                    if key not in file:
                        raise DataError(f"{path}: no key {key!r}; the layout has {', '.join(KEYS)}")
                times, units, labels = (file[key][()] for key in KEYS)
                speaker = file["extra/speaker"][()] if "extra/speaker" in file else None
                names = file["extra/keys"][()] if "extra/keys" in file else ()
        except (OSError, RuntimeError) as failure:
            raise DataError(
                f"{path}: cannot be read, truncated or not HDF5 ({_short(failure)}); copy it again"
            ) from None
        split = self._split(path, times, units, labels, dt)
        inputs = self.units // self.bin_units
        split.check(str(path), inputs, self.classes or 0, self.duration)
        text = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)
        return Recordings(split, speaker, text)

    def _split(
        self, path: Path, times: np.ndarray, units: np.ndarray, labels: np.ndarray, dt: float
    ) -> Split:
        counts = [len(t) for t in times]
        if not len(labels) == len(times) == len(units) or counts != [len(u) for u in units]:
            raise DataError(
                f"{path}: spikes/times, spikes/units and labels disagree in length; "
                "the file is incomplete"
            )
        join = lambda parts, kind: np.concatenate([np.zeros(0, kind), *parts]).astype(kind)  # noqa: E731
        seconds = np.concatenate([*times]) if len(times) else np.zeros(0)
        time, unit = from_seconds(seconds, dt), join(units, np.int64)
        trial = np.repeat(np.arange(len(times)), counts)
        if self.from_first_spike:
            first = np.full(len(times), np.inf)
            np.minimum.at(first, trial, time)
            time = elapsed(time, first[trial], dt)
        late = at_or_after(time, self.duration)
        if self.crop and np.any(late):
            logger.warning(
                "%s: %d of %d events dropped, at or after %g ms",
                path, late.sum(), len(late), self.duration,
            )  # fmt: skip
            time, unit, trial = time[~late], unit[~late], trial[~late]
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu" or (labels.size and labels.min() < 0):
            raise DataError(f"{path}: labels must be whole numbers >= 0")
        if not np.all(np.isfinite(time)) or (unit.size and unit.min() < 0):
            raise DataError(f"{path}: an event has a time that is not finite or a negative unit")
        time = narrow(time, dt, self.duration)
        return Split.from_events(Events(time, unit // self.bin_units, trial, len(times)), labels)


def _short(failure: Exception) -> str:
    return str(failure).splitlines()[0][:100]
