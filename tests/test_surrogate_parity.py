"""The native engine equals the reference backend under the surrogate rule."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import KINDS, STEPS, batch, fcn24, rounded

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.backends.native.memory import estimate
from genn_delays.planning.plan import make_plan

READOUTS = {
    "softmax": gd.readouts.SoftmaxSum(),
    "mean": gd.readouts.MeanVoltage(),
    "max": gd.readouts.MaxVoltage(),
    "trace": gd.readouts.VoltageTrace(),
    "spiking": gd.readouts.MeanVoltage(population="adaptive"),
    "counts": gd.readouts.SpikeCount(population="adaptive"),
}

FEW = ["fcn24", "rounded", "looped"]
"""The kinds that are compiled for float32 as well."""


def compiled(network, trials, backend="native", rule=None, readout="softmax", **settings):
    return gd.compile(
        network,
        gradient=rule or gd.Surrogate(),
        readout=READOUTS[readout],
        steps=STEPS,
        batch_size=max(trials, 1),
        backend=backend,
        **settings,
    )


def train(simulation, events):
    """Outputs, gradients, statistics and spikes of a training batch with all kinds of drives."""
    spiking = [p for p in simulation.plan.populations if p.is_spiking]
    rng = np.random.default_rng(5)
    outputs = simulation.forward(events, masks=dropout_masks(simulation.plan, events.trials, rng))
    spike_drive = {p.name: 0.1 * rng.normal(size=(events.trials, p.size)) for p in spiking}
    gradients = simulation.backward(rng.normal(size=outputs.shape), spike_drive)
    return {
        "outputs": outputs,
        "gradients": gradients,
        "statistics": simulation.statistics,
        "spikes": {p.name: simulation.spikes(p.name) for p in spiking},
        "counts": {p.name: simulation.spike_counts(p.name) for p in simulation.plan.populations},
    }


def gradient_arrays(gradients):
    for name, gradient in gradients.items():
        yield from {(name, "weight"): gradient.weight, (name, "delay"): gradient.delay}.items()
    for name, columns in gradients.units.items():
        yield from {(name, column): values for column, values in columns.items()}.items()


def assert_same(one, other, outputs=1e-12, gradients=1e-10):
    scale = max(1.0, np.abs(one["outputs"]).max(initial=0.0))
    np.testing.assert_allclose(other["outputs"], one["outputs"], atol=outputs * scale, rtol=0)
    assert one["statistics"].keys() == other["statistics"].keys()
    for name, seen in one["statistics"].items():
        found = other["statistics"][name]
        np.testing.assert_allclose(found.mean, seen.mean, rtol=0, atol=outputs)
        np.testing.assert_allclose(found.variance, seen.variance, rtol=outputs)
        assert found.count == seen.count
    for name, events in one["spikes"].items():
        for column in ("trial", "unit", "time"):
            found = getattr(other["spikes"][name], column)
            np.testing.assert_array_equal(found, getattr(events, column))
    for name, count in one["counts"].items():
        np.testing.assert_array_equal(other["counts"][name], count)
    found = dict(gradient_arrays(other["gradients"]))
    expected = dict(gradient_arrays(one["gradients"]))
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        atol = gradients * np.abs(values).max(initial=0.0)
        np.testing.assert_allclose(found[key], values, atol=atol, rtol=0, err_msg=str(key))


def assert_native_equals_reference(network, events, **settings):
    results = []
    for backend in ("reference", "native"):
        with compiled(network, events.trials, backend, precision="float64", **settings) as sim:
            results.append(train(sim, events))
    assert_same(*results)


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_reference(kind, graded):
    assert_native_equals_reference(KINDS[kind](), batch(graded=graded))


@pytest.mark.parametrize(
    ("kind", "function", "detach"),
    [
        ("rounded", "sigmoid", False),
        ("looped", "sigmoid", False),
        ("fcn24", "triangle", True),
        ("rounded", "fast_sigmoid", True),
    ],
)
def test_native_equals_reference_for_every_surrogate(kind, function, detach):
    rule = gd.Surrogate(function, slope=2.0, detach_reset=detach)
    assert_native_equals_reference(KINDS[kind](), batch(trials=3, events=400), rule=rule)


@pytest.mark.parametrize("readout", READOUTS)
def test_native_equals_reference_for_every_readout(readout):
    assert_native_equals_reference(rounded(), batch(trials=2, events=200), readout=readout)


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.6, 1.0, 12.0])
def test_native_equals_reference_for_every_number_of_taps(sigma):
    assert_native_equals_reference(fcn24(sigma), batch(trials=3, graded=True))


@pytest.mark.parametrize("trials", [0, 1, 8, 9])
def test_native_equals_reference_for_any_number_of_trials(trials):
    events = batch(trials, events=20 * trials)
    assert_native_equals_reference(KINDS["rounded"](), events)
    assert_native_equals_reference(KINDS["dcls"](), events)


@pytest.mark.parametrize("kind", KINDS)
def test_evaluation_equals_the_reference_and_leaves_nothing_to_go_back_over(kind):
    network, events = KINDS[kind](), batch()
    for population in network.populations.values():
        if population.normalise is not None:
            population.units.running_mean[:], population.units.running_variance[:] = 0.1, 2.0
    outputs = []
    for backend in ("reference", "native"):
        with compiled(network, 11, backend, precision="float64") as simulation:
            simulation.forward(batch(seed=3))
            outputs.append(simulation.forward(events, training=False))
            assert not simulation.statistics
            with pytest.raises(gd.GennDelaysError, match="run a batch first"):
                simulation.backward(np.ones_like(outputs[-1]))
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-12)


@pytest.mark.parametrize("kind", FEW)
def test_results_are_bit_identical_for_any_number_of_threads(kind):
    results = []
    for threads in (1, 2, 3, 8):
        with compiled(KINDS[kind](), 70, threads=threads) as simulation:
            results.append(train(simulation, batch(70, 6000, graded=True)))
    for other in results[1:]:
        assert_same(results[0], other, outputs=0.0, gradients=0.0)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["rounded", "looped"])
def test_a_trial_does_not_depend_on_the_other_trials(kind, precision):
    """Busy neighbours make the engine visit all steps, not only those with spikes."""
    network, events = KINDS[kind](), batch(trials=2, events=60)
    busy = batch(trials=18, events=9000, seed=6)
    joined = gd.Events(
        *(np.concatenate([getattr(e, c) for e in (events, busy)]) for c in ("time", "unit")),
        np.concatenate([events.trial, busy.trial + 2]),
        20,
    )
    with compiled(network, 20, readout="trace", precision=precision) as simulation:
        alone = simulation.forward(events).copy()
        np.testing.assert_array_equal(simulation.forward(joined)[:2], alone)


@pytest.mark.parametrize("kind", FEW)
def test_batch_b_after_batch_a_equals_batch_b_alone(kind):
    network, second = KINDS[kind](), batch(trials=5, events=400, graded=True, seed=8)
    with compiled(network, 40) as simulation:
        alone = train(simulation, second)
    with compiled(network, 40) as simulation:
        train(simulation, batch(40, 8000, seed=7))
        simulation.forward(batch(30, 4000, seed=9), training=False)
        assert_same(alone, train(simulation, second), outputs=0.0, gradients=0.0)


@pytest.mark.parametrize("readout", ["softmax", "mean", "max"])
def test_a_trial_alone_equals_the_same_trial_in_a_batch(readout):
    events = batch(trials=9)
    with compiled(rounded(), 9, readout=readout) as simulation:
        together = simulation.forward(events)
    for trial in (0, 8):
        own = events.trial == trial
        alone = gd.Events(events.time[own], events.unit[own], np.zeros(own.sum(), int), 1)
        with compiled(rounded(), 1, readout=readout) as simulation:
            np.testing.assert_array_equal(simulation.forward(alone)[0], together[trial])


def test_load_takes_over_everything_that_training_changes():
    events, results = batch(graded=True), []
    for backend in ("reference", "native"):
        network = KINDS["looped"]()
        network.connect("lif", "output", weight=0.1, density=0.5, kernel=gd.kernels.Gaussian(2.0))
        with compiled(network, 11, backend, precision="float64") as simulation:
            simulation.forward(events)
            rng = np.random.default_rng(4)
            for projection in network.projections.values():
                table = projection.synapses
                table.keep(rng.random(len(table)) < 0.7)
                table.weight += 0.1 * rng.normal(size=len(table))
                table.delay[:] = rng.uniform(0, table.max_delay, len(table))
                if projection.kernel is not None:
                    projection.kernel.current = 0.4
            network.populations["lif"].units.tau_mem[:] = 11.0
            network.populations["adaptive"].units.bias += 0.1
            simulation.load(network)
            results.append(train(simulation, events))
    assert_same(*results)


def test_an_event_outside_is_refused_as_everywhere_and_leaves_nothing():
    with compiled(rounded(), 4) as simulation:
        outputs = simulation.forward(gd.Events([1.0], [0], [0], 1))
        with pytest.raises(gd.GennDelaysError, match=r"at 99 ms \(trial 1\) lies outside"):
            simulation.forward(gd.Events([1.0, 2.0, 99.0], [0, 1, 2], [0, 3, 1], 4))
        with pytest.raises(gd.GennDelaysError, match="names unit 6 but population 'input'"):
            simulation.forward(gd.Events([1.0], [6], [0], 4))
        with pytest.raises(gd.GennDelaysError, match="run a batch first"):
            simulation.backward(np.ones_like(outputs))
        assert len(simulation.spikes("lif")) == 0


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_events_fall_into_the_steps_that_the_time_grid_says(kind):
    """Multiples of dt, times just below them, the end of the trial; trials in any order."""
    dt, rng = 0.1, np.random.default_rng(0)
    time = np.concatenate([np.arange(STEPS) * dt, np.nextafter(np.arange(1, STEPS + 1) * dt, 0)])
    time = np.concatenate([time, rng.uniform(0, STEPS * dt, 200)]).astype(kind)
    time = time[time.astype(np.float64) < STEPS * dt]
    unit, trial = rng.integers(0, 6, len(time)), rng.integers(0, 40, len(time))
    events = gd.Events(time, unit, trial, 40, rng.uniform(-1, 1, len(time)))
    results = []
    for backend in ("reference", "native"):
        with compiled(rounded(), 40, backend, dt=dt, precision="float64") as simulation:
            simulation.forward(events)
            results.append(simulation.forward(events))
            spikes = simulation.spikes("input")
            np.testing.assert_array_equal(spikes.time, events.on_grid(
                events.steps(dt, STEPS, 6, "input"), dt).time)  # fmt: skip
    np.testing.assert_allclose(results[1], results[0], rtol=1e-12)


@pytest.mark.parametrize("kind", ["dcls", "looped"])
def test_gradients_of_absent_synapses_equal_the_reference(kind):
    found = []
    for backend in ("reference", "native"):
        with compiled(KINDS[kind](), 11, backend, precision="float64") as simulation:
            asked = {}
            for p in simulation.plan.projections:
                sizes = [simulation.plan.populations[k].size for k in (p.pre, p.post)]
                pre, post = np.indices(sizes).reshape(2, -1)
                asked[p.name] = (pre, post, (pre + 5 * post) % (p.max_delay_steps + 1), 4)
            simulation.forward(batch())
            with pytest.raises(gd.GennDelaysError, match="go back over a batch first"):
                simulation.correlation(
                    "first->output" if kind == "dcls" else "lif->lif", *3 * [0], 1
                )
            train(simulation, batch())
            found.append([simulation.correlation(name, *what) for name, what in asked.items()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10 * np.abs(one).max(), rtol=0)


def test_smooth_spikes_are_refused_with_the_backend_that_has_them():
    with pytest.raises(gd.GennDelaysError, match="backend='reference'"):
        compiled(rounded(), 1, rule=gd.Surrogate(smooth=True))


def test_the_generated_code_is_shown():
    with compiled(rounded(), 1) as simulation:
        code = gd.backends.get_backend("native").code(simulation.plan)
    assert "states_2" in code
    assert "first used by 'adaptive'" in code


@pytest.mark.parametrize("kind", KINDS)
def test_estimate_is_within_ten_percent_of_what_is_allocated(kind):
    precision = "float32" if kind in FEW else "float64"
    network, settings = KINDS[kind](), {"steps": STEPS, "batch_size": 11, "precision": precision}
    plan = make_plan(
        network, gradient=gd.Surrogate(), readout=READOUTS["softmax"], dt=1.0, **settings
    )
    parts = estimate(plan, network, threads=3, events_per_trial=140.0)
    with compiled(network, 11, threads=3, precision=precision) as simulation:
        train(simulation, batch())
        assert sum(parts.values()) == pytest.approx(simulation.memory(), rel=0.1)


@pytest.mark.parametrize(
    ("kind", "name"), [*((kind, "softmax") for kind in KINDS), ("rounded", "counts")]
)
def test_estimate_is_exact_where_no_spikes_are_driven(kind, name):
    network = KINDS[kind]()
    settings = {"steps": STEPS, "batch_size": 11, "precision": "float64"}
    readout = READOUTS[name]
    plan = make_plan(network, gradient=gd.Surrogate(), readout=readout, dt=1.0, **settings)
    with compiled(network, 11, readout=name, threads=3, precision="float64") as simulation:
        masks = dropout_masks(plan, 11, np.random.default_rng(1))
        outputs = simulation.forward(batch(), masks=masks)
        simulation.backward(np.ones_like(outputs))
        assert sum(estimate(plan, network, threads=3).values()) == simulation.memory()
