"""The native engine equals the reference backend."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch, chain

import genn_delays as gd

READOUTS = {
    "mean": gd.readouts.MeanVoltage(),
    "exponential": gd.readouts.ExponentialMeanVoltage(tau=30.0),
    "max": gd.readouts.MaxVoltage(),
    "trace": gd.readouts.VoltageTrace(),
    "first spike": gd.readouts.FirstSpike(population="adaptive"),
    "spiking mean": gd.readouts.MeanVoltage(population="lif"),
}


def run(network, events, backend, readout, precision="float64", threads=None, spike_drive=None):
    with gd.compile(
        network,
        readout=readout,
        steps=80,
        batch_size=events.trials,
        backend=backend,
        precision=precision,
        threads=threads,
    ) as simulation:
        outputs = simulation.forward(events)
        drive = np.random.default_rng(5).normal(size=outputs.shape)
        gradients = simulation.backward(drive, spike_drive)
        names = [p.name for p in simulation.plan.populations if p.is_spiking]
        return outputs, gradients, {name: simulation.spikes(name) for name in names}


def assert_same(one, other, outputs=1e-12, gradients=1e-10):
    np.testing.assert_allclose(one[0], other[0], atol=outputs, rtol=0)
    for name, events in one[2].items():
        for column in ("trial", "unit", "time"):
            np.testing.assert_array_equal(getattr(events, column), getattr(other[2][name], column))
    for name, gradient in one[1].items():
        for what in ("weight", "delay"):
            expected, found = getattr(gradient, what), getattr(other[1][name], what)
            atol = gradients * np.abs(expected).max()
            np.testing.assert_allclose(found, expected, atol=atol, rtol=0, err_msg=name)


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_reference(kind, graded):
    network, events = KINDS[kind](seed=3), batch(graded=graded)
    drive = {"lif": np.linspace(-0.1, 0.1, 21)}
    reference = run(network, events, "reference", READOUTS["mean"], spike_drive=drive)
    native = run(network, events, "native", READOUTS["mean"], spike_drive=drive)
    assert len(reference[2]["adaptive"]) > 100
    assert_same(reference, native)


def frames(trials: int, steps: int = 80) -> gd.Events:
    """A graded value of each input in every step but the last three of every second input."""
    trial, unit, step = np.indices((trials, 13, steps)).reshape(3, -1)
    kept = (unit % 2 == 0) | (step < steps - 3)
    value = np.random.default_rng(2).uniform(-0.2, 0.4, len(trial))
    return gd.Events(step[kept] * 1.0, unit[kept], trial[kept], trials, value[kept])


PATHS = {
    "as it is": {},
    "bands of one block": {"layout.LIGHT": 0},
    "bands of two blocks": {"layout.LIGHT": 0, "layout.BAND": 2, "layout.TASKS": 4},
    "synapse by synapse": {"synapses.FILLED": 2.0},
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", ["frames", "spikes in order", "spikes in any order"])
def test_every_way_through_the_engine_gives_what_the_reference_does(path, given, monkeypatch):
    for name, value in PATHS[path].items():
        monkeypatch.setattr(f"genn_delays.backends.native.eventprop.{name}", value)
    events = frames(5) if given == "frames" else batch()
    if given == "spikes in order":
        order = np.lexsort((events.time, events.unit, events.trial))
        events = gd.Events(events.time[order], events.unit[order], events.trial[order], 5)
    network = KINDS["feedforward"](seed=3)
    native = run(network, events, "native", READOUTS["mean"], threads=3)
    assert len(native[2]["adaptive"]) > 100
    assert_same(run(network, events, "reference", READOUTS["mean"]), native)


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_native_equals_reference_for_every_readout(kind, name):
    network, events = KINDS[kind](seed=2), batch()
    assert_same(
        run(network, events, "reference", READOUTS[name]),
        run(network, events, "native", READOUTS[name]),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_bit_identical_for_any_number_of_threads(kind):
    network, events = KINDS[kind](seed=4), batch(trials=11, events=900)
    one, *others = (
        run(network, events, "native", READOUTS["mean"], "float32", threads=n) for n in (1, 2, 3, 8)
    )
    for other in others:
        assert_same(one, other, outputs=0.0, gradients=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_does_not_depend_on_the_other_trials(kind):
    network, events = KINDS[kind](seed=4), batch(trials=6)
    together, _, _ = run(network, events, "native", READOUTS["mean"], "float32")
    for trial in range(6):
        own = events.trial == trial
        alone = gd.Events(events.time[own], events.unit[own], np.zeros(own.sum(), int), 1)
        single, _, _ = run(network, alone, "native", READOUTS["mean"], "float32")
        np.testing.assert_array_equal(single[0], together[trial])


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("kind", KINDS)
def test_batch_b_after_batch_a_equals_batch_b_alone(kind, backend):
    network, first, second = KINDS[kind](seed=4), batch(seed=7, events=500), batch(trials=3, seed=8)
    drive = np.ones((3, 5))
    results = []
    for before in (None, first):
        with gd.compile(network, steps=80, batch_size=5, backend=backend) as simulation:
            if before is not None:
                simulation.backward(simulation.forward(before))
            results.append((simulation.forward(second), simulation.backward(drive)))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for name, gradient in results[0][1].items():
        np.testing.assert_array_equal(gradient.weight, results[1][1][name].weight)
        np.testing.assert_array_equal(gradient.delay, results[1][1][name].delay)


def test_float32_stays_near_float64():
    network, events = KINDS["looped"](seed=3), batch()
    single = run(network, events, "native", READOUTS["mean"], "float32")
    double = run(network, events, "native", READOUTS["mean"], "float64")
    np.testing.assert_allclose(single[0], double[0], atol=1e-5)


def test_spike_buffers_grow_and_drop_nothing():
    """More spikes than there is room for at first: the engine makes room and runs again."""
    net = chain(5.0, hidden=3, inputs=1, outputs=1)
    events = gd.Events(np.arange(200.0), np.zeros(200, int), np.zeros(200, int), 1)
    counts, outputs = [], []
    for backend in ("reference", "native"):
        with gd.compile(net, steps=200, backend=backend, precision="float64") as simulation:
            outputs.append(simulation.forward(events))
            counts.append(simulation.spike_counts("hidden"))
            assert simulation.regrown == (backend == "native")  # and it is reported
    assert counts[0].min() > 64
    np.testing.assert_array_equal(counts[0], counts[1])
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-12)


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_every_delay_from_zero_to_the_largest_arrives_one_step_later_than_itself(backend):
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 41)
    net.connect("input", "output", weight=1.0, delay=np.arange(41.0)[None, :], max_delay=40.0)
    with gd.compile(
        net, readout=gd.readouts.VoltageTrace(), steps=60, backend=backend, precision="float64"
    ) as simulation:
        trace = simulation.forward(gd.Events([5.0], [0], [0], 1))[0]
    # The current arrives at 5 + 1 + d and moves the voltage one step after that.
    np.testing.assert_array_equal((trace != 0).argmax(axis=0), 5 + 1 + np.arange(41) + 1)


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_a_refused_batch_leaves_nothing_to_go_back_over(backend):
    network = KINDS["feedforward"](seed=1)
    with gd.compile(network, steps=80, batch_size=4, backend=backend) as simulation:
        outputs = simulation.forward(gd.Events([1.0], [0], [0], 1))
        with pytest.raises(gd.GennDelaysError, match="outside the trial"):
            simulation.forward(gd.Events([1.0, 2.0, 99.0], [0, 1, 2], [0, 3, 1], 4))
        with pytest.raises(gd.GennDelaysError, match="run a batch first"):
            simulation.backward(np.ones_like(outputs))
        assert len(simulation.spikes("lif")) == 0


@pytest.mark.parametrize("trials", [0, 3])
@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
def test_spikes_of_an_input_are_its_events_on_the_grid(graded, trials):
    time = [3.0, 3.2, 7.9][:trials]
    events = gd.Events(time, [1, 1, 0][:trials], [0, 0, 2][:trials], trials)
    if graded:
        events = gd.Events(
            events.time, events.unit, events.trial, trials, [0.5, -0.5, 1.0][:trials]
        )
    found = []
    for backend in ("reference", "native"):
        with gd.compile(KINDS["feedforward"](), steps=80, batch_size=3, backend=backend) as sim:
            sim.forward(events)
            found.append(sim.spikes("input"))
            np.testing.assert_array_equal(sim.spike_counts("input").sum(), trials)
    for spikes in found:
        np.testing.assert_array_equal(spikes.time, [3.0, 3.0, 7.0][:trials])
        assert (spikes.value is None) != graded


def test_delays_beyond_the_trial_cost_no_memory():
    sizes = []
    for max_delay in (80.0, 1e6):
        network = gd.Network()
        network.add_population("input", gd.Input(), 2)
        network.add_population("output", gd.LeakyReadout(), 2)
        network.connect("input", "output", weight=1.0, delay=max_delay, max_delay=max_delay)
        with gd.compile(network, steps=80, backend="native") as simulation:
            assert np.all(simulation.forward(gd.Events([1.0], [0], [0], 1)) == 0.0)
            sizes.append(simulation.memory())
    assert sizes[0] == sizes[1]


def test_a_trial_that_sends_often_changes_nothing_for_the_others():
    network, rng = KINDS["feedforward"](seed=3), np.random.default_rng(4)
    n = 120  # graded, several in one step
    few = (rng.integers(0, 20, n) * 1.0, rng.integers(0, 13, n), rng.normal(0.4, 0.3, n))
    many = frames(1)
    alone = gd.Events(few[0], few[1], np.zeros(n, int), 1, few[2])
    both = gd.Events(
        np.concatenate([few[0], many.time]),
        np.concatenate([few[1], many.unit]),
        np.repeat([0, 1], [n, len(many)]),
        2,
        np.concatenate([few[2], many.value]),
    )
    one = run(network, alone, "native", READOUTS["mean"], "float32")[0]
    two = run(network, both, "native", READOUTS["mean"], "float32")[0]
    np.testing.assert_array_equal(two[0], one[0])


def test_indices_of_any_whole_type_are_read_alike():
    given, found = batch(trials=100), []
    for kind in (np.int8, np.uint8, np.int16, np.int64):
        events = gd.Events(given.time, given.unit.astype(kind), given.trial.astype(kind), 200)
        network = KINDS["feedforward"](seed=3)
        found.append(run(network, events, "native", READOUTS["mean"])[0])
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    assert np.ptp(found[0][:100]) > 0


def test_a_load_that_fails_can_be_repeated(monkeypatch):
    network, events = KINDS["feedforward"](seed=3), batch()
    with gd.compile(network, steps=80, batch_size=5, backend="native") as simulation:
        table = network.projections["input->lif"].synapses
        table.keep(np.arange(len(table)) % 3 > 0)
        with monkeypatch.context() as patch:
            path = "genn_delays.backends.native.eventprop.synapses.stable_order"
            patch.setattr(path, lambda *_: (_ for _ in ()).throw(MemoryError))
            with pytest.raises(MemoryError):
                simulation.load(network)
        with pytest.raises(gd.GennDelaysError, match="load the network again"):
            simulation.forward(events)
        simulation.load(network)
        outputs = simulation.forward(events)
    expected = run(network, events, "reference", READOUTS["mean"], "float32")[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4)
