"""Events of an input population on their way into the surrogate engine."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.codegen import lanes_of
from genn_delays.backends.native.structures import point
from genn_delays.backends.native.surrogate_structures import EventsStruct
from genn_delays.dynamics import PlannedPopulation
from genn_delays.events import Events
from genn_delays.plan import Plan


class Insertion:
    """Events as the engine reads them: sorted by trial, groups of trials go in side by side."""

    def __init__(self, plan: Plan, population: PlannedPopulation, events: Events) -> None:
        self.plan, self.population, self.events = plan, population, events
        lanes = lanes_of(plan.dtype)
        if np.any(events.trial[1:] < events.trial[:-1]):
            begin = np.array([0, len(events)], np.int64)
        else:
            groups = -(-events.trials // lanes)
            begin = np.searchsorted(events.trial, np.arange(groups + 1) * lanes).astype(np.int64)
        # what the structure points to
        self.held = {
            "time": np.ascontiguousarray(events.time),
            "unit": np.ascontiguousarray(events.unit, np.int64),
            "trial": np.ascontiguousarray(events.trial, np.int64),
            "value": None if events.value is None else np.ascontiguousarray(events.value),
            "begin": begin,
        }
        self.struct = EventsStruct(
            single=events.time.dtype == np.float32,
            parts=len(begin) - 1,
            dt=plan.dt,
            end=plan.steps * plan.dt,
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
