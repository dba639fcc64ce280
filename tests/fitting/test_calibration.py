"""Weights that make neurons fire: from theory, and by measuring on one batch."""

from __future__ import annotations

import networks
import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import NetworkError


def rate_of(neuron, hz, input_hz=10.0, inputs=400, density=1.0, spread=1.0):
    """Rate of 100 such neurons under Poisson input, in Hz."""
    net, rng = gd.Network(seed=2), np.random.default_rng(3)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", neuron, 100)
    net.add_population("output", gd.LeakyReadout(), 1)
    weight = gd.init.Rate(hz, input_hz=input_hz, spread=spread)
    net.connect("input", "hidden", weight=weight, density=density)
    net.connect("hidden", "output", weight=0.1)
    count = rng.poisson(inputs * input_hz * 4)
    time, unit = rng.uniform(0, 1000, count), rng.integers(0, inputs, count)
    with gd.compile(net, steps=1000, batch_size=4) as sim:
        sim.forward(gd.Events(time, unit, rng.integers(0, 4, count), 4))
        return sim.spike_counts("hidden").mean()


@pytest.mark.parametrize(
    ("neuron", "options"),
    [
        (gd.LIF(), {"hz": 20}),
        (gd.LIF(), {"hz": 60, "spread": 0.3}),
        (gd.LIF(tau_mem=10.0, tau_syn=3.0, threshold=2.5), {"hz": 20, "density": 0.25}),
        (gd.LIF(refractory=5.0), {"hz": 40, "input_hz": 4.0, "inputs": 800}),
        (gd.LIF(tau_mem=np.linspace(10.0, 30.0, 100)), {"hz": 25}),
    ],
)
def test_rate_gives_weights_that_fire_at_about_the_wanted_rate(neuron, options):
    assert rate_of(neuron, **options) == pytest.approx(options["hz"], rel=0.25)


def test_rate_refuses_neurons_that_it_has_no_theory_of():
    net = gd.Network()
    net.add_population("input", gd.Input(), 5)
    net.add_population("readout", gd.LeakyReadout(), 5)
    net.add_population("adaptive", gd.AdaptiveLIF(), 5)
    net.add_population("hidden", gd.LIF(refractory=5.0), 5)
    for name in ("readout", "adaptive"):
        with pytest.raises(NetworkError, match=r"is none; give other weights"):
            net.connect("input", name, weight=gd.init.Rate(20))
    with pytest.raises(NetworkError, match="no weights make its neurons fire at 300 Hz"):
        net.connect("input", "hidden", weight=gd.init.Rate(300))
    with pytest.raises(NetworkError, match="draws weights only"):
        net.connect("input", "hidden", weight=1.0, delay=gd.init.Rate(20))
    with pytest.raises(NetworkError, match=r"Rate\(hz=0\)"):
        gd.init.Rate(0)


def data_of(batch, duration=80.0):
    trials = {"time": batch.time, "unit": batch.unit, "trial": batch.trial}
    labels = np.arange(batch.trials) % 5
    splits = {"train": (trials, labels)}
    return gd.Dataset.from_arrays(splits, units=13, duration=duration, classes=5)


@pytest.mark.parametrize("kind", networks.KINDS)
def test_calibrate_scales_the_weights_of_every_population_to_its_rate(kind):
    network, data = networks.KINDS[kind](), data_of(networks.batch(trials=20, events=4000))
    before = {name: p.synapses.weight.copy() for name, p in network.projections.items()}
    rates = gd.calibrate(network, data, {"lif": 30.0, "adaptive": 15.0}, batch_size=20)
    if kind != "looped":  # there the second population moves the first
        assert rates["lif"] == pytest.approx(30.0, rel=0.06)
    assert rates["adaptive"] == pytest.approx(15.0, rel=0.06)
    for name, projection in network.projections.items():
        factor = projection.synapses.weight / before[name]
        assert np.ptp(factor) < 1e-9
        assert (abs(factor[0] - 1.0) > 1e-3) == (projection.post.name != "output")


def test_calibrate_wakes_a_silent_network():
    network, data = networks.feedforward(), data_of(networks.batch(trials=20, events=4000))
    for projection in network.projections.values():
        projection.synapses.weight *= 1e-3
    rates = gd.calibrate(network, data, 20.0)
    assert all(rate == pytest.approx(20.0, rel=0.06) for rate in rates.values())


def test_weights_that_cannot_drive_a_population_are_named_and_left_as_they_were():
    network, data = networks.feedforward(), data_of(networks.batch(trials=20, events=4000))
    table = network.projections["input->lif"].synapses
    table.weight[:] = -np.abs(table.weight)
    before = table.weight.copy()
    with pytest.raises(NetworkError, match="no weights make 'lif' fire at 20 Hz"):
        gd.calibrate(network, data, 20.0)
    np.testing.assert_array_equal(table.weight, before)
    with pytest.raises(NetworkError, match="'output' never spikes"):
        gd.calibrate(network, data, {"output": 20.0})
    with pytest.raises(NetworkError, match="less than a spike per step"):
        gd.calibrate(network, data, 1000.0)
