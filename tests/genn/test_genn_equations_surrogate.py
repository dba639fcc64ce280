"""Neurons with a step map on GeNN, by the surrogate rule: equal to the reference backend."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, WEIGHTS, batch, network, with_kernels
from hypothesis import assume, given, settings
from loaded_models import held
from shipped_neurons import AS_CASES, LINEAR, READOUTS, run, shipped
from test_equations_native import FEW, MOST, assert_same, columns_of, systems
from test_equations_native import simulate as simulate_eventprop
from test_equations_surrogate_native import simulate

import genn_delays as gd
from genn_delays.declaration.neurons import NAMED
from genn_delays.support.errors import BackendError, PlanError
from genn_delays.training import Adam

pytestmark = pytest.mark.genn
OUTPUTS, GRADIENTS = 1e-9, 1e-7


def check(net, events, backend, **options) -> None:
    """GeNN gives what the reference does, and there is something to give."""
    reference = simulate(net, events, "reference", **options)
    assert len(reference[2][0]) > 100
    assert_same(reference, simulate(net, events, backend, **options), OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("rule", ["surrogate", "eventprop"])
def test_every_neuron_that_ships_equals_the_reference(backend, rule, recurrent):
    """Weights, delays, initial states and all parameters, by both rules."""
    assert {*AS_CASES, *LINEAR, *READOUTS, "equations"} == set(NAMED)
    surrogate = gd.Surrogate(slope=2.0, detach_reset=recurrent)
    rule = surrogate if rule == "surrogate" else gd.EventProp()
    net = shipped(rule, recurrent)
    read = "discrete_readout" if recurrent and rule is surrogate else "leaky_readout"
    reference = run(net, rule, "reference", read)
    assert min(map(len, reference[2])) > 10
    learning = [name for name, p in net.populations.items() if p.learn and p.neuron.spiking]
    for name in (*learning, read):
        assert all(np.any(column != 0) for column in reference[1].units[name].values())
    assert_same(reference, run(net, rule, backend, read), OUTPUTS, GRADIENTS)


@pytest.mark.parametrize(("kind", "detach"), [("clipped", False), ("delta", True)])
def test_genn_equals_reference_with_loops_over_several_populations(backend, kind, detach):
    check(network(kind, "looped"), batch(), backend, detach_reset=detach)


@pytest.mark.slow
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("shape", ["feedforward", "recurrent", "looped"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_every_shape_of_every_kind_equals_the_reference(backend, kind, shape, detach):
    check(network(kind, shape), batch(), backend, detach_reset=detach)


def linear() -> gd.Network:
    """Neurons of matrices whose time constants are learnt, and nothing else of them but a bias."""
    net, drawn = gd.Network(seed=2), gd.init.Normal
    several, rng = {"tau_mem": (2.0, 60.0), "tau_syn": (2.0, 60.0)}, np.random.default_rng(4)
    net.add_population("input", gd.Input(), 13)
    held = gd.LIF(tau_mem=rng.uniform(8, 20, 21), tau_syn=4.0, refractory=2.0)
    bias = rng.normal(0.1, 0.1, 21)
    net.add_population("hidden", held, 21, learn=["bias", *several], bias=bias, dropout=0.2)
    grid = gd.DiscreteLIF(tau_mem=9.0, input_steps=2, wipe_input=True)
    net.add_population("lif", grid, 18, learn={"tau_mem": (1.0, 50.0)}, tail=4.0)
    net.add_population("output", gd.LeakyReadout(), 5, learn=several)
    wide = {"delay": gd.init.Uniform(0, 9), "max_delay": 12.0}
    net.connect("input", "hidden", weight=drawn(0.5, 0.5), lag=0, **wide)
    net.connect("hidden", "hidden", weight=drawn(0.0, 0.3), **wide)
    net.connect("hidden", "lif", weight=drawn(0.3, 0.3), kernel=gd.kernels.Gaussian(1.5), **wide)
    for name in ("hidden", "lif"):
        net.connect(name, "output", weight=drawn(0.0, 0.5), **wide)
    return net


@pytest.mark.parametrize("detach", [True, False])
def test_time_constants_of_linear_neurons_are_learnt(backend, detach):
    """On the grid and off it, one for all units or each its own, held, behind kernels and lag 0."""
    masks = {"hidden": (np.arange(5 * 21).reshape(5, 21) % 5 > 0) / 0.8}
    check(linear(), batch(), backend, masks=masks, detach_reset=detach)


def test_delay_kernels_bring_spikes_to_each_of_several_input_states(backend):
    net, events = with_kernels("conductance", "looped", 2.0), batch()
    check(net, events, backend, detach_reset=False)


def test_float32_stays_near_float64(backend):
    net, events = network("conductance", "recurrent"), batch(graded=True)
    double = simulate(net, events, "reference")
    single = simulate(net, events, backend, precision="float32")
    assert_same(double, single, outputs=1e-4, gradients=1e-3)


def compiled(net, backend):
    options = {"steps": STEPS, "batch_size": 5, "precision": "float64"}
    return gd.compile(net, gradient=gd.Surrogate(), backend=backend, **options)


def test_parameters_that_training_changed_are_taken_over_by_load(backend):
    """Entries that were 0 when the network was compiled are learnt too."""
    net, events = network("adex"), batch()
    columns = net.populations["hidden"].units.columns
    kept, results = {name: column.copy() for name, column in columns.items()}, []
    for name in ("reference", backend):
        with compiled(net, name) as simulation:
            before = simulation.forward(events)
            for parameter, column in columns.items():
                column *= 1.03 if parameter != "V_r" else 0.0
            simulation.load(net)
            outputs = simulation.forward(events)
            assert np.any(outputs != before)
            spikes = [simulation.spikes("hidden")]
            results.append((outputs, simulation.backward(np.ones_like(outputs)), spikes))
            for parameter, column in kept.items():
                columns[parameter][:] = column
    assert_same(*results, OUTPUTS, GRADIENTS)


def test_a_state_that_is_not_finite_is_named_with_its_unit_and_time(backend):
    net, messages = network("adex", "recurrent"), []
    net.projections["input->hidden"].synapses.weight[:] *= 1e4
    for name in ("reference", backend):
        with compiled(net, name) as simulation:
            with pytest.raises(BackendError, match=r"'hidden': the state of unit") as found:
                simulation.forward(batch())
            messages.append(str(found.value))
            assert np.all(np.isfinite(simulation.forward(gd.Events([], [], [], 5))))
    assert messages[0] == messages[1]


def test_correlations_are_those_of_the_input_state_of_the_projection(backend):
    """In a model that keeps adjoints of each; what it takes is counted."""
    net, events, found = network("delta", "recurrent"), batch(), []
    rng = np.random.default_rng(3)
    pre, post, first = rng.integers(0, 13, 50), rng.integers(0, 21, 50), rng.integers(0, 9, 50)
    names = [n for n in net.projections if n.startswith("input->hidden")]
    assert len(names) == 2
    for name in ("reference", backend):
        with compiled(net, name) as simulation:
            simulation.backward(np.ones_like(simulation.forward(events)))
            found.append([simulation.correlation(n, pre, post, first, 4) for n in names])
            assert name == "reference" or simulation.memory() == held(simulation)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, atol=GRADIENTS * np.abs(one).max(), rtol=0)


@pytest.mark.parametrize(("make", "learnt"), [(lambda: network("adex"), "E, "), (linear, "bias")])
def test_adam_on_the_device_refuses_parameters_of_neurons(genn_cpu, make, learnt):
    rules = {"weight": Adam(1e-3)}
    with pytest.raises(PlanError, match=rf"adam=: .*'hidden' learns {learnt}.*host's optimiser"):
        gd.compile(make(), gradient=gd.Surrogate(), steps=9, backend=genn_cpu, adam=rules)


def check_system(backend: str, neuron: gd.Equations, rule: str) -> None:
    """A random system of equations; what runs away is left to another."""
    net, events = network("", "recurrent", neuron=neuron), batch(trials=3, events=200)
    run_it = simulate if rule == "surrogate" else simulate_eventprop
    options = {"detach_reset": False} if rule == "surrogate" else {}
    try:
        reference = run_it(net, events, "reference", **options)
    except BackendError:
        assume(False)
    assume(max(np.abs(column).max() for column in columns_of(reference[1]).values()) < MOST)
    found = run_it(net, events, backend, **options)
    assert_same(reference, found, OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("rule", ["surrogate", "eventprop"])
@settings(max_examples=2, **FEW)
@given(neuron=systems())
def test_random_systems_of_equations_equal_the_reference(genn_cpu, rule, neuron):
    check_system(genn_cpu, neuron, rule)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["surrogate", "eventprop"])
@settings(max_examples=30, **FEW)
@given(neuron=systems())
def test_thirty_random_systems_of_equations_equal_the_reference(genn_cpu, rule, neuron):
    check_system(genn_cpu, neuron, rule)
