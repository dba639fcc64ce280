"""Events of a batch as the device reads them: sorted, one of a unit in a step.

A batch of 256 trials has millions, so this is C, with the embedded engine's rule for steps.
"""

from __future__ import annotations

from ctypes import CDLL, byref, c_int64, c_void_p
from functools import cache

import numpy as np

from genn_delays.backends.genn.equations import render
from genn_delays.backends.native.codegen import environment, real_of
from genn_delays.backends.native.insertion import Insertion
from genn_delays.backends.native.structures import EVENTS
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan, PlannedPopulation
from genn_delays.support.compiler import load

REFUSED, OUT_OF_ORDER = -1, -3
"""Why no events were merged: one lies outside (trial, population, batch); they are not sorted."""


@cache
def _library(real: str) -> CDLL:
    shared = {EVENTS.name: EVENTS.typedef(real)}
    steps = environment().get_template("common/events.c.j2").render(shared=shared)
    library = load(render("host/merge.c.j2", real=real, events=steps))
    library.merge_events.restype = c_int64
    return library


def merge(
    plan: Plan,
    population: PlannedPopulation,
    events: Events,
    start: np.ndarray,
    step: np.ndarray,
    value: np.ndarray,
) -> int:
    """Write the events of a batch, those of one unit in one step as one of their sum.

    Args:
        start: written; where the events of each unit of each trial begin, uint32,
            (batch_size * units + 1,).
        step: written; uint32, (room,) with room for all of them.
        value: written; the sums, none of them 0, (room,).

    Returns:
        How many there are.

    Raises:
        DataError: an event lies outside the trial, the population or the batch.
    """
    found = _merged(plan, population, events, start, step, value)
    if found == OUT_OF_ORDER:
        ordered = events.on_grid(
            events.steps(plan.dt, plan.steps, population.size, population.name), plan.dt
        )
        found = _merged(plan, population, ordered, start, step, value)
    return found


def _merged(
    plan: Plan,
    population: PlannedPopulation,
    events: Events,
    *arrays: np.ndarray,
) -> int:
    insertion = Insertion(plan, population, events, max(events.trials, 1), in_order=True)
    sizes = (plan.steps, population.size, events.trials)
    found = _library(real_of(plan.dtype)).merge_events(
        byref(insertion.struct),
        c_int64(len(events)),
        *sizes,
        c_int64(plan.batch_size * population.size),
        *(c_void_p(array.ctypes.data) for array in arrays),
    )
    insertion.check(found == REFUSED)
    return found
