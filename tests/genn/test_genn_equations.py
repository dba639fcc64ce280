"""Neurons with a step map on GeNN, by EventProp: equal to the reference backend."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, WEIGHTS, batch, network
from test_equations_native import assert_same, simulate

import genn_delays as gd
from genn_delays.backends.genn import buffers
from genn_delays.support.errors import BackendError, PlanError
from genn_delays.training import Adam

pytestmark = pytest.mark.genn
OUTPUTS, GRADIENTS = 1e-9, 1e-7


def shape_of(kind: str) -> str:
    """Each kind in one shape, and each shape with several kinds: a model takes long to compile."""
    return ("looped", "recurrent", "feedforward")[list(WEIGHTS).index(kind) % 3]


@pytest.mark.parametrize("kind", WEIGHTS)
def test_genn_equals_reference_for_weights_delays_and_every_parameter(backend, kind):
    net, events = network(kind, shape_of(kind)), batch()
    reference = simulate(net, events, "reference")
    assert len(reference[2][0]) > 100
    assert all(np.any(column != 0) for column in reference[1].units["hidden"].values())
    assert_same(reference, simulate(net, events, backend), OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("kind", ["conductance", "delta"])
def test_without_anything_learnt_and_with_graded_input_and_first_spikes_too(backend, kind):
    net, events = network(kind, "recurrent", learn=False), batch(graded=True)
    readout = gd.readouts.FirstSpike(population="hidden")
    results = [simulate(net, events, b, readout=readout) for b in ("reference", backend)]
    assert_same(*results, OUTPUTS, GRADIENTS)


def test_a_voltage_that_arrivals_jump_is_read_by_the_loss(backend):
    net, events = network("delta", "recurrent"), batch()
    readout = gd.readouts.ExponentialMeanVoltage(population="hidden")
    results = [simulate(net, events, b, readout=readout) for b in ("reference", backend)]
    assert_same(*results, OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("kind", ["delta", "driven"])
def test_a_tape_that_was_too_short_gives_the_same_once_it_is_longer(backend, kind, monkeypatch):
    net, events = network(kind, shape_of(kind)), batch()
    long = simulate(net, events, backend)
    monkeypatch.setattr(buffers, "INITIAL_SPIKES", 1)
    assert_same(long, simulate(net, events, backend), outputs=0.0, gradients=0.0)


def test_parameters_that_training_changed_are_taken_over_by_load(backend):
    """Entries that were 0 when the network was compiled are learnt too."""
    net, events = network("adex"), batch()
    columns = net.populations["hidden"].units.columns
    kept, results = {name: column.copy() for name, column in columns.items()}, []
    for name in ("reference", backend):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=name, precision="float64"
        ) as simulation:
            before = simulation.forward(events)
            for parameter, column in columns.items():
                column *= 1.03 if parameter != "V_r" else 0.0
            simulation.load(net)
            outputs = simulation.forward(events)
            assert np.any(outputs != before)
            results.append((outputs, simulation.backward(np.ones_like(outputs)), []))
            for parameter, column in kept.items():
                columns[parameter][:] = column
    assert_same(*results, OUTPUTS, GRADIENTS)


def test_a_state_that_is_not_finite_is_named_with_its_unit_and_time(backend):
    net = network("adex", "recurrent")
    net.projections["input->hidden"].synapses.weight[:] *= 1e4
    messages = []
    for name in ("reference", backend):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=name, precision="float64"
        ) as simulation:
            with pytest.raises(BackendError, match=r"'hidden': the state of unit") as found:
                simulation.forward(batch())
            messages.append(str(found.value))
            assert np.all(np.isfinite(simulation.forward(gd.Events([], [], [], 5))))
    assert messages[0] == messages[1]


def test_correlations_are_those_of_the_input_state_of_the_projection(backend):
    net, events = network("delta", "recurrent"), batch()
    rng = np.random.default_rng(3)
    pre, post, first = rng.integers(0, 13, 50), rng.integers(0, 21, 50), rng.integers(0, 9, 50)
    found = []
    for name in ("reference", backend):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=name, precision="float64"
        ) as simulation:
            simulation.backward(np.ones_like(simulation.forward(events)))
            names = [n for n in net.projections if n.startswith("input->hidden")]
            assert len(names) == 2
            found.append([simulation.correlation(n, pre, post, first, 4) for n in names])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, atol=GRADIENTS * np.abs(one).max(), rtol=0)


def test_adam_on_the_device_refuses_parameters_of_neurons(genn_cpu):
    rules = {"weight": Adam(1e-3)}
    with pytest.raises(PlanError, match=r"adam=: population 'hidden' learns E, .*host's optimiser"):
        gd.compile(network("adex"), steps=9, backend=genn_cpu, adam=rules)


def test_powers_and_the_second_derivative_of_exprel_are_those_of_the_reference(backend):
    """The functions of a program that no other network here calls."""
    neuron = gd.Equations(
        "dV/dt = (-exprel(V)*V + 0.1*(1 + V**2)**1.3 + I)/tau\ndI/dt = -I/4",
        threshold="V >= 0.5",
        reset="V = 0",
        method="exponential_euler",
        parameters={"tau": 6.0},
    )
    net, events = network("", neuron=neuron), batch()
    reference = simulate(net, events, "reference")
    assert len(reference[2][0]) > 100
    assert_same(reference, simulate(net, events, backend), OUTPUTS, GRADIENTS)
