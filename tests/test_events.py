"""Events: normalised once, refused where they lie outside."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import DataError


def test_from_lists_numbers_the_trials():
    events = gd.Events.from_lists([[1.0, 2.0], [], [3.0]], [[0, 1], [], [2]])
    assert events.trials == 3
    assert len(events) == 3
    assert events.trial.tolist() == [0, 0, 2]
    assert events.unit.tolist() == [0, 1, 2]
    assert gd.Events.from_lists([], []).trials == 0
    assert gd.Events.from_lists([[1.0]], [[0]], [[0.5]]).value.tolist() == [0.5]


def test_whole_numbers_may_come_as_floats_and_times_keep_single_precision():
    events = gd.Events(np.array([1.5], np.float32), [2.0], [0.0], 1)
    assert events.time.dtype == np.float32
    assert events.unit.dtype == np.int64
    assert gd.Events([1], [2], [0], 1).time.dtype == np.float64


def test_graded_values_keep_single_precision():
    half = np.array([0.5], np.float32)
    assert gd.Events([1.0], [0], [0], 1, half).value.dtype == np.float32
    assert gd.Events([1.0], [0], [0], 1, [1]).value.dtype == np.float64


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("gradient", [gd.EventProp(), gd.Surrogate()])
def test_values_of_either_precision_give_the_same_outputs(backend, gradient):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=gd.init.Normal(0.5, 1.0))
    events = ([1.0, 2.0, 2.0], [0, 1, 2], [0, 0, 1], 2)
    value = np.array([0.1, -0.7, 1.3], np.float32)
    with gd.compile(net, gradient=gradient, steps=9, batch_size=2, backend=backend) as simulation:
        single = simulation.forward(gd.Events(*events, value))
        double = simulation.forward(gd.Events(*events, value.astype(np.float64)))
    np.testing.assert_array_equal(single, double)
    assert np.any(single)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [0], [0, 0], 1), r"unit has shape \(1,\) but time has \(2,\)"),
        (([[1.0]], [[0]], [[0]], 1), "one-dimensional and of one length"),
        (([1.0], [0], [0], 1, [1.0, 2.0]), r"value has shape \(2,\)"),
        (([1.0], [-1], [0], 1), "unit holds -1 to -1; it must be >= 0"),
        (([1.0], [0], [1], 1), "trial holds 1 to 1; it must be >= 0 and < 1"),
        (([1.0], [0.5], [0], 1), "unit must be whole numbers, got float64"),
        (([1.0], ["a"], [0], 1), "unit must be whole numbers"),
        ((["soon"], [0], [0], 1), "time must be numbers"),
        (([np.nan], [0], [0], 1), "time holds NaN or infinity"),
        (([1.0], [0], [0], 1, [np.inf]), "value holds NaN or infinity"),
        (([], [], [], -1), "trials is -1; it counts trials and is a whole"),
    ],
)
def test_malformed_events_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        gd.Events(*arguments)


def test_events_outside_the_trial_are_named_with_the_remedy():
    inside = gd.Events([0.0, 9.999], [0, 1], [0, 0], 1)
    assert inside.steps(1.0, 10, 2, "input").tolist() == [0, 9]
    for time in (10.0, -0.5):
        events = gd.Events([1.0, time], [0, 0], [0, 1], 2)
        with pytest.raises(DataError, match=rf"'input' at {time:g} ms \(trial 1\) .* 10 ms; crop"):
            events.steps(1.0, 10, 2, "input")


def test_events_outside_the_population_are_named_with_the_remedy():
    with pytest.raises(DataError, match="names unit 2 but population 'input' has units 0 to 1"):
        gd.Events([1.0], [2], [0], 1).steps(1.0, 10, 2, "input")


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_both_backends_refuse_a_batch_they_cannot_run(backend):
    net = gd.Network()
    net.add_population("left", gd.Input(), 2)
    net.add_population("right", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("left", "output", weight=1.0)
    net.connect("right", "output", weight=1.0)
    one, two = gd.Events([1.0], [0], [0], 1), gd.Events([1.0], [0], [0], 2)
    many = gd.Events([], [], [], 3)
    with gd.compile(net, steps=10, batch_size=2, backend=backend) as simulation:
        for batch, message in (
            (one, r"inputs \['left', 'right'\]; give forward\(\) a mapping"),
            ({"left": one}, r"events for \['left'\], the network's inputs are"),
            ({"left": one, "right": two}, r"disagree on the number of trials: \[1, 2\]"),
            ({"left": many, "right": many}, "batch of 3 trials, .* compiled for batch_size=2"),
        ):
            with pytest.raises(DataError, match=message):
                simulation.forward(batch)
        assert simulation.forward({"left": two, "right": two}).shape == (2, 1)


def test_a_float32_time_just_below_the_end_lies_in_the_last_step():
    time = np.nextafter(np.float32(1000.0), np.float32(0.0))
    events = gd.Events(np.array([time], np.float32), [0], [0], 1)
    assert events.steps(1.0, 1000, 1, "input").tolist() == [999]


def test_lists_of_unlike_lengths_are_refused():
    with pytest.raises(DataError, match="give one for each time"):
        gd.Events.from_lists([[1.0], [2.0, 3.0]], [[0, 1], [2]])


def test_unsigned_indices_are_whole_numbers_too():
    events = gd.Events([1.0], np.array([3], np.uint64), np.array([0], np.uint8), 1)
    assert events.unit.dtype == np.int64


ARRAYS = ("time", "unit", "trial", "value")


def given() -> dict[str, np.ndarray]:
    """Arrays in the types that Events keep, which would be the first to be kept themselves."""
    return {
        "time": np.array([0.0, 1.0, 2.0, 3.0]),
        "unit": np.array([0, 1, 0, 2]),
        "trial": np.array([0, 0, 1, 1]),
        "value": np.array([1.0, 0.5, 2.0, 1.0]),
    }


@pytest.mark.parametrize("gradient", [gd.EventProp(), gd.Surrogate()])
@pytest.mark.parametrize("backend", ["reference", "native"])
def test_changing_an_array_afterwards_changes_no_events(backend, gradient):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=gd.init.Normal(0.5, 1.0))
    arrays = given()
    events = gd.Events(**arrays, trials=2)
    with gd.compile(net, gradient=gradient, steps=9, batch_size=2, backend=backend) as simulation:
        before = simulation.forward(events)
        for array in arrays.values():
            array[:] = 2_000_000
        np.testing.assert_array_equal(simulation.forward(events), before)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32, np.int64, np.uint8])
def test_events_share_no_memory_with_what_they_were_given(kind):
    arrays = {name: array.astype(kind) for name, array in given().items()}
    events = gd.Events(**arrays, trials=2)
    for name, array in arrays.items():
        assert not np.shares_memory(array, getattr(events, name))
        with pytest.raises(ValueError, match="read-only"):
            getattr(events, name)[0] = 0


OUTSIDE = [
    ("unit", 3, "unit 3 but population 'input' has units 0 to 2"),
    ("unit", -1, "unit -1 but population 'input'"),
    ("unit", 2**32, f"unit {2**32} but population 'input'"),
    ("trial", 2, "'input' names trial 2 of a batch of 2"),
    ("trial", -1, "names trial -1 of a batch of 2"),
    ("trial", 2_000_000, "names trial 2000000 of a batch of 2"),
    ("trial", 2**32, f"names trial {2**32} of a batch of 2"),
    ("time", -1.0, "at -1 ms"),
    ("time", 9.0, "at 9 ms"),
]


@pytest.mark.parametrize(("name", "bad", "message"), OUTSIDE)
@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize("gradient", [gd.EventProp(), gd.Surrogate()])
@pytest.mark.parametrize("backend", ["reference", "native"])
def test_every_engine_refuses_what_lies_outside(backend, gradient, at, name, bad, message):
    """Even of events that nobody has looked at before."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=1.0)
    arrays = given()
    arrays[name][at] = bad
    narrow = {} if abs(bad) > 2**31 else {"unit": np.int32, "trial": np.int32}
    with gd.compile(net, gradient=gradient, steps=9, batch_size=2, backend=backend) as simulation:
        for kinds in ({}, narrow):
            columns = {k: array.astype(kinds.get(k, array.dtype)) for k, array in arrays.items()}
            with pytest.raises(DataError, match=message):
                simulation.forward(gd.Events.trusted(**columns, trials=2))
        assert simulation.forward(gd.Events(**given(), trials=2)).any()
