"""Recordings are what the reference engine computes."""

from __future__ import annotations

import folded_networks
import networks
import numpy as np
import pytest
import refractory_networks

import genn_delays as gd
from genn_delays.support.errors import NetworkError, PlanError

CASES = {
    "looped": (networks.looped, gd.EventProp()),
    "refractory": (lambda: refractory_networks.network("recurrent"), gd.EventProp()),
    "normalised": (folded_networks.normalised, gd.Surrogate()),
    "lagless": (folded_networks.lagless, gd.Surrogate(function="sigmoid")),
}


@pytest.mark.parametrize("kind", CASES)
def test_voltages_and_spikes_are_those_of_the_reference_engine(kind):
    make, gradient = CASES[kind]
    network, batch = make(), networks.batch()
    found = gd.record(network, batch, duration=80.0, gradient=gradient, precision="float64")
    assert list(found) == list(network.populations)
    arguments = {"dt": 1.0, "steps": 80, "batch_size": 5, "precision": "float64"}
    with gd.compile(network, gradient=gradient, backend="reference", **arguments) as sim:
        sim.forward(batch, training=False)
        for k, p in enumerate(sim.plan.populations):
            np.testing.assert_allclose(found[p.name].spikes, sim.sent[k].transpose(1, 0, 2))
            if not p.is_input:
                voltage = sim.voltage(k) if callable(sim.voltage) else sim.voltage[k]
                np.testing.assert_allclose(found[p.name].voltage, voltage.transpose(1, 0, 2))


def test_a_current_decays_by_its_time_constant_after_an_arrival():
    network = gd.Network()
    network.add_population("input", gd.Input(), 1)
    network.add_population("output", gd.LeakyReadout(tau_mem=20.0, tau_syn=5.0), 1)
    network.connect("input", "output", weight=0.5, delay=3.0)
    batch = gd.Events([2.0], [0], [0], 1)
    found = gd.record(network, batch, "output", duration=20.0, precision="float64")["output"]
    expected = np.where(found.time >= 6.0, 0.5 * np.exp(-(found.time - 6.0) / 5.0), 0.0)
    np.testing.assert_allclose(found.current[0, :, 0], expected)
    assert found.spikes.sum() == 0.0


def test_an_unknown_population_names_the_nearest_and_large_recordings_are_refused(monkeypatch):
    network, batch = networks.feedforward(), networks.batch()
    with pytest.raises(NetworkError, match="did you mean 'lif'"):
        gd.record(network, batch, "liff", duration=80.0)
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    with pytest.raises(PlanError, match="recording of population 'lif' would take"):
        gd.record(network, batch, "lif", duration=8000.0)
