"""What the surrogate rule keeps of a batch on the embedded engine, and what it makes again."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import batch, dcls, fcn24
from test_surrogate_parity import compiled, gradient_arrays, train

import genn_delays as gd
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.surrogate import buffers, shapes
from genn_delays.planning.plan import make_plan

TRIALS = 70
"""Several groups, whatever the width of vectors, the last one not full."""


def found(network, prepare=lambda simulation: None):
    """Every array of a training batch, by name."""
    with compiled(network, TRIALS, threads=1) as simulation:
        prepare(simulation)
        result = train(simulation, batch(TRIALS, 60 * TRIALS, graded=True))
    spikes = {name: (e.trial, e.unit, e.time) for name, e in result["spikes"].items()}
    counts = result["counts"]
    return (
        {"outputs": result["outputs"]}
        | dict(gradient_arrays(result["gradients"]))
        | {
            (name, k): column
            for name, columns in spikes.items()
            for k, column in enumerate(columns)
        }
        | {(name, "count"): column for name, column in counts.items()}
    )


def assert_equal_bits(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=str(name))


@pytest.mark.parametrize("make", [dcls, fcn24], ids=["dcls", "fcn24"])
def test_nothing_depends_on_the_parts_in_which_rows_of_spikes_are_made(make, monkeypatch):
    monkeypatch.setattr(shapes, "PART", 1 << 40)
    whole = found(make())
    monkeypatch.setattr(shapes, "PART", 1)
    plans = []
    parts = found(make(), lambda simulation: plans.append(simulation.parts.most))
    assert plans == [1]
    assert_equal_bits(whole, parts)


def test_states_that_are_made_again_are_those_that_were_not_kept():
    def keep(simulation):
        for k, p in enumerate(simulation.plan.populations):
            if p.normalise is not None:
                units = simulation.populations[k]
                assert "trace" not in units.arrays
                cells = shapes.groups_of(simulation.plan, TRIALS), p.size
                row = simulation.plan.steps * units.model.kept * 16
                units.set(trace=np.zeros((*cells, row), simulation.plan.dtype))

    assert_equal_bits(found(fcn24()), found(fcn24(), keep))


def test_taps_do_not_depend_on_how_many_synapses_are_taken_at_once(monkeypatch):
    network = fcn24()
    many = found(network)
    monkeypatch.setattr(buffers, "AT_ONCE", 7)
    assert_equal_bits(many, found(network))


def test_taps_that_an_interrupt_left_half_made_are_made_anew(monkeypatch):
    events = batch(TRIALS, 60 * TRIALS)
    with compiled(fcn24(), TRIALS) as simulation:
        expected = simulation.forward(events)
        with monkeypatch.context() as patch:
            patch.setattr(buffers, "AT_ONCE", 7)
            patch.setattr(buffers, "taps_of", interrupt_after(1, buffers.taps_of))
            with pytest.raises(KeyboardInterrupt):
                simulation.forward(events, training=False)
        np.testing.assert_array_equal(simulation.forward(events), expected)


def interrupt_after(calls, function):
    """A Ctrl-C in one of the next calls."""
    left = iter(range(calls))

    def wrapped(*args):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return function(*args)

    return wrapped


def test_a_normalised_unit_keeps_two_numbers_of_a_step_its_input_and_its_adjoint():
    """And for its spikes a bit, and an index where any of the lanes has one."""
    steps, hidden = 200, 400
    net = gd.Network(1)
    net.add_population("input", gd.Input(), 1)
    net.add_population("hidden", gd.LIF(), hidden, normalise=gd.BatchNorm())
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "hidden", weight=1.0)
    net.connect("hidden", "output", weight=1.0)
    settings = {"gradient": gd.Surrogate(), "readout": gd.readouts.MeanVoltage(), "dt": 1.0}
    needed = []
    for trials in (640, 1280):
        plan = make_plan(net, steps=steps, batch_size=trials, **settings)
        needed.append(sum(estimate(plan, net, threads=1).values()))
    each = (needed[1] - needed[0]) / (640 * steps * hidden)
    assert 8.0 < each < 9.5
