"""However the EventProp engine walks synapses and steps trials, each trial has the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch

import genn_delays as gd
from genn_delays.backends.native.eventprop import codegen
from genn_delays.backends.native.eventprop.layout import blocks_of, layout_of
from genn_delays.planning.plan import make_plan

TRIALS = 60
"""More than eight parts of the batch of seven trials each: four, two and one go side by side."""


def results(network: gd.Network, events, drive: np.ndarray | None = None, **settings):
    """Outputs, and weight and delay gradients of all projections."""
    settings = {"steps": 80, "batch_size": TRIALS, "backend": "native", "threads": 2} | settings
    with gd.compile(network, **settings) as simulation:
        outputs = simulation.forward(events)
        if drive is None:
            drive = np.cos(np.arange(outputs.size)).reshape(outputs.shape)
        gradients = simulation.backward(drive)
    return [outputs, *(column for g in gradients.values() for column in (g.weight, g.delay))]


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def sparse(density: float, readout: gd.Neuron | None = None) -> gd.Network:
    net = gd.Network(seed=5)
    net.add_population("input", gd.Input(), 13)
    net.add_population("hidden", gd.LIF(), 150)
    net.add_population("output", readout or gd.LeakyReadout(), 40)
    delayed = {"delay": gd.init.Uniform(0, 24), "max_delay": 24.0, "density": density}
    net.connect("input", "hidden", weight=gd.init.Normal(1.5, 0.5), **delayed)
    net.connect("hidden", "output", weight=gd.init.Normal(0.5, 1), **delayed)
    net.connect("input", "output", weight=gd.init.Normal(0.5, 1), **delayed)
    return net


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_added_where_the_steps_lie_has_the_bits_of_what_is_turned_over(
    kind, graded, monkeypatch
):
    network, events = KINDS[kind](seed=3), batch(trials=TRIALS, events=3000, graded=graded)
    found = []
    for seldom in (0, 10**9):
        monkeypatch.setattr(codegen, "SELDOM", seldom)
        found.append(results(network, events))
    assert_equal(*found)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_has_the_same_bits_alone_and_beside_others(kind, precision):
    network, events = KINDS[kind](seed=3), batch(trials=TRIALS, events=9000)
    for trial in (0, 5, 6, 33):
        here = events.trial == trial
        alone = gd.Events(events.time[here], events.unit[here], np.zeros(here.sum(), int), 1)
        drive = np.zeros((TRIALS, 5))
        drive[trial] = np.arange(1.0, 6.0)
        all_trials = results(network, events, drive, precision=precision)
        one = results(network, alone, drive[trial : trial + 1], precision=precision)
        assert_equal([all_trials[0][trial], *all_trials[1:]], [one[0][0], *one[1:]])


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 30])
def test_lists_of_any_length_are_walked_to_their_end_by_bundles(count):
    """The last bundle of a list is filled with spikes that must count for nothing."""
    rng = np.random.default_rng(count)
    events = gd.Events(rng.uniform(0, 80, count), np.full(count, 3), np.zeros(count, int), 1)
    found = [results(sparse(0.2), events, backend=name) for name in ("reference", "native")]
    assert np.any(found[0][-1])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    "readout", [gd.readouts.MeanVoltage(), gd.readouts.VoltageTrace(), gd.readouts.FirstSpike()]
)
def test_neurons_that_no_synapse_leads_to_rest(readout, monkeypatch):
    """Their blocks are not stepped: nothing of another network or another batch is left there."""
    spiking = isinstance(readout, gd.readouts.FirstSpike)
    monkeypatch.setenv("GENN_DELAYS_VECTOR_BYTES", "16")
    first, second = (sparse(d, gd.LIF() if spiking else None) for d in (0.9, 0.002))
    onto = [second.projections[f"{pre}->output"].synapses.post for pre in ("hidden", "input")]
    joined = np.unique(np.concatenate(onto) // 4)
    assert 0 not in joined
    assert len(joined) < 9  # whole vectors without a synapse
    events, outputs, gradients = batch(trials=9, events=900), [], []
    for name in ("reference", "native"):
        settings = {"steps": 80, "batch_size": 9, "backend": name, "readout": readout}
        with gd.compile(first, **settings) as simulation:
            simulation.backward(np.ones_like(simulation.forward(events)))
            simulation.load(second)
            outputs.append(simulation.forward(events))
            gradients.append(simulation.backward(np.ones_like(outputs[-1])))
    np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-5)
    for name, expected in gradients[0].items():
        np.testing.assert_allclose(gradients[1][name].weight, expected.weight, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(gradients[1][name].delay, expected.delay, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [20, 512])
def test_a_large_batch_has_tasks_for_many_threads_and_a_small_one_few_gradients(size):
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 700)
    net.add_population("output", gd.LeakyReadout(), size)
    synapses = len(net.connect("input", "output", weight=gd.init.Normal(0, 1)).synapses)
    tasks = {}
    for trials in (16, 256):
        settings = {"readout": gd.readouts.MeanVoltage(), "dt": 1.0, "steps": 50}
        plan = make_plan(net, gradient=gd.EventProp(), batch_size=trials, **settings)
        layout = layout_of(plan, [synapses])
        tasks[trials] = layout.chunks[1] * -(-blocks_of(plan, 1) // layout.band[1])
    assert tasks[256] >= 32 * (1 + (size == 512))
    assert tasks[16] <= 32
