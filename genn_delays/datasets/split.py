"""Split: labelled trials of events, ragged, as parallel arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from genn_delays.datasets.labels import class_labels, step_labels
from genn_delays.planning.events import Events
from genn_delays.planning.timing import at_or_after
from genn_delays.support.checks import all_finite, extremes, taken_over
from genn_delays.support.errors import DataError

TRIALS = 256
"""Trials that are looked at together, where all are."""


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
        counts = np.bincount(events.trial, minlength=events.trials)
        labels = np.asarray(labels)
        if labels.dtype.kind not in "biuf" or extremes(labels)[1] > np.iinfo(np.int64).max:
            raise DataError(f"labels of type {labels.dtype} that are no numbers, or too large")
        if extremes(events.unit)[1] > np.iinfo(np.int32).max:
            raise DataError(f"an event of unit {events.unit.max()}; check the unit indices")
        time, unit, value = _sorted(events)
        return Split(
            time=time,
            unit=unit,
            offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            labels=labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64),
            value=value,
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def graded(self) -> bool:
        """Whether events have values."""
        return self.value is not None

    @property
    def event_bytes(self) -> int:
        """Bytes of an event in memory."""
        return self.time.itemsize + (8 if self.graded else 4)

    @property
    def nbytes(self) -> int:
        """Bytes of this split in memory."""
        events = len(self.time) * self.event_bytes
        return events + self.offset.nbytes + self.labels.nbytes

    def unit_counts(self, units: int) -> np.ndarray:
        """Events of each of the first ``units`` units, in all trials; int64."""
        counts = np.zeros(units, np.int64)
        for start in range(0, len(self), TRIALS):
            events = self.batch(np.arange(start, min(start + TRIALS, len(self))))
            counts += np.bincount(events.unit, minlength=units)[:units]
        return counts

    def part(self, index: np.ndarray) -> Split:
        """The trials of these numbers, in this order, as a split."""
        events, counts = self.batch(index), np.diff(self.offset)[index]
        offset = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Split(events.time, events.unit, offset, self.labels[index], events.value)

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
        self._check_labels(where, classes, label_steps)
        self.check_events(where, units, duration)
        # once for all batches, which are parts of what has just been looked at
        object.__setattr__(self, "_checked", self._is_as_documented())

    def _check_labels(self, where: str, classes: int, label_steps: int) -> None:
        if not len(self):
            raise DataError(f"{where}: it has no trials; check the files and the split arguments")
        trials = len(self.offset) - 1
        if label_steps:
            labels = step_labels(self.labels, trials, label_steps, where, classes)
            object.__setattr__(self, "labels", labels)
        elif classes:
            object.__setattr__(self, "labels", class_labels(self.labels, trials, where, classes))

    def check_events(self, where: str, units: int, duration: float, first: int = 0) -> None:
        """Raise DataError unless all events lie within the population and the trial.

        Args:
            where, units, duration: see :meth:`check`.
            first: what the message calls the first trial, where these are a part of a split.
        """
        # written so that NaN is caught too
        self._refuse(
            ~(self.time >= 0) | at_or_after(self.time, duration),
            lambda event: (
                f"at {self.time[event]:g} ms, outside the trial of {duration:g} ms; crop "
                "the data or lengthen the trial (data.args.duration)"
            ),
            where,
            first,
        )
        self._refuse(
            (self.unit < 0) | (self.unit >= units),
            lambda event: (
                f"of unit {self.unit[event]}, outside the population of {units}; check "
                "the number of units"
            ),
            where,
            first,
        )

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

    def _refuse(
        self, wrong: np.ndarray, describe: Callable[[int], str], where: str, first: int
    ) -> None:
        if np.any(wrong):
            event = int(np.argmax(wrong))
            trial = first + np.searchsorted(self.offset, event, side="right") - 1
            raise DataError(f"{where}: trial {trial} has an event {describe(event)}")


def _sorted(events: Events) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Times, units (int32) and values (float32), sorted by (trial, unit, time)."""
    units = int(extremes(events.unit)[1]) + 1
    if events.value is None and events.time.dtype == np.float32 and units * events.trials < 1 << 32:
        bits = np.ascontiguousarray(events.time).view(np.int32)
        if extremes(bits)[0] >= 0:
            # floats without a sign are sorted as their bits are, and what is equal is the same:
            # sorting one number per event takes a tenth of the time
            packed = (events.trial.astype(np.uint64) * np.uint64(units)) + events.unit.astype(
                np.uint64
            )
            packed = packed << np.uint64(32) | bits.astype(np.uint64)
            packed.sort()
            time = (packed & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
            return time, ((packed >> np.uint64(32)) % np.uint64(units)).astype(np.int32), None
    order = np.lexsort((events.time, events.unit, events.trial))
    value = None if events.value is None else events.value[order].astype(np.float32)
    return events.time[order], events.unit[order].astype(np.int32), value
