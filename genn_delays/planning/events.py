"""Events: the spikes or graded values of a batch of trials, ragged, as parallel arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genn_delays.planning.timing import end_of, time_to_steps
from genn_delays.support.checks import all_finite, extremes, is_count, own_copy, taken_over
from genn_delays.support.errors import DataError


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one population over a batch.

    Attributes:
        time: event times in ms, shape (events,), float32 or float64.
        unit: index of the unit within its population, shape (events,).
        trial: index of the trial within the batch, shape (events,).
        trials: number of trials; a trial may have no events.
        value: graded values, shape (events,), float32 or float64, or None where every event is
            a spike.

    The order of events does not matter. Events sorted by (trial, unit, time) are used as
    they lie, which saves the engine a sort. What is given is copied, and the arrays here are
    read-only: what was checked stays as it was.

    Raises:
        DataError: arrays of different length, indices outside their range, times not finite.
    """

    time: np.ndarray
    unit: np.ndarray
    trial: np.ndarray
    trials: int
    value: np.ndarray | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # frozen: the arrays are copied and normalised once, here
        set_field(self, "time", _real(self.time, "time"))
        for name in ("unit", "trial"):
            set_field(self, name, _integer(getattr(self, name), name))
        if self.value is not None:
            set_field(self, "value", _real(self.value, "value"))
        self._check()

    def _check(self) -> None:
        shape = self.time.shape
        for name in ("unit", "trial", "value"):
            array = getattr(self, name)
            if array is not None and (array.shape != shape or array.ndim != 1):
                raise DataError(
                    f"Events.{name} has shape {array.shape} but time has {shape}; "
                    "all arrays are one-dimensional and of one length"
                )
        if not is_count(self.trials, least=0):
            raise DataError(
                f"Events.trials is {self.trials!r}; it counts trials and is a whole number >= 0"
            )
        for name, limit in (("trial", self.trials), ("unit", None)):
            array = getattr(self, name)
            low, high = extremes(array)
            if array.size and (low < 0 or (limit is not None and high >= limit)):
                bound = "" if limit is None else f" and < {limit}"
                raise DataError(f"Events.{name} holds {low} to {high}; it must be >= 0{bound}")
        for name in ("time", "value"):
            array = getattr(self, name)
            if array is not None and not all_finite(array):
                raise DataError(f"Events.{name} holds NaN or infinity; remove these events")

    def __len__(self) -> int:
        return len(self.time)

    def steps(self, dt: float, steps: int, size: int, population: str) -> np.ndarray:
        """Step of each event, checked against the trial and the population.

        Args:
            dt: time step in ms.
            steps: steps of a trial; an event at or after ``steps * dt`` is an error.
            size: units of the population.
            population: its name, for the message.

        Raises:
            DataError: an event lies outside the trial, the population or the batch.
        """
        low, high = extremes(self.unit)
        if self.unit.size and (low < 0 or high >= size):
            raise DataError(
                f"an event names unit {low if low < 0 else high} but population {population!r} has "
                f"units 0 to {size - 1}; check the number of input channels"
            )
        low, high = extremes(self.trial)
        if self.trial.size and (low < 0 or high >= self.trials):
            raise DataError(
                f"an event of population {population!r} names trial {low if low < 0 else high} of "
                f"a batch of {self.trials}; trials count from 0"
            )
        step = time_to_steps(self.time, dt)
        low, high = extremes(step)
        if low >= 0 and high < steps:
            return step
        # what is close to the end, or next to it in float32, but below it is in the trial
        below = self.time.astype(np.float64) < end_of(steps, dt)
        step[(step == steps) & below] = steps - 1
        outside = (step < 0) | (step >= steps)
        if np.any(outside):
            first = np.flatnonzero(outside)[0]
            raise DataError(
                f"an event of population {population!r} at {self.time[first]:.9g} ms "
                f"(trial {self.trial[first]}) lies outside the trial of {steps * dt:g} ms; "
                "crop the data or lengthen the trial"
            )
        return step

    def on_grid(self, step: np.ndarray, dt: float) -> Events:
        """These events at the times (ms) of their steps, sorted by (trial, unit, time)."""
        order = np.lexsort((step, self.unit, self.trial))
        value = None if self.value is None else self.value[order]
        columns = step[order] * dt, self.unit[order], self.trial[order]
        return Events.trusted(*columns, self.trials, value)

    def counts(self, trials: int, size: int) -> np.ndarray:
        """Events of each trial and unit, int64, (trials, size)."""
        cells = np.bincount(self.trial.astype(np.int64) * size + self.unit, minlength=trials * size)
        return cells.reshape(trials, size).astype(np.int64)

    def part(self, trials: slice) -> Events:
        """The events of some trials, renumbered from 0; of a slice with a start and a stop."""
        first, stop = trials.start, trials.stop
        inside: np.ndarray | slice
        if np.all(self.trial[1:] >= self.trial[:-1]):
            inside = slice(*np.searchsorted(self.trial, (first, stop)))
        else:
            inside = np.flatnonzero((self.trial >= first) & (self.trial < stop))
        value = None if self.value is None else self.value[inside]
        trial = self.trial[inside] - self.trial.dtype.type(first)
        return Events.trusted(self.time[inside], self.unit[inside], trial, stop - first, value)

    @staticmethod
    def trusted(
        time: np.ndarray,
        unit: np.ndarray,
        trial: np.ndarray,
        trials: int,
        value: np.ndarray | None = None,
    ) -> Events:
        """Events of arrays that were checked before, in types that Events keep: no look at them.

        For parts of checked events, once per batch: the arrays are not copied but taken over,
        and read-only from now on. What comes from elsewhere goes to Events().
        """
        events = object.__new__(Events)
        columns = {"time": time, "unit": unit, "trial": trial, "value": value}
        owned = {k: None if array is None else taken_over(array) for k, array in columns.items()}
        vars(events).update(owned, trials=trials)
        return events

    @staticmethod
    def from_lists(
        times: Sequence[np.ndarray],
        units: Sequence[np.ndarray],
        values: Sequence[np.ndarray] | None = None,
    ) -> Events:
        """Events from one array of times (ms) and one of units per trial.

        Raises:
            DataError: the lists, or the arrays of a trial, differ in length.
        """
        lengths = [len(t) for t in times]
        for name, parts in (("units", units), ("values", values)):
            if parts is not None and [len(part) for part in parts] != lengths:
                raise DataError(
                    f"from_lists(): {name} have {[len(part) for part in parts]} entries by trial, "
                    f"times have {lengths}; give one for each time"
                )
        trial = np.repeat(np.arange(len(times)), lengths)
        join = lambda parts: np.concatenate([np.asarray(p) for p in parts] or [np.zeros(0)])  # noqa: E731
        value = None if values is None else join(values)
        return Events(join(times), join(units), trial, trials=len(times), value=value)


Batch = Events | Mapping[str, Events]
"""Events of the input population, or one Events per input population by name."""


def _real(array: np.ndarray, name: str) -> np.ndarray:
    """A copy as float64, or as float32 where it is that: batches stay compact."""
    array = np.asarray(array)
    try:
        return own_copy(array, np.float32 if array.dtype == np.float32 else np.float64)
    except (TypeError, ValueError):
        raise DataError(f"Events.{name} must be numbers, got {array.dtype}") from None


def _integer(array: np.ndarray, name: str) -> np.ndarray:
    """A copy as int64, or as int32 where it is that: sums of smaller ones would wrap around."""
    array = np.asarray(array)
    if array.size and array.dtype.kind not in "iu":
        real = array.dtype.kind == "f" and np.all(np.isfinite(array))
        if not (real and np.all(array == np.rint(array))):
            raise DataError(f"Events.{name} must be whole numbers, got {array.dtype}")
    return own_copy(array, np.int32 if array.dtype == np.int32 else np.int64)
