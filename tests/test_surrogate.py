"""Surrogate gradients of the reference backend against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.backends.reference.surrogate import SurrogateSimulation
from genn_delays.declaration.units import BatchStatistics
from genn_delays.planning.gradients.surrogate import FUNCTIONS
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import PlanError

Normal, Uniform = gd.init.Normal, gd.init.Uniform
STEPS, TRIALS = 14, 3


def published(kernel: gd.kernels.DelayKernel) -> gd.Network:
    """Neurons on the grid, batch normalisation, dropout, parallel synapses, no lag."""
    net = gd.Network(seed=3)
    net.add_population("input", gd.Input(), 4)
    options = {"normalise": gd.BatchNorm(), "dropout": 0.3, "learn": {"tau_mem": (2.0, 90.0)}}
    wiping = gd.DiscreteLIF(tau_mem=9.0, input_steps=2, wipe_input=True)
    net.add_population("first", wiping, 5, tail=3.0, **options)
    net.add_population("second", gd.DiscreteLIF(tau_mem=np.full(6, 7.0)), 6, **options)
    net.add_population("output", gd.DiscreteReadout(tau_mem=8.0, input_steps=1), 3)
    delayed = {"delay": Uniform(0, 6), "max_delay": 6.0, "lag": 0, "kernel": kernel}
    net.connect("input", "first", weight=Normal(0, 1), **delayed)
    net.connect("first", "second", weight=Normal(0, 1), kernel_count=2, **delayed)
    net.connect("second", "output", weight=Normal(0, 1), **delayed)
    return net


def recurrent(
    kernel: gd.kernels.DelayKernel,
    soft_period: float | np.ndarray = 0.0,
    hard_period: float = 0.0,
    a: float = 0.2,
) -> gd.Network:
    """LIF neurons with exponential synapses, soft reset and bias, in a loop."""
    net = gd.Network(seed=4)
    net.add_population("input", gd.Input(), 4)
    learn = ("tau_mem", "tau_syn", "bias")
    soft = gd.LIF(tau_mem=8.0, tau_syn=3.0, soft_reset=True, refractory=soft_period)
    net.add_population("first", soft, 5, bias=0.2, learn=learn)
    held = {"refractory": hard_period}
    hard = gd.AdaptiveLIF(tau_mem=6.0, tau_syn=4.0, tau_adapt=20.0, a=a, b=0.3, **held)
    net.add_population("second", hard, 4, learn=("tau_mem", "tau_adapt"))
    net.add_population("output", gd.LeakyReadout(tau_mem=9.0), 3)
    delayed = {"delay": Uniform(0, 6), "max_delay": 6.0, "kernel": kernel}
    for pre, post in (("input", "first"), ("first", "second"), ("second", "output")):
        net.connect(pre, post, weight=Normal(0.6, 1), **delayed)
    net.connect("second", "first", weight=Normal(0, 1), **delayed)
    net.connect("first", "first", weight=Normal(0, 1), **delayed)
    return net


def refractory(kernel: gd.kernels.DelayKernel) -> gd.Network:
    """The loop with neurons that hold their voltage, some of them to the end."""
    return recurrent(kernel, np.array([0.0, 1.0, 2.0, 5.0, 90.0]), 3.0, a=0.0)


def graded(seed: int = 5) -> gd.Events:
    rng = np.random.default_rng(seed)
    time, unit, trial = rng.uniform(0, STEPS, 90), rng.integers(0, 4, 90), rng.integers(0, 3, 90)
    return gd.Events(time, unit, trial, TRIALS, rng.uniform(0.2, 1.5, 90))


class FrozenReset(SurrogateSimulation):
    """Forward pass whose resets keep the strength they had in the first one."""

    strength: np.ndarray | None = None

    def _advance(self, t, k, x, arriving):
        after = super()._advance(t, k, x, arriving)
        p = self.populations[k]
        if p.threshold is None or self.strength is None:
            return after
        before = self.states[k][t]
        after = before + self.strength[k][t][..., None] * (self._reset(p, before) - before)
        self.after[k][t] = after
        return after


KERNELS = {"gaussian": gd.kernels.Gaussian(1.4), "triangle": gd.kernels.Triangle(1.3)}


PAIRS = (
    ("gaussian", "arctan"),
    ("triangle", "sigmoid"),
    ("gaussian", "triangle"),
    ("triangle", "fast_sigmoid"),
)


CASES = [(declare, *pair) for declare in (published, recurrent) for pair in PAIRS]
CASES += [(refractory, *PAIRS[0])]


@pytest.mark.parametrize(("declare", "kernel", "function"), CASES)
@pytest.mark.parametrize("detach", [False, True], ids=["attached", "detached"])
def test_every_gradient_equals_finite_differences(declare, detach, kernel, function):
    network = declare(KERNELS[kernel])
    rule = gd.Surrogate(function, slope=2.0, detach_reset=detach, smooth=True)
    settings = {"steps": STEPS, "batch_size": TRIALS, "precision": "float64"}
    readout = gd.readouts.SoftmaxSum()
    simulation = gd.compile(
        network, gradient=rule, readout=readout, backend="reference", **settings
    )
    masks = dropout_masks(simulation.plan, TRIALS, np.random.default_rng(6))
    drive = np.random.default_rng(7).normal(size=(TRIALS, 3))
    simulation.forward(graded(), masks=masks)
    gradients = simulation.backward(drive)
    moving = FrozenReset(simulation.plan, network)
    moving.forward(graded(), masks=masks)
    moving.strength = moving.fired if detach else None

    def loss() -> float:
        moving.load(network)
        return float(np.sum(moving.forward(graded(), masks=masks) * drive))

    def slope(array: np.ndarray, index: object, h: float = 1e-5) -> float:
        kept = array[index].copy()
        values = []
        for sign in (1, -1):
            array[index] = kept + sign * h
            values.append(loss())
        array[index] = kept
        return (values[0] - values[1]) / (2 * h)

    for name, projection in network.projections.items():
        for what in ("weight", "delay"):
            found = getattr(gradients[name], what)
            for s in np.linspace(0, len(found) - 1, 3).astype(int):
                expected = slope(getattr(projection.synapses, what), s)
                assert found[s] == pytest.approx(expected, rel=1e-6, abs=1e-6), (name, what, s)
    for name, columns in gradients.units.items():
        units = network.populations[name].units
        assert set(columns) == set(network.populations[name].learn)
        for column, found in columns.items():
            index = slice(None) if column in units.tied else 1
            expected = slope(units.columns[column], index)
            assert found[1] == pytest.approx(expected, rel=1e-6, abs=1e-6), (name, column)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_voltage_far_from_the_threshold_is_no_overflow(function, dtype):
    far = np.array([-1e6, -40.0, 0.0, 40.0, 1e6], dtype)
    rule = gd.Surrogate(function)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        slope, value = rule.derivative(far), rule.value(far)
    assert slope.dtype == dtype
    assert np.all((slope >= 0.0) & (slope <= rule.slope))
    assert slope[2] == slope.max()
    np.testing.assert_array_equal(slope, slope[::-1])
    np.testing.assert_allclose(value[[0, 2, 4]], [0.0, 0.5, 1.0], atol=1e-6)


def test_rounded_delays_have_the_central_difference_of_the_arrival_as_gradient():
    """Moving every synapse one step later and earlier moves the loss as the gradient says."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.DiscreteReadout(tau_mem=5.0), 1)
    net.connect("input", "output", weight=2.0, delay=4.0, max_delay=9.0, lag=0)
    table = net.projections["input->output"].synapses
    readout = gd.readouts.ExponentialMeanVoltage(tau=6.0)
    simulation = gd.compile(
        net, gradient=gd.Surrogate(), readout=readout, steps=20, precision="float64",
        backend="reference",
    )  # fmt: skip
    events, outputs = gd.Events([2.0, 5.0], [0, 0], [0, 0], 1), {}
    for delay in (3.0, 5.0, 4.0):
        table.delay[:] = delay
        simulation.load(net)
        outputs[delay] = simulation.forward(events)[0, 0]
    gradient = simulation.backward(np.ones((1, 1)))["input->output"].delay[0]
    assert gradient == pytest.approx((outputs[5.0] - outputs[3.0]) / 2, rel=1e-12)


@pytest.mark.parametrize("detach", [False, True])
def test_a_published_order_of_operations_step_by_step(detach):
    """FCN24: s = H(V - 1); V <- (c V + z)(1 - s); z <- u, so an input needs two steps."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    neuron = gd.DiscreteLIF(tau_mem=10.0, input_steps=2, wipe_input=True)
    net.add_population("hidden", neuron, 1)
    net.add_population("output", gd.DiscreteReadout(tau_mem=10.0, input_steps=1), 1)
    net.connect("input", "hidden", weight=1.0, lag=0)
    net.connect("hidden", "output", weight=1.0, lag=0)
    x = np.array([0.5, 0.9, 0.8, 0.3, 1.4, 1.2, 0.1, 0.9, 0.0, 0.0])
    v = z = out = held = 0.0
    expected, spikes = [], []
    for value in x:
        s = float(v >= 1.0)
        v, z = (0.9 * v + z) * (1 - s), value
        out, held = 0.9 * out + held, s
        expected.append(out)
        spikes.append(s)
    with gd.compile(
        net,
        gradient=gd.Surrogate(detach_reset=detach),
        readout=gd.readouts.VoltageTrace(),
        steps=10,
        backend="reference",
        precision="float64",
    ) as simulation:
        trace = simulation.forward(gd.Events(np.arange(10.0), [0] * 10, [0] * 10, 1, x))
        np.testing.assert_allclose(trace[0, :, 0], expected, rtol=1e-14)
        np.testing.assert_array_equal(simulation.spikes("hidden").time, np.flatnonzero(spikes))


def test_evaluation_rounds_delays_and_takes_the_running_averages():
    network = published(gd.kernels.Gaussian(3.0))
    units = network.populations["first"].units
    units.running_mean[:], units.running_variance[:] = 0.3, 2.0
    settings = {"steps": STEPS, "batch_size": TRIALS, "backend": "reference"}
    rule = gd.Surrogate()
    with gd.compile(network, gradient=rule, **settings) as simulation:
        trained = simulation.forward(graded())
        evaluated = simulation.forward(graded(), training=False)
        with pytest.raises(gd.GennDelaysError, match="in training; run a batch first"):
            simulation.backward(np.ones_like(evaluated))
    for projection in network.projections.values():
        projection.synapses.delay[:] = np.rint(projection.synapses.delay)
    with gd.compile(network, gradient=rule, **settings) as simulation:
        np.testing.assert_array_equal(evaluated, simulation.forward(graded(), training=False))
    assert not np.allclose(trained, evaluated)


def test_running_averages_follow_a_batch_as_pytorch_counts_them():
    units = published(KERNELS["gaussian"]).populations["first"].units
    seen = BatchStatistics(np.full(5, 2.0), np.full(5, 3.0), count=4)
    units.observe(gd.BatchNorm(momentum=0.25), seen)
    np.testing.assert_allclose(units.running_mean, 0.25 * 2.0)
    np.testing.assert_allclose(units.running_variance, 0.75 + 0.25 * 3.0 * 4 / 3)


def test_a_spike_count_is_trained_as_finite_differences_say():
    network = recurrent(KERNELS["gaussian"])
    read = next(p.name for p in network.populations.values() if p.neuron.spiking)
    settings = {"steps": STEPS, "batch_size": TRIALS, "precision": "float64"}
    rule = gd.Surrogate("arctan", slope=2.0, detach_reset=False, smooth=True)
    readout = gd.readouts.SpikeCount(population=read)
    simulation = gd.compile(
        network, gradient=rule, readout=readout, backend="reference", **settings
    )
    masks = dropout_masks(simulation.plan, TRIALS, np.random.default_rng(6))
    outputs = simulation.forward(graded(), masks=masks)
    weights = np.random.default_rng(7).normal(size=outputs.shape)
    for name, gradient in simulation.backward(weights).items():
        table, values = network.projections[name].synapses, []
        for sign in (1, -1):
            table.weight[0] += sign * 1e-5
            simulation.load(network)
            values.append(np.sum(simulation.forward(graded(), masks=masks) * weights))
            table.weight[0] -= sign * 1e-5
        expected = (values[0] - values[1]) / 2e-5
        assert gradient.weight[0] == pytest.approx(expected, rel=1e-6, abs=1e-6), name


def test_a_spike_count_has_no_exact_gradient_and_needs_spikes():
    readout = gd.readouts.SpikeCount()
    with pytest.raises(PlanError, match=r"SpikeCount: a number of spikes .* use gd.Surrogate\(\)"):
        plan_with(gd.EventProp(), gd.readouts.SpikeCount(population="hidden"))
    with pytest.raises(PlanError, match="SpikeCount reads spikes, but population 'output' never"):
        plan_with(gd.Surrogate(), readout)


def plan_with(rule: gd.GradientRule, readout: gd.readouts.Readout):
    net = gd.Network(1)
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", gd.LIF(), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=1.0)
    net.connect("hidden", "output", weight=1.0)
    return make_plan(net, gradient=rule, readout=readout, dt=1.0, steps=9)
