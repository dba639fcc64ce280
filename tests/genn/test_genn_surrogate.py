"""The surrogate rule through GeNN equals the reference: spikes, outputs, gradients."""

from __future__ import annotations

import numpy as np
import pytest
from folded_networks import lagless, normalised
from loaded_models import held
from networks import KINDS, batch
from test_parity import assert_same

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import PlanError
from genn_delays.training import Adam

pytestmark = pytest.mark.genn
OUTPUTS, GRADIENTS = 1e-9, 1e-9


def looped() -> gd.Network:
    """Loops, a skip connection, several projections of one pair; lag 1 everywhere."""
    return KINDS["looped"](seed=3)


def simulate(network, backend, rule, steps, precision="float64", readout=None):
    return gd.compile(
        network,
        gradient=rule,
        readout=readout or gd.readouts.MeanVoltage(population="output"),
        steps=steps,
        batch_size=3,
        backend=backend,
        precision=precision,
    )


def run(network, backend, rule, steps=40, graded=False, **options):
    """Outputs in training and in evaluation, gradients and spikes, as run() of test_parity."""
    events = batch(trials=3, steps=steps, events=150, graded=graded)
    spike_drive = {
        p.name: np.linspace(-0.1, 0.1, p.size)
        for p in network.populations.values()
        if p.neuron.spiking
    }
    with simulate(network, backend, rule, steps, **options) as simulation:
        other = batch(trials=3, steps=steps, events=100, seed=2)
        evaluated = simulation.forward(other, training=False)
        rng = np.random.default_rng(0)
        masks = {
            p.name: (rng.random((3, p.size)) >= p.dropout) / (1.0 - p.dropout)
            for p in simulation.plan.populations
            if p.dropout
        }
        outputs = simulation.forward(events, masks=masks)
        drive = np.random.default_rng(5).normal(size=outputs.shape)
        simulation.backward(10.0 * drive)
        gradients = simulation.backward(drive, spike_drive)
        spikes = {name: simulation.spikes(name) for name in spike_drive}
        for name, found in spikes.items():
            assert simulation.spike_counts(name).sum() == len(found)
        np.testing.assert_array_equal(simulation.forward(other, training=False), evaluated)
        return np.stack([outputs, evaluated]), gradients, spikes


@pytest.mark.parametrize(
    ("build", "rule", "steps"),
    [
        (looped, gd.Surrogate("sigmoid", detach_reset=False), 40),
        (lagless, gd.Surrogate("arctan"), 40),
        (lagless, gd.Surrogate("arctan", detach_reset=False), 12),
    ],
    ids=["looped", "lagless", "outlasted"],
)
def test_training_and_evaluation_equal_the_reference(backend, build, rule, steps):
    """Also in a trial that the delays and clocks outlast."""
    network, graded = build(), not rule.detach_reset
    reference = run(network, "reference", rule, steps, graded=graded)
    genn = run(network, backend, rule, steps, graded=graded)
    assert min(len(events) for events in reference[2].values()) > 20
    assert_same(reference, genn, OUTPUTS, GRADIENTS)
    assert reference[1].units.keys() == genn[1].units.keys()
    for population, columns in reference[1].units.items():
        np.testing.assert_allclose(genn[1].units[population]["bias"], columns["bias"], rtol=1e-9)


def test_spike_counts_and_the_fast_sigmoid_equal_the_reference(backend):
    network, rule = looped(), gd.Surrogate("fast_sigmoid")
    read = next(p.name for p in network.populations.values() if p.neuron.spiking)
    readout = gd.readouts.SpikeCount(population=read)
    reference = run(network, "reference", rule, 20, readout=readout)
    genn = run(network, backend, rule, 20, readout=readout)
    assert reference[0].sum() > 20
    assert_same(reference, genn, OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("name", ["gaussian", "triangle"])
def test_kernels_equal_the_reference(backend, name):
    """Rounded in evaluation; cut at the largest delay; the triangle in single precision."""
    kernel = gd.kernels.KERNELS[name](1.3 if name == "gaussian" else 0.7)
    precision = "float64" if name == "gaussian" else "float32"
    network, rule = lagless(kernel), gd.Surrogate("triangle", 2.0)
    reference = run(network, "reference", rule, 20, precision=precision)
    genn = run(network, backend, rule, 20, precision=precision)
    assert_same(reference, genn, *((1e-9, 1e-9) if name == "gaussian" else (1e-4, 1e-4)))


def test_evaluation_of_a_normalised_network_equals_the_reference(backend):
    """Before and after another load; training it is refused."""
    network, found = normalised(), {"reference": [], backend: []}
    events = batch(trials=3, steps=40)
    for name, seen in found.items():
        net = normalised()
        with simulate(net, name, gd.Surrogate(), 40) as simulation:
            seen.append(simulation.forward(events, training=False))
            units = net.populations["hidden"].units
            units.tau_mem[:], units.gain[:3] = 3.0, -1.0
            simulation.load(net)
            seen.append(simulation.forward(events, training=False))
            seen.append(simulation.spikes("hidden").time)
            if name == backend:
                assert simulation.memory() == held(simulation)
                with pytest.raises(PlanError, match=r"'hidden': .* batch normal.*native"):
                    simulation.forward(events)
                with pytest.raises(PlanError, match="run a batch first"):
                    simulation.backward(seen[0])
    assert network.populations["hidden"].units.tau_mem[0] == 6.0
    assert len(found[backend][2]) > 50
    for expected, given in zip(found["reference"], found[backend], strict=True):
        np.testing.assert_allclose(given, expected, rtol=0, atol=OUTPUTS)


def planned(network: gd.Network):
    return make_plan(
        network,
        gradient=gd.Surrogate(),
        readout=gd.readouts.MeanVoltage(population="output"),
        dt=1.0,
        steps=40,
        batch_size=3,
        precision="float64",
    )


def test_adam_on_the_device_takes_the_steps_of_the_host(backend):
    on_host, on_device = lagless(learn=()), lagless(learn=())
    for net in (on_host, on_device):
        for projection in net.projections.values():
            object.__setattr__(projection, "learn", ("weight", "delay"))
    rules, events = {"weight": Adam(3e-3), "delay": Adam(0.4)}, batch(trials=3, steps=40)
    drive = np.ones((3, 5))
    with simulate(on_host, "reference", gd.Surrogate(), 40) as simulation:
        for _ in range(3):
            simulation.forward(events)
            for name, gradient in simulation.backward(drive).items():
                table = on_host.projections[name].synapses
                for parameter, rule in rules.items():
                    rule.update(table, parameter, getattr(gradient, parameter), 1.0)
                np.clip(table.delay, 0.0, table.max_delay, out=table.delay)
            simulation.load(on_host)
    with get_backend(backend).compile(
        planned(on_device), on_device, None, adam=rules
    ) as simulation:
        for _ in range(3):
            simulation.forward(events)
            simulation.accumulate(drive)
            simulation.learn()
        simulation.fetch(on_device)
        simulation.forward(events, training=False)
    for name, projection in on_host.projections.items():
        found = on_device.projections[name].synapses
        np.testing.assert_allclose(found.weight, projection.synapses.weight, atol=1e-9)
        np.testing.assert_allclose(found.delay, projection.synapses.delay, atol=1e-9)


def test_adam_on_the_device_wants_a_network_that_it_can_train(genn_cpu):
    rules = {"weight": Adam(1e-3)}
    for network, message in (
        (normalised(), "evaluate batch normalisation but do not train"),
        (lagless(gd.kernels.Gaussian(1.0), learn=()), "'input->hidden' has a delay kernel"),
        (lagless(), "'hidden' learns bias, which the host's"),
    ):
        with pytest.raises(PlanError, match=message):
            get_backend(genn_cpu).compile(planned(network), network, None, adam=rules)
