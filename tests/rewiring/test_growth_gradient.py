"""The gradient of absent synapses is that of a dense network that holds them at weight 0."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch

import genn_delays as gd
from genn_delays.planning.plan import make_plan
from genn_delays.rewiring.absent import absent_keys
from genn_delays.rewiring.gradient import best_delays, gradient_at
from genn_delays.support.errors import ConfigError

Normal, Uniform = gd.init.Normal, gd.init.Uniform
BACKENDS = ["reference", "native"]
RULES = {"eventprop": gd.EventProp(), "surrogate": gd.Surrogate(detach_reset=False)}
LARGEST = 9


def declare(rule: str, kernel: gd.kernels.DelayKernel | None) -> gd.Network:
    """Both kinds of projections: into a layer from outside, and within a loop."""
    net = gd.Network(seed=2)
    net.add_population("input", gd.Input(), 6)
    net.add_population("hidden", gd.LIF(tau_mem=8.0, tau_syn=4.0), 5)
    net.add_population("output", gd.LeakyReadout(), 3)
    lag = {"lag": 0} if rule == "surrogate" else {}
    delayed = {"delay": Uniform(0, LARGEST), "max_delay": LARGEST, "kernel": kernel}
    net.connect("input", "hidden", weight=Normal(1.5, 1), density=0.5, **delayed, **lag)
    net.connect("hidden", "hidden", weight=Normal(0, 1), density=0.4, **delayed)
    net.connect("hidden", "output", weight=Normal(0, 1), density=0.6, **delayed, **lag)
    return net


def events(trials: int = 4, steps: int = 40) -> gd.Events:
    rng = np.random.default_rng(4)
    time, unit = rng.uniform(0, steps, 150), rng.integers(0, 6, 150)
    return gd.Events(time, unit, rng.integers(0, trials, 150), trials)


def compiled(network: gd.Network, rule: str, backend: str) -> gd.backends.base.Simulation:
    return gd.compile(
        network,
        gradient=RULES[rule],
        steps=40,
        batch_size=4,
        backend=backend,
        precision="float64",
    )


CASES = [
    ("eventprop", None),
    ("surrogate", None),
    ("surrogate", gd.kernels.Gaussian(0.8)),
    ("surrogate", gd.kernels.Gaussian(0.25)),  # of fewer taps than there are delays
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("rule", "kernel"), CASES)
def test_every_candidate_has_the_gradient_of_a_dense_network(rule, kernel, backend):
    network = declare(rule, kernel)
    drive = np.random.default_rng(5).normal(size=(4, 3))
    candidates, found = {}, {}
    with compiled(network, rule, backend) as simulation:
        simulation.forward(events())
        simulation.backward(drive)
        assert simulation.spike_counts("hidden").sum() > 20
        for name, projection in network.projections.items():
            keys = absent_keys(projection.synapses)
            pre, post = np.divmod(keys, projection.synapses.post_size)
            delay = np.random.default_rng(6).uniform(0, LARGEST, len(keys))
            candidates[name] = pre, post, delay
            found[name] = gradient_at(projection, pre, post, delay, simulation)
    for name, (pre, post, delay) in candidates.items():
        table = network.projections[name].synapses
        table.attach("candidate")
        table.add(pre, post, 0.0, delay, candidate=1.0)
    with compiled(network, rule, backend) as dense:
        dense.forward(events())
        gradients = dense.backward(drive)
    for name, (pre, post, _) in candidates.items():
        table = network.projections[name].synapses
        new = table.state["candidate"] == 1.0
        np.testing.assert_array_equal(table.pre[new], pre)
        np.testing.assert_array_equal(table.post[new], post)
        expected = gradients[name].weight[new]
        assert np.abs(expected).max() > 0
        scale = np.abs(gradients[name].weight).max()
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("rule", "kernel"), CASES)
def test_the_best_delay_is_the_best_of_all_delays_tried_one_by_one(rule, kernel, signed, backend):
    network = declare(rule, kernel)
    with compiled(network, rule, backend) as simulation:
        simulation.forward(events())
        simulation.backward(np.random.default_rng(5).normal(size=(4, 3)))
        for projection in network.projections.values():
            keys = absent_keys(projection.synapses)
            pre, post = np.divmod(keys, projection.synapses.post_size)
            sign = np.random.default_rng(7).choice([-1.0, 1.0], len(keys)) if signed else None
            every = np.array(
                [
                    gradient_at(projection, pre, post, np.full(len(keys), float(d)), simulation)
                    for d in range(LARGEST + 1)
                ]
            )
            gradient, delay = best_delays(projection, pre, post, simulation, sign)
            score = sign * every if signed else -np.abs(every)
            np.testing.assert_array_equal(delay, np.argmin(score, axis=0))
            best = every[np.argmin(score, axis=0), np.arange(len(keys))]
            np.testing.assert_allclose(gradient, best, atol=1e-12)


def every_pair(simulation, name: str, first: int, count: int) -> np.ndarray:
    """Correlations of all pairs of a projection, (pairs, count)."""
    q = simulation.plan.projections[simulation.plan.projection_index(name)]
    sizes = simulation.plan.populations[q.pre].size, simulation.plan.populations[q.post].size
    pre, post = np.indices(sizes).reshape(2, -1)
    return simulation.correlation(name, pre, post, np.full(len(pre), first), count)


def gone_back(kind: str, backend: str, graded: bool, **options):
    network, rng = KINDS[kind](seed=3), np.random.default_rng(0)
    simulation = gd.compile(network, steps=80, batch_size=6, backend=backend, **options)
    simulation.forward(batch(trials=6, graded=graded))
    simulation.backward(rng.normal(size=(6, 5)), {"lif": np.linspace(-0.1, 0.1, 21)})
    return simulation, list(network.projections)


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_native_correlations_equal_the_reference_at_any_delay(kind, graded):
    """Also at those that are longer than the longest of the network, or than the trial."""
    found = []
    for backend in ("reference", "native"):
        simulation, names = gone_back(kind, backend, graded, precision="float64")
        with simulation:
            ranges = [(0, 1), (3, 70), (25, 40), (100, 2)]
            found.append([every_pair(simulation, n, *r) for n in names for r in ranges])
    for expected, given in zip(*found, strict=True):
        np.testing.assert_allclose(given, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_correlations_are_bit_identical_for_any_number_of_threads(kind):
    found = []
    for threads in (1, 2, 3):
        simulation, names = gone_back(kind, "native", False, threads=threads)
        with simulation:
            found.append([every_pair(simulation, name, 0, 13) for name in names])
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_correlation_leaves_the_gradients_alone_and_costs_memory_on_first_use():
    simulation, names = gone_back("looped", "native", False)
    with simulation:
        drive = np.ones((6, 5))
        before, memory = simulation.backward(drive), simulation.memory()
        every_pair(simulation, names[0], 0, 5)
        assert simulation.memory() > memory + 4 * 6 * 80 * (21 + 18)
        after = simulation.backward(drive)
    for name in names:
        np.testing.assert_array_equal(before[name].weight, after[name].weight)
        np.testing.assert_array_equal(before[name].delay, after[name].delay)


@pytest.mark.parametrize("backend", BACKENDS)
def test_there_is_no_growth_gradient_without_a_backward_pass_of_the_last_batch(backend):
    network = declare("eventprop", None)
    projection, pair = network.projections["input->hidden"], np.array([0])
    with compiled(network, "eventprop", backend) as simulation:
        for _ in range(2):
            outputs = simulation.forward(events())
            with pytest.raises(gd.GennDelaysError, match="follows backward"):
                best_delays(projection, pair, pair, simulation)
            simulation.backward(outputs)
            best_delays(projection, pair, pair, simulation)


def test_the_engine_has_no_growth_gradient_once_other_weights_are_loaded():
    network = declare("eventprop", None)
    projection, pair = network.projections["hidden->hidden"], np.array([0])
    with compiled(network, "eventprop", "native") as simulation:
        simulation.backward(simulation.forward(events()))
        simulation.load(network)
        with pytest.raises(gd.GennDelaysError, match=r"follows backward\(\).* before load"):
            best_delays(projection, pair, pair, simulation)


class OneStep:
    """A simulation in which a synapse helps at one delay only, in steps."""

    def __init__(self, network: gd.Network, dt: float, steps: int) -> None:
        self.plan = make_plan(
            network, gradient=gd.EventProp(), readout=gd.readouts.MeanVoltage(), dt=dt, steps=9
        )
        self.steps = steps

    def correlation(self, projection, pre, post, first, count):
        delay = first[:, None] + np.arange(count)
        return np.where(delay == self.steps, -2.0, 0.0)


def delayed(max_delay: float) -> gd.Network:
    network = gd.Network()
    network.add_population("input", gd.Input(), 2)
    network.add_population("output", gd.LeakyReadout(), 2)
    network.connect("input", "output", weight=1.0, max_delay=max_delay, density=0.5)
    return network


def test_best_delays_are_in_ms_and_never_beyond_the_largest():
    projection = delayed(2.3).projections["input->output"]
    for steps, delay in ((0, 0.0), (3, 1.5), (5, 2.3)):
        simulation = OneStep(delayed(2.3), 0.5, steps)
        gradient, found = best_delays(projection, np.array([1]), np.array([0]), simulation)
        assert (gradient.tolist(), found.tolist()) == ([-2.0], [delay])


def test_pairs_are_taken_in_pieces_with_the_same_result(monkeypatch):
    network = declare("surrogate", gd.kernels.Gaussian(0.8))
    projection = network.projections["input->hidden"]
    pre, post = np.divmod(absent_keys(projection.synapses), 5)
    delay = np.random.default_rng(6).uniform(0, LARGEST, len(pre))
    found = []
    with compiled(network, "surrogate", "reference") as simulation:
        simulation.forward(events())
        simulation.backward(np.random.default_rng(5).normal(size=(4, 3)))
        asked = []
        correlation = simulation.correlation
        simulation.correlation = lambda *given: asked.append(len(given[1])) or correlation(*given)
        for piece in (1 << 19, 40, 1):
            monkeypatch.setattr("genn_delays.rewiring.gradient.PIECE", piece)
            found.append(
                (
                    *best_delays(projection, pre, post, simulation),
                    gradient_at(projection, pre, post, delay, simulation),
                )
            )
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-12, atol=1e-15)
    assert max(asked[2 : -2 * len(pre)]) == 40 // (LARGEST + 1)
    assert asked[-2 * len(pre) :] == [1] * (2 * len(pre))


@pytest.mark.parametrize("largest", [362, 363])
def test_more_delays_than_the_limit_on_memory_allows_are_refused(monkeypatch, largest):
    pair = np.array([1]), np.array([0])
    allowed, refused = delayed(361.0), delayed(float(largest))
    plans = OneStep(allowed, 1.0, 4), OneStep(refused, 1.0, 4)
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    best_delays(allowed.projections["input->output"], *pair, plans[0])
    message = rf"'input->output': the best of {largest + 1} delays would take"
    with pytest.raises(ConfigError, match=message):
        best_delays(refused.projections["input->output"], *pair, plans[1])
