"""Events of an input population on their way into the engine."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.structures import EventsStruct, point
from genn_delays.dynamics import PlannedPopulation
from genn_delays.events import Events
from genn_delays.plan import Plan
from genn_delays.timing import end_of


class Insertion:
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
        trial = np.ascontiguousarray(events.trial, np.int32)
        if not in_order and np.any(trial[1:] < trial[:-1]):
            together = max(events.trials, 1)
        parts = -(-events.trials // together)
        ends = np.minimum(np.arange(parts + 1) * together, events.trials).astype(np.int32)
        begin = np.maximum.accumulate(np.searchsorted(trial, ends)).astype(np.int64)
        begin[0], begin[-1] = 0, len(events) if parts else 0
        unit = events.unit
        if unit.dtype != np.int32 and len(unit) and unit.max() >= population.size:
            self.steps()  # refuses them; as int32 a large index might look like a small one
        # what the structure points to
        self.held = {
            "time": np.ascontiguousarray(events.time),
            "unit": np.ascontiguousarray(unit, np.int32),
            "trial": trial,
            "value": None if events.value is None else np.ascontiguousarray(events.value),
            "begin": begin,
        }
        self.struct = EventsStruct(
            single_time=events.time.dtype == np.float32,
            single_value=events.value is not None and events.value.dtype == np.float32,
            parts=parts,
            together=together,
            in_order=in_order,
            dt=plan.dt,
            end=end_of(plan.steps, plan.dt),
        )
        point(self.struct, **self.held)

    def steps(self) -> np.ndarray:
        """Step of each event; DataError where one lies outside the trial or the population."""
        plan, p = self.plan, self.population
        return self.events.steps(plan.dt, plan.steps, p.size, p.name)

    def check(self, failed: bool) -> None:
        """Raise DataError where the engine met an event outside the trial or the population."""
        if failed:
            self.steps()

    def on_grid(self) -> Events:
        """The events at the times of their steps, sorted by (trial, unit, time)."""
        return self.events.on_grid(self.steps(), self.plan.dt)
