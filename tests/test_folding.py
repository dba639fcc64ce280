"""A folded network predicts what the original does in evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, with_kernels
from equation_networks import batch as equation_batch
from folded_networks import normalised
from networks import KINDS, batch

import genn_delays as gd
from genn_delays.declaration.folding import fold


@pytest.fixture
def network() -> gd.Network:
    return normalised()


def evaluate(
    network: gd.Network, events: gd.Events | None = None
) -> tuple[np.ndarray, list[gd.Events]]:
    """Voltages of the output in evaluation, and spikes of both hidden populations."""
    with gd.compile(
        network,
        gradient=gd.Surrogate(),
        readout=gd.readouts.VoltageTrace(population="output"),
        steps=80,
        batch_size=5,
        backend="reference",
        precision="float64",
    ) as simulation:
        outputs = simulation.forward(events or batch(), training=False)
        return outputs, [simulation.spikes(name) for name in ("hidden", "second")]


def test_a_folded_network_predicts_the_same(network):
    expected, spikes = evaluate(network)
    found, folded_spikes = evaluate(fold(network))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    for one, other in zip(spikes, folded_spikes, strict=True):
        assert len(one) > 50
        np.testing.assert_array_equal(one.time, other.time)
        np.testing.assert_array_equal(one.unit, other.unit)


def test_each_of_several_input_states_gets_what_it_got_and_only_the_first_is_normalised():
    net = with_kernels("conductance", "feedforward", 2.0, normalise=gd.BatchNorm())
    units, rng = net.populations["hidden"].units, np.random.default_rng(2)
    for name, column in (
        ("gain", rng.uniform(0.03, 0.07, 21)),
        ("bias", rng.normal(0.1, 0.02, 21)),
        ("running_mean", rng.normal(0.5, 0.1, 21)),
        ("E_e", rng.uniform(2.5, 3.5, 21)),
    ):
        units.columns[name][:] = column
    found = []
    for each in (net, fold(net)):
        options = {"steps": STEPS, "batch_size": 5, "precision": "float64"}
        with gd.compile(
            each, gradient=gd.Surrogate(), backend="reference", **options
        ) as simulation:
            outputs = simulation.forward(equation_batch(), training=False)
            found.append((outputs, len(simulation.spikes("hidden"))))
    assert found[0][1] == found[1][1] > 100
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=0, atol=1e-12)


def test_nothing_of_the_training_is_left_and_nothing_is_shared(network):
    folded = fold(network)
    assert folded.seed == network.seed
    assert all(p.normalise is None and not p.dropout for p in folded.populations.values())
    assert all(p.kernel is None for p in folded.projections.values())
    network.populations["hidden"].units.tau_mem[:] = 7.0
    assert folded.populations["hidden"].neuron.tau_mem[0] == 6.0
    assert not folded.populations["input"].units.columns
    for name, projection in network.projections.items():
        copied = folded.projections[name]
        assert (copied.lag, copied.target) == (projection.lag, projection.target)
        assert copied.post is folded.populations[projection.post.name]
        np.testing.assert_array_equal(copied.synapses.delay, projection.synapses.delay)
        assert not np.shares_memory(copied.synapses.delay, projection.synapses.delay)
        assert not np.shares_memory(copied.synapses.weight, projection.synapses.weight)


def test_without_anything_to_fold_weights_keep_every_bit():
    network = KINDS["looped"](seed=3)
    for name, projection in fold(network).projections.items():
        expected = network.projections[name].synapses
        np.testing.assert_array_equal(projection.synapses.weight, expected.weight)
        np.testing.assert_array_equal(projection.synapses.post, expected.post)
