"""Events of an input population on their way into the engine."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.structures import EVENTS, Buffers
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan
from genn_delays.planning.timing import end_of
from genn_delays.support.checks import extremes

INT32 = np.iinfo(np.int32)


class Insertion(Buffers):
    """Events as the engine reads them.

    Args:
        together: trials that one thread takes at a time, where events are sorted by trial.
        in_order: True where events are taken to be sorted by (trial, unit, time), as data sets
            hand them out; the engine tells if they are not.
    """

    def __init__(
        self,
        plan: Plan,
        population: PlannedPopulation,
        events: Events,
        together: int,
        in_order: bool = False,
    ) -> None:
        self.plan, self.population, self.events = plan, population, events
        trial, unit = (self._narrowed(index) for index in (events.trial, events.unit))
        if not in_order and np.any(trial[1:] < trial[:-1]):
            together = max(events.trials, 1)
        parts = -(-events.trials // together)
        ends = np.minimum(np.arange(parts + 1) * together, events.trials).astype(np.int32)
        begin = np.maximum.accumulate(np.searchsorted(trial, ends)).astype(np.int64)
        begin[0], begin[-1] = 0, len(events) if parts else 0
        struct = EVENTS.ctypes()(
            single_time=events.time.dtype == np.float32,
            single_value=events.value is not None and events.value.dtype == np.float32,
            parts=parts,
            together=together,
            in_order=in_order,
            dt=plan.dt,
            end=end_of(plan.steps, plan.dt),
        )
        super().__init__(
            struct,
            time=np.ascontiguousarray(events.time),
            unit=unit,
            trial=trial,
            value=None if events.value is None else np.ascontiguousarray(events.value),
            begin=begin,
        )

    def _narrowed(self, index: np.ndarray) -> np.ndarray:
        """Indices as the engine reads them; those that are no int32 are refused, not wrapped."""
        low, high = extremes(index) if index.dtype != np.int32 else (0, 0)
        if low < INT32.min or high > INT32.max:
            self.steps()
        return np.ascontiguousarray(index, np.int32)

    def steps(self) -> np.ndarray:
        """Step of each event; DataError where one is outside the trial, population or batch."""
        plan, p = self.plan, self.population
        return self.events.steps(plan.dt, plan.steps, p.size, p.name)

    def check(self, failed: bool) -> None:
        """Raise DataError where the engine met an event that lies outside."""
        if failed:
            self.steps()

    def on_grid(self) -> Events:
        """The events at the times of their steps, sorted by (trial, unit, time)."""
        return self.events.on_grid(self.steps(), self.plan.dt)
