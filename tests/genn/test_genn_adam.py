"""Adam on the device equals Adam on the host."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import PlanError
from genn_delays.training import Adam, Optimiser

pytestmark = pytest.mark.genn
RULES = {"weight": Adam(3e-3, weight_decay=1e-3), "delay": Adam(0.4, beta1=0.8)}


def network() -> gd.Network:
    net = KINDS["looped"](seed=3)
    for projection in net.projections.values():
        object.__setattr__(projection, "learn", ("weight", "delay"))
    object.__setattr__(net.projections["lif->adaptive#2"], "learn", ("weight",))
    return net


def simulate(net: gd.Network, backend: str, **arguments):
    plan = make_plan(
        net,
        gradient=gd.EventProp(),
        readout=gd.readouts.MeanVoltage(),
        dt=1.0,
        steps=80,
        batch_size=5,
        precision="float64",
    )
    return get_backend(backend).compile(plan, net, None, **arguments)


def test_device_and_host_take_the_same_steps(backend):
    """Eight steps, a schedule, and a tape that grows in between, which loads the model anew."""
    on_host, on_device = network(), network()
    factors = np.linspace(1.0, 0.3, 8)
    batches = [batch(seed=s, events=300 if s < 4 else 3000) for s in range(8)]
    drive = np.random.default_rng(0).normal(size=(5, 5))
    with simulate(on_host, "reference") as simulation:
        for events, factor in zip(batches, factors, strict=True):
            simulation.forward(events)
            gradients = simulation.backward(drive)
            for projection in on_host.projections.values():
                for parameter in projection.learn:
                    gradient = getattr(gradients[projection.name], parameter)
                    RULES[parameter].update(projection.synapses, parameter, gradient, factor)
                table = projection.synapses
                np.clip(table.delay, 0.0, table.max_delay, out=table.delay)
            simulation.load(on_host)
    with simulate(on_device, backend, adam=RULES) as simulation:
        for events, factor in zip(batches, factors, strict=True):
            simulation.forward(events)
            simulation.accumulate(drive)
            simulation.learn(weight=factor, delay=factor)
        simulation.fetch(on_device)
        assert simulation.regrown > 0
    for name, projection in on_host.projections.items():
        found = on_device.projections[name].synapses
        np.testing.assert_allclose(found.weight, projection.synapses.weight, atol=1e-9)
        np.testing.assert_allclose(found.delay, projection.synapses.delay, atol=1e-9)
        assert set(found.state) == set(projection.synapses.state)
        for column, values in projection.synapses.state.items():
            np.testing.assert_allclose(found.state[column], values, atol=1e-9)


def test_device_goes_on_from_the_moments_of_the_host(backend):
    on_host, on_device = network(), network()
    optimiser = Optimiser(weight=RULES["weight"], delay=RULES["delay"])
    events, drive = batch(), np.ones((5, 5))
    for net in (on_host, on_device):
        with simulate(net, "native") as simulation:
            simulation.forward(events)
            optimiser.step(net, simulation.backward(drive))
    with simulate(on_host, "native") as simulation:
        simulation.forward(events)
        optimiser.step(on_host, simulation.backward(drive))
    with simulate(on_device, backend, adam=RULES) as simulation:
        simulation.forward(events)
        simulation.accumulate(drive)
        simulation.learn()
        simulation.fetch(on_device)
    for name, projection in on_host.projections.items():
        found = on_device.projections[name].synapses
        np.testing.assert_allclose(found.delay, projection.synapses.delay, atol=1e-9)
        np.testing.assert_allclose(found.weight, projection.synapses.weight, atol=1e-9)


def test_learning_on_the_device_is_asked_for_when_compiling(genn_cpu):
    with (
        simulate(KINDS["looped"](seed=3), genn_cpu) as simulation,
        pytest.raises(PlanError, match="adam="),
    ):
        simulation.learn()
    with pytest.raises(PlanError, match="did you mean 'delay'"):
        simulate(KINDS["looped"](seed=3), genn_cpu, adam={"delya": Adam(0.1)})


def test_half_way_delays_are_rounded_on_the_device_as_on_the_host(backend):
    """Gradients of zero leave the delays, and the device rounds them anew."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 6)
    delays = np.array([0.05, 0.15, 0.25, 0.35, 0.95, 1.04999])
    net.connect("input", "output", weight=1.0, delay=delays[None], max_delay=2.0, learn="delay")
    settings = {"gradient": gd.EventProp(), "readout": gd.readouts.VoltageTrace()}
    plan = make_plan(net, dt=0.1, steps=20, batch_size=1, precision="float32", **settings)
    arrived = {}
    for name, adam in (("reference", {}), (backend, {"adam": {"delay": Adam(0.1)}})):
        with get_backend(name).compile(plan, net, None, **adam) as simulation:
            output = simulation.forward(gd.Events([0.0], [0], [0], 1))
            if adam:
                simulation.accumulate(np.zeros_like(output))
                simulation.learn()
                output = simulation.forward(gd.Events([0.0], [0], [0], 1))
            arrived[name] = (output[0] != 0).argmax(axis=0)
    np.testing.assert_array_equal(arrived[backend], arrived["reference"])
    np.testing.assert_array_equal(arrived[backend] - 2, [0, 2, 2, 4, 10, 10])
