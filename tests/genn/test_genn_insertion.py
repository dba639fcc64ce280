"""Events on their way to the device: as numpy would sort and sum them. None of it needs PyGeNN."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.genn.insertion import merge
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import DataError

STEPS, UNITS, BATCH = 30, 7, 6


def planned(precision: str):
    network = gd.Network()
    network.add_population("input", gd.Input(), UNITS)
    network.add_population("output", gd.LeakyReadout(), 1)
    network.connect("input", "output", weight=1.0)
    settings = {"gradient": gd.EventProp(), "readout": gd.readouts.MeanVoltage()}
    return make_plan(
        network, dt=0.5, steps=STEPS, batch_size=BATCH, precision=precision, **settings
    )


def merged(events: gd.Events, precision: str = "float32"):
    plan = planned(precision)
    start = np.full(BATCH * UNITS + 1, 77, np.uint32)
    step, value = np.full(len(events), 77, np.uint32), np.full(len(events), 77, plan.dtype)
    count = merge(plan, plan.populations[0], events, start, step, value)
    assert start[-1] == count
    return start, step[:count], value[:count]


def expected(events: gd.Events, dtype) -> tuple[np.ndarray, ...]:
    step = events.steps(0.5, STEPS, UNITS, "input")
    value = np.ones(len(events)) if events.value is None else events.value
    order = np.lexsort((step, events.unit, events.trial))
    dense = np.zeros((BATCH * UNITS, STEPS), dtype)
    unit = events.trial * UNITS + events.unit
    np.add.at(dense, (unit[order], step[order]), value[order].astype(dtype))
    unit, step = np.nonzero(dense)
    return np.searchsorted(unit, np.arange(BATCH * UNITS + 1)), step, dense[unit, step]


def random_events(count: int, graded: bool, ordered: bool, dtype, seed: int) -> gd.Events:
    rng = np.random.default_rng(seed)
    time = rng.uniform(0, STEPS * 0.5, count).astype(dtype)
    unit, trial = rng.integers(0, UNITS, count), rng.integers(0, BATCH - 1, count)
    order = np.lexsort((time, unit, trial)) if ordered else np.arange(count)
    # few values, so that sums are 0 at the beginning, in the middle and at the end of a unit
    value = rng.integers(-1, 2, count).astype(dtype) if graded else None
    return gd.Events(time[order], unit[order], trial[order], BATCH - 1, value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "shuffled"])
@pytest.mark.parametrize("graded", [True, False], ids=["graded", "spikes"])
@pytest.mark.parametrize("count", [0, 1, 40, 3000, 20000])
def test_events_of_one_unit_in_one_step_become_one_of_their_sum(count, graded, ordered, dtype):
    """20,000 events are several blocks, with units that go on from one to the next."""
    for seed in range(5):
        events = random_events(count, graded, ordered, dtype, seed)
        found = merged(events, np.dtype(dtype).name)
        for one, other in zip(found, expected(events, dtype), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("single", [True, False])
def test_an_event_belongs_to_the_step_that_every_backend_gives_it(single):
    """Times next to multiples of dt; see planning.timing."""
    near = np.arange(STEPS) * 0.5
    near = near.astype(np.float32) if single else near
    around = [np.nextafter(near, near.dtype.type(way)) for way in (-1.0, 99.0)]
    time = np.sort(np.concatenate([near, *(np.maximum(some, 0) for some in around)]))
    zeros = np.zeros(len(time), int)
    events = gd.Events(time, zeros, zeros, 1)
    for one, other in zip(merged(events), expected(events, np.float32), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("time", "unit", "named"),
    [(15.0, 0, "outside the trial of 15 ms"), (-1.0, 0, "outside"), (1.0, 7, "unit 7")],
)
def test_events_outside_are_refused_by_name(time, unit, named):
    with pytest.raises(DataError, match=named):
        merged(gd.Events([0.5, time], [0, unit], [0, 0], 1))
