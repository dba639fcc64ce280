"""Split and Dataset: labelled trials of events, ragged, as parallel arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genn_delays.datasets.labels import class_labels, step_labels
from genn_delays.planning.events import Events
from genn_delays.planning.timing import at_or_after
from genn_delays.support.checks import all_finite, extremes, taken_over
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings

SPLITS = ("train", "validation", "test")
NAME = 64
"""Bytes of the name of a class."""


@dataclass(frozen=True, eq=False)
class Split:
    """Trials with their labels. The events of a trial are sorted by (unit, time).

    Attributes:
        time: event times in ms from the start of the trial, float32 or float64, shape (events,).
            Those of the data sets here are float32, in their steps of the dt they are loaded for.
        unit: int32, shape (events,).
        offset: int64, shape (trials + 1,); trial k owns events offset[k] to offset[k + 1].
        labels: int64, the class of each trial, (trials,), or of each step of it, (trials, steps);
            or float64 (trials, ...), the target of a regression.
        value: float32, shape (events,), graded values; None where every event is a spike.

    Arrays are not copied but taken over: they are read-only from now on. Only a view of memory
    that others can write is copied.
    """

    time: np.ndarray
    unit: np.ndarray
    offset: np.ndarray
    labels: np.ndarray
    value: np.ndarray | None = None
    _checked: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("time", "unit", "offset", "labels", "value"):
            if isinstance(array := getattr(self, name), np.ndarray):
                object.__setattr__(self, name, taken_over(array))

    @staticmethod
    def from_events(events: Events, labels: np.ndarray) -> Split:
        """The split that holds these events, in any order, and one label per trial.

        Times stay in the type they have: narrowed to float32 some would change their step.
        """
        order = np.lexsort((events.time, events.unit, events.trial))
        counts = np.bincount(events.trial, minlength=events.trials)
        labels = np.asarray(labels)
        if labels.dtype.kind not in "biuf" or extremes(labels)[1] > np.iinfo(np.int64).max:
            raise DataError(f"labels of type {labels.dtype} that are no numbers, or too large")
        if extremes(events.unit)[1] > np.iinfo(np.int32).max:
            raise DataError(f"an event of unit {events.unit.max()}; check the unit indices")
        return Split(
            time=events.time[order],
            unit=events.unit[order].astype(np.int32),
            offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            labels=labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64),
            value=None if events.value is None else events.value[order].astype(np.float32),
        )

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: np.ndarray) -> Events:
        """The events of some trials, renumbered 0 to len(index) - 1 in the order of ``index``.

        Sorted by (trial, unit, time), as the engine likes them.
        """
        index = np.asarray(index, dtype=np.int64)
        first, last = self.offset[index], self.offset[index + 1]
        bounds = list(zip(first.tolist(), last.tolist(), strict=True))
        # a trial is contiguous: copying slices is several times faster than a gather
        take = lambda array: np.concatenate([array[:0], *(array[a:b] for a, b in bounds)])  # noqa: E731
        trial = np.repeat(np.arange(len(index), dtype=np.int32), last - first)
        value = None if self.value is None else take(self.value)
        make = Events.trusted if self._checked else Events
        return make(take(self.time), take(self.unit), trial, len(index), value)

    def check(
        self, where: str, units: int, classes: int, duration: float, label_steps: int = 0
    ) -> None:
        """Raise DataError unless there are trials, and labels and events are within range.

        Labels of classes are brought into one form, see :func:`class_labels` and
        :func:`step_labels`.

        Args:
            where: begins the message: a file or the name of the split.
            classes: 0 where the labels are not classes.
            duration: length of a trial in ms.
            label_steps: labels of a trial; 0 where it has one class.
        """
        if not len(self):
            raise DataError(f"{where}: it has no trials; check the files and the split arguments")
        trials = len(self.offset) - 1
        if label_steps:
            labels = step_labels(self.labels, trials, label_steps, where, classes)
            object.__setattr__(self, "labels", labels)
        elif classes:
            object.__setattr__(self, "labels", class_labels(self.labels, trials, where, classes))
        # written so that NaN is caught too
        self._refuse(
            ~(self.time >= 0) | at_or_after(self.time, duration),
            lambda event: (
                f"at {self.time[event]:g} ms, outside the trial of {duration:g} ms; crop "
                "the data or lengthen the trial (data.args.duration)"
            ),
            where,
        )
        self._refuse(
            (self.unit < 0) | (self.unit >= units),
            lambda event: (
                f"of unit {self.unit[event]}, outside the population of {units}; check "
                "the number of units"
            ),
            where,
        )
        # once for all batches, which are parts of what has just been looked at
        object.__setattr__(self, "_checked", self._is_as_documented())

    def _is_as_documented(self) -> bool:
        """Whether any batch of this split can be taken as it lies, given times and units."""
        columns: list[tuple[np.ndarray, tuple[type, ...]]] = [(self.time, (np.float32, np.float64))]
        columns += [(self.unit, (np.int32,)), (self.offset, (np.int64,))]
        if self.value is not None:
            columns.append((self.value, (np.float32,)))
        if not all(isinstance(a, np.ndarray) and a.dtype in kinds for a, kinds in columns):
            return False
        events, trials = self.time.shape, (len(self) + 1,)
        shapes = [trials if array is self.offset else events for array, _ in columns]
        return (
            [array.shape for array, _ in columns] == shapes
            and [self.offset[0], self.offset[-1]] == [0, *events]
            and bool(np.all(self.offset[1:] >= self.offset[:-1]))
            and (self.value is None or all_finite(self.value))
        )

    def _refuse(self, wrong: np.ndarray, describe: Callable[[int], str], where: str) -> None:
        if np.any(wrong):
            event = int(np.argmax(wrong))
            trial = np.searchsorted(self.offset, event, side="right") - 1
            raise DataError(f"{where}: trial {trial} has an event {describe(event)}")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits over the same input units.

    Attributes:
        name: as in the registry.
        train, validation, test: the splits.
        units: number of input units.
        classes: number of classes, 0 for a regression.
        duration: length of a trial in ms; every event lies in [0, duration).
        class_names: one name per class, or () where they have none.
        label_steps: steps of a trial that have a class each, at the dt it was loaded for; 0 where a
            trial has one class.

    Raises:
        DataError: an empty split, a label out of range, an event outside trial or population,
            names for another number of classes.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    units: int
    classes: int
    duration: float
    class_names: tuple[str, ...]
    label_steps: int = 0

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.classes:
            raise DataError(
                f"data set {self.name!r}: {len(self.class_names)} class names for {self.classes} "
                "classes; give one for each"
            )
        for name, split in self.splits().items():
            where = f"data set {self.name!r}, {name} split"
            split.check(where, self.units, self.classes, self.duration, self.label_steps)

    def splits(self) -> dict[str, Split]:
        """The splits by name, in the order train, validation, test."""
        return {name: getattr(self, name) for name in SPLITS}


def numbered(classes: int, where: str) -> tuple[str, ...]:
    """Names of classes that have none: their numbers.

    Raises:
        DataError: so many that they would take more memory than the limit.
    """
    check_size(NAME * classes, f"{where}: the names of {classes} classes")
    return tuple(map(str, range(classes)))


def part(split: Split, mask: np.ndarray) -> Split:
    """The trials of a split for which ``mask``, shape (trials,), is True."""
    index = np.flatnonzero(mask)
    return Split.from_events(split.batch(index), split.labels[index])


def hold_out(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """The rest of a split, and a fraction of its trials, drawn with ``seed``."""
    order = np.random.default_rng(seed).permutation(len(split))
    held = np.isin(np.arange(len(split)), order[: round(len(split) * fraction)])
    return part(split, ~held), part(split, held)


@dataclass(frozen=True)
class Sizes:
    """What of a data set a network is declared and planned from.

    Attributes:
        units, classes, duration: see :class:`Dataset`.
    """

    units: int
    classes: int
    duration: float


class Source(Settings, Cited, ABC):
    """A data set that can be loaded: its dataclass fields are the settings of ``data.args``."""

    def sizes(self) -> Sizes | None:
        """The sizes of the data set, or None where they are known once it is read only."""
        return None

    @abstractmethod
    def load(self, dt: float, path: Path | None) -> Dataset:
        """Make or read the data set.

        Args:
            dt: time step of the run in ms, in which signals are encoded as spikes, and in whose
                steps times stay when they are narrowed to float32.
            path: file or folder, for sources that read one.
        """
