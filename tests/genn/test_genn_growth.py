"""Growth gradients and rewiring on a GeNN model."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.genn import codegen
from genn_delays.planning.plan import make_plan
from genn_delays.rewiring import Context, DeepR, Growth, RigL
from genn_delays.rewiring.absent import keys_of
from genn_delays.support.errors import PlanError
from genn_delays.training import Adam
from genn_delays.training.schedules import Progress

STEPS = 60
Normal, Uniform = gd.init.Normal, gd.init.Uniform


def layered(**delayed) -> gd.Network:
    """Lag 0, dropout, a kernel if given, a layer that ends earlier, several rows per unit."""
    net = gd.Network(seed=4)
    net.add_population("input", gd.Input(), 13)
    net.add_population("lif", gd.LIF(tau_mem=8.0, tau_syn=4.0), 9, dropout=0.3, tail=5.0)
    net.add_population("output", gd.LeakyReadout(), 5)
    for pre, post in (("input", "lif"), ("lif", "output")):
        weight = Normal(0.8, 1.0)
        net.connect(pre, post, weight=weight, delay=Uniform(0, 7), max_delay=7, lag=0, **delayed)
    return net


CASES = {
    "eventprop": (lambda: KINDS["looped"](seed=3), gd.EventProp()),
    "surrogate": (lambda: KINDS["looped"](seed=3), gd.Surrogate(detach_reset=False)),
    "layered": (layered, gd.Surrogate()),
    "kernel": (lambda: layered(kernel=gd.kernels.Gaussian(0.8)), gd.Surrogate()),
}


MEAN = gd.readouts.MeanVoltage(population="output")


def simulate(network: gd.Network, rule: gd.gradients.GradientRule, backend: str, **options):
    return gd.compile(
        network,
        gradient=rule,
        steps=STEPS,
        batch_size=4,
        backend=backend,
        **{"precision": "float64", "readout": MEAN} | options,
    )


def train(simulation, seed: int = 1):
    """One batch, both ways, with dropout where there is any."""
    rng = np.random.default_rng(seed)
    masks = {
        p.name: (rng.random((3, p.size)) >= p.dropout) / (1.0 - p.dropout)
        for p in simulation.plan.populations
        if p.dropout
    }
    outputs = simulation.forward(batch(trials=3, steps=STEPS, graded=True, seed=seed), masks=masks)
    return simulation.backward(rng.normal(size=outputs.shape))


def spoilt(simulation, network: gd.Network):
    """As :func:`train`, but the caller goes on to use every array and kernel for something else."""
    masks = {"lif": np.full((3, 9), 1.0)}
    drive = np.ones_like(simulation.forward(batch(trials=3, steps=STEPS), masks=masks))
    simulation.backward(drive)
    masks["lif"][:], drive[:] = 5.0, 100.0
    for projection in network.projections.values():
        projection.kernel.current = 3.0
    return correlations(simulation)


@pytest.mark.genn
@pytest.mark.parametrize("readout", [gd.readouts.MeanVoltage, gd.readouts.VoltageTrace])
def test_growth_gradients_are_of_the_batch_as_it_was_given(genn_cpu, readout):
    found = []
    for backend in (genn_cpu, "reference"):
        network = layered(kernel=gd.kernels.Gaussian(0.8))
        options = {"readout": readout(population="output")}
        with simulate(network, gd.Surrogate(), backend, **options) as simulation:
            found.append(spoilt(simulation, network))
    for name, expected in found[1].items():
        np.testing.assert_allclose(found[0][name], expected, atol=1e-9)


def correlations(simulation) -> dict[str, np.ndarray]:
    """Of all pairs of every projection, at delays that differ and go beyond the trial."""
    found = {}
    for q in simulation.plan.projections:
        sizes = simulation.plan.populations[q.pre].size, simulation.plan.populations[q.post].size
        pre, post = np.indices(sizes).reshape(2, -1)
        first = np.random.default_rng(0).choice([0, 3, STEPS - 4], len(pre))
        found[q.name] = simulation.correlation(q.name, pre, post, first, 6)
    return found


@pytest.mark.genn
@pytest.mark.parametrize("case", CASES)
def test_correlations_equal_the_reference(backend, case):
    """From the batch that is run again for the first one, and from the next one."""
    declare, rule = CASES[case]
    network, found = declare(), {}
    for name in ("reference", backend):
        with simulate(network, rule, name) as simulation:
            found[name] = []
            for seed in (1, 2):
                gradients = train(simulation, seed)
                found[name].append((gradients, correlations(simulation)))
                simulation.load(network)
    for (wanted, expected), (gradients, given) in zip(*found.values(), strict=True):
        for name in expected:
            scale = np.abs(expected[name]).max()
            assert scale > 0
            np.testing.assert_allclose(given[name], expected[name], rtol=0, atol=1e-9 * scale)
            scale = np.abs(wanted[name].weight).max()
            np.testing.assert_allclose(
                gradients[name].weight, wanted[name].weight, rtol=0, atol=1e-9 * scale
            )


@pytest.mark.genn
def test_a_correlation_follows_the_backward_pass_and_only_then_takes_memory(genn_cpu):
    network = full_row()
    with simulate(network, gd.EventProp(), genn_cpu) as simulation:
        for added in (4 * STEPS * 8 * 40, 0):
            with pytest.raises(PlanError, match=r"follows backward\(\)"):
                correlations(simulation)
            train(simulation)
            memory = simulation.memory()
            correlations(simulation)
            assert simulation.memory() == memory + added
            simulation.load(network)


@pytest.mark.genn
def test_what_learns_on_the_device_cannot_be_rewired(genn_cpu):
    network = full_row()
    with simulate(network, gd.EventProp(), "reference") as simulation:
        plan = simulation.plan
    rules = {"weight": Adam(1e-3)}
    with get_backend(genn_cpu).compile(plan, network, None, adam=rules) as simulation:
        train(simulation)
        with pytest.raises(PlanError, match=r"not there with adam=, .* optimiser of the host"):
            correlations(simulation)


@pytest.mark.parametrize("case", CASES)
def test_the_code_keeps_adjoints_where_it_is_asked_to(case):
    declare, rule = CASES[case]
    readout = gd.readouts.MeanVoltage(population="output")
    plan = make_plan(declare(), gradient=rule, readout=readout, dt=1.0, steps=STEPS)
    for k, p in enumerate(plan.populations):
        plain, keeping = codegen.neuron(plan, k), codegen.neuron(plan, k, keeps=True)
        assert "Adjoint[" not in plain.sim_code
        assert keeping.sim_code.count("Adjoint[") == (not p.is_input)
        assert dict(keeping.arrays).get("Adjoint") == (None if p.is_input else "scalar")
        lines = keeping.sim_code.splitlines()
        added = [line for line in lines if line not in plain.sim_code.splitlines()]
        assert all("Adjoint[" in line or "place" in line or "trial" in line for line in added)


def full_row() -> gd.Network:
    """One unit has as many synapses as its row has room for, most of its pairs are free."""
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 13)
    net.add_population("output", gd.LeakyReadout(), 40)
    net.connect("input", "output", weight=Normal(0, 1), delay=Uniform(0, 7), density=0.1)
    return net


@pytest.mark.genn
@pytest.mark.parametrize("rule", [DeepR(), RigL(fraction=0.9, every=1, growth=Growth("best"))])
def test_a_full_row_is_never_overfilled_and_the_model_stays_right(genn_cpu, rule):
    network, rng = full_row(), np.random.default_rng(0)
    (projection,) = network.projections.values()
    table = projection.synapses
    rule.prepare(network)
    with (
        simulate(network, gd.EventProp(), genn_cpu) as simulation,
        simulate(network, gd.EventProp(), "reference") as reference,
    ):
        room = simulation.row_limit(projection.name)
        free = np.setdiff1d(np.arange(40), table.post[table.pre == 0])
        fill = free[: room - np.count_nonzero(table.pre == 0)]
        table.add(np.zeros(len(fill), int), fill, 0.5, 1.0)
        if "sign" in table.state:
            table.state["sign"][table.pre == 0] = np.sign(table.weight[table.pre == 0])
        simulation.load(network)
        for k in range(1, 6):
            gradients = train(simulation, seed=k)
            if isinstance(rule, DeepR):  # many change their sign, but none of the full row
                turned = (rng.random(len(table)) < 0.3) & (table.pre > 0)
                table.weight[turned] = -table.state["sign"][turned]
            before = len(table)
            progress, drawn = Progress(k, 10, 100), np.random.default_rng(k)
            context = Context(network, gradients, simulation, progress, drawn, lambda name: 0.1)
            change = rule.step(context)[projection.name]
            assert change.grown > 0
            assert len(table) == before - change.dropped + change.grown == before - change.refused
            assert np.bincount(table.pre).max() <= room
            assert np.all(np.diff(keys_of(table)) > 0)
            simulation.load(network)
            reference.load(network)
            wanted, found = train(reference, seed=9), train(simulation, seed=9)
            for name in ("weight", "delay"):
                expected = getattr(wanted[projection.name], name)
                given = getattr(found[projection.name], name)
                np.testing.assert_allclose(given, expected, atol=1e-9)
