"""EventProp against finite differences of an event-exact simulation, and the task made for it."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import finite_differences, simulate

import genn_delays as gd

DURATION = 60.0
Normal, Uniform = gd.init.Normal, gd.init.Uniform


def network(kind: str, seed: int, refractory: float | np.ndarray = 0.0) -> gd.Network:
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), 6)
    net.add_population("hidden", gd.LIF(tau_mem=15.0, tau_syn=4.0, refractory=refractory), 5)
    net.add_population("output", gd.LeakyReadout(), 3)
    net.connect("input", "hidden", weight=Normal(1.2, 0.6), delay=Uniform(1, 10), max_delay=12)
    if kind == "recurrent":
        net.connect("hidden", "hidden", weight=Normal(0.2, 0.4), delay=Uniform(1, 8), max_delay=10)
    net.connect("hidden", "output", weight=Normal(0.2, 0.5), delay=Uniform(1, 6), max_delay=8)
    return net


def inputs(seed: int) -> list[tuple[float, int]]:
    rng = np.random.default_rng(seed)
    times, units = rng.uniform(0, 40, 30), rng.integers(0, 6, 30)
    return list(zip(times.tolist(), units.tolist(), strict=True))


def gradients(net, events, drive, dt, readout=None, backend="native"):
    time, unit = zip(*events, strict=True)
    steps = round(DURATION / dt)
    with gd.compile(
        net, readout=readout, dt=dt, steps=steps, backend=backend, precision="float64"
    ) as simulation:
        simulation.forward(gd.Events(time, unit, np.zeros(len(time), int), 1))
        return simulation.backward(drive[None])


def relative_errors(found, exact) -> np.ndarray:
    return np.array(
        [
            np.linalg.norm(getattr(found[name], what) - exact[name][what])
            / np.linalg.norm(exact[name][what])
            for name in exact
            for what in ("weight", "delay")
        ]
    )


@pytest.mark.parametrize("kind", ["feedforward", "recurrent"])
def test_gradients_approach_finite_differences_in_proportion_to_dt(kind):
    errors = {}
    for seed in (0, 2):
        net, events = network(kind, seed), inputs(seed)
        drive = np.random.default_rng(seed).normal(size=3)

        def value(net=net, events=events, drive=drive):
            cells, _ = simulate(net, events, DURATION)
            return sum(d * c.area / DURATION for d, c in zip(drive, cells["output"], strict=True))

        exact = finite_differences(net, value)
        assert sum(map(len, simulate(net, events, DURATION)[1]["hidden"])) > 25
        for dt in (0.04, 0.01, 0.0025):
            found = gradients(net, events, drive, dt)
            errors.setdefault(dt, []).append(relative_errors(found, exact))
    mean = {dt: np.mean(found) for dt, found in errors.items()}
    assert mean[0.01] < 0.06
    assert mean[0.0025] < 0.015
    assert mean[0.01] < mean[0.04] / 2
    assert mean[0.0025] < mean[0.04] / 8  # a sixteenth of the step


def test_time_to_first_spike_gradients_approach_finite_differences():
    events, net = inputs(0), gd.Network(seed=0)
    net.add_population("input", gd.Input(), 6)
    net.add_population("hidden", gd.LIF(tau_mem=15.0, tau_syn=4.0), 5)
    net.add_population("output", gd.LIF(tau_mem=15.0, tau_syn=4.0), 3)
    net.connect("input", "hidden", weight=Normal(1.2, 0.6), delay=Uniform(1, 10), max_delay=12)
    net.connect("hidden", "output", weight=Normal(1.5, 0.5), delay=Uniform(1, 6), max_delay=8)
    drive = np.array([1.0, -0.7, 0.4])

    def value():
        _, spikes = simulate(net, events, DURATION)
        return sum(d * times[0] for d, times in zip(drive, spikes["output"], strict=True))

    exact = finite_differences(net, value)
    errors = [
        relative_errors(gradients(net, events, drive, dt, gd.readouts.FirstSpike()), exact).mean()
        for dt in (0.04, 0.01, 0.0025)
    ]
    assert errors[2] < 0.02
    assert errors[2] < errors[1] / 2 < errors[0] / 4


def test_voltage_of_a_spiking_neuron_has_its_own_jump():
    """The mean voltage of the hidden population itself, whose reset the loss sees."""
    net, events = network("recurrent", 0), inputs(0)
    drive = np.array([1.0, -0.5, 0.3, 0.8, -0.9])

    def value():
        cells, _ = simulate(net, events, DURATION)
        return sum(d * c.area / DURATION for d, c in zip(drive, cells["hidden"], strict=True))

    exact = finite_differences(net, value)
    readout = gd.readouts.MeanVoltage(population="hidden")
    for dt, limit in ((0.0025, 0.02), (0.001, 0.008)):
        found = gradients(net, events, drive, dt, readout)
        kept = {name: exact[name] for name in ("input->hidden", "hidden->hidden")}
        assert relative_errors(found, kept).max() < limit


@pytest.mark.parametrize("read", ["output", "hidden"])
@pytest.mark.parametrize("kind", ["feedforward", "recurrent"])
def test_gradients_through_refractory_periods_approach_finite_differences(kind, read):
    """The release moves with the spike, for neurons that hold V for 0 to 5 ms."""
    errors = {}
    readout = gd.readouts.MeanVoltage(population=read)
    for seed in (0, 3):
        net = network(kind, seed, refractory=np.array([0.0, 1.0, 2.0, 3.0, 5.0]))
        events, drive = inputs(seed), np.random.default_rng(seed).normal(size=5)
        drive = drive if read == "hidden" else drive[:3]

        def value(net=net, events=events, drive=drive):
            cells, _ = simulate(net, events, DURATION)
            return sum(d * c.area / DURATION for d, c in zip(drive, cells[read], strict=True))

        exact = finite_differences(net, value)
        exact = {n: e for n, e in exact.items() if read == "output" or "output" not in n}
        assert sum(map(len, simulate(net, events, DURATION)[1]["hidden"])) > 20
        for dt in (0.04, 0.0025):
            found = gradients(net, events, drive, dt, readout)
            errors.setdefault(dt, []).append(relative_errors(found, exact))
    mean = {dt: np.mean(found) for dt, found in errors.items()}
    assert mean[0.0025] < 0.01
    assert mean[0.0025] < mean[0.04] / 8  # a sixteenth of the step


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_the_floor_of_the_slope_holds_for_every_slope_below_it(backend):
    """The derivative of a spike time is one over the slope: half of it at twice the floor."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LIF(), 1)
    net.connect("input", "output", weight=10.0, delay=2.0)
    found = {}
    for floor in (1e-6, 2.0, 4.0):
        with gd.compile(
            net,
            gradient=gd.EventProp(min_slope=floor),
            readout=gd.readouts.FirstSpike(),
            steps=50,
            backend=backend,
            precision="float64",
        ) as simulation:
            assert simulation.forward(gd.Events([5.0], [0], [0], 1))[0, 0] < 50.0
            gradient = simulation.backward(np.ones((1, 1)))["input->output"]
        found[floor] = np.array([gradient.weight[0], gradient.delay[0]])
    # the slope itself lies below both floors, and was not so small that it would need one
    slope = 2.0 * found[2.0] / found[1e-6]
    assert np.all((slope > 1e-3) & (slope < 2.0))
    np.testing.assert_allclose(found[2.0], 2.0 * found[4.0], rtol=1e-12)


def test_a_shift_that_changes_nothing_has_no_delay_gradient():
    """The mean voltage does not depend on when input arrives, long before the end of the trial.

    A gradient that is only right to first order in dt has an offset here which is larger than
    what a slowly varying loss wants to say, and may turn its sign.
    """
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=1.0, delay=3.0)
    with gd.compile(net, steps=500, precision="float64") as simulation:
        simulation.forward(gd.Events([10.0], [0], [0], 1))
        gradient = simulation.backward(np.ones((1, 1)))["input->output"]
    assert abs(gradient.delay[0]) < 1e-8 * gradient.weight[0]


def with_silent_doubles(net: gd.Network, dt: float) -> gd.Network:
    """Beside each synapse one of weight 0 whose spikes arrive a step later."""
    for projection in list(net.projections.values()):
        table = projection.synapses
        table.delay[:] = np.rint(table.delay / dt) * dt
        later = table.delay + dt
        pairs = (table.pre.copy(), table.post.copy())
        net.connect(projection.pre, projection.post, pairs=pairs, weight=0.0, delay=later)
    return net


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("refractory", [0.0, np.array([0.0, 1.0, 2.0, 3.0, 5.0])])
@pytest.mark.parametrize("kind", ["feedforward", "recurrent"])
def test_a_delay_gradient_is_what_a_step_more_of_delay_changes_of_the_weight_gradient(
    kind, refractory, backend
):
    """The jump of a spike counts for arrivals before its step, and not by half for those in it."""
    dt, events = 1.0, inputs(0)
    net = with_silent_doubles(network(kind, 0, refractory), dt)
    drive = np.random.default_rng(0).normal(size=3)
    found = gradients(net, events, drive, dt, backend=backend)
    names = [name for name in net.projections if not name.endswith("#2")]
    assert len(names) == len(net.projections) // 2
    for name in names:
        weight = net.projections[name].synapses.weight
        change = weight * (found[f"{name}#2"].weight - found[name].weight) / dt
        scale = np.abs(found[name].delay).max()
        np.testing.assert_allclose(found[name].delay, change, atol=1e-10 * scale)


def sequence_network() -> gd.Network:
    """NC25's sequence detection: delays start at their worst, 0 where 10 would be right."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(tau_mem=20.0, tau_syn=5.0), 2)
    worst = np.array([[0.0, 10.0], [10.0, 0.0]])
    net.connect("input", "output", weight=1.0, delay=worst, max_delay=30.0, learn=("delay",))
    return net


def test_sequence_is_learnt_from_the_worst_delays_by_delays_alone():
    from genn_delays.datasets import load
    from genn_delays.training import Adam, Optimiser

    data, net = load("sequence", dt=1.0), sequence_network()
    weights = net.projections["input->output"].synapses.weight.copy()
    loss = gd.losses.CrossEntropy()
    optimiser = Optimiser(delay=Adam(lr=1.0))
    with gd.compile(net, readout=gd.readouts.MaxVoltage(), steps=50, batch_size=2) as simulation:
        events, labels = data.train.batch(np.arange(2)), data.train.labels
        outputs = simulation.forward(events)
        assert np.all(loss.predict(outputs) != labels)
        for _ in range(30):
            outputs = simulation.forward(events)
            gradients = simulation.backward(loss(outputs, labels)[1])
            optimiser.step(net, gradients)
            simulation.load(net)
        assert np.all(loss.predict(simulation.forward(events)) == labels)
    np.testing.assert_array_equal(net.projections["input->output"].synapses.weight, weights)
