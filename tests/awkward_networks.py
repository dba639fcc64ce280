"""A network that a file has trouble with."""

from __future__ import annotations

import numpy as np

import genn_delays as gd


def awkward_network() -> gd.Network:
    """Names with slashes, per-neuron parameters, two tables for one pair."""
    network = gd.Network(seed=11)
    network.add_population("input/left", gd.Input(), 3)
    network.add_population("b", gd.AdaptiveLIF(tau_mem=np.array([5.0, 7.1]), b=0.1), 2)
    network.add_population("a", gd.LeakyReadout(tau_mem=1 / 3), 2)
    weight = gd.init.Normal(0, 1)
    network.connect(
        "input/left",
        "b",
        weight=weight,
        delay=gd.init.Uniform(0, 3),
        max_delay=4.0,
        density=0.5,
        learn=("weight", "delay"),
    )
    network.connect("b", "b", weight=weight, delay=1.0, learn=())
    network.connect("b", "a", weight=weight)
    network.connect("b", "a", weight=weight, pairs=(np.zeros(0, int), np.zeros(0, int)))
    for number, projection in enumerate(network.projections.values()):
        projection.synapses.attach("weight_adam_m")[:] = 1e-17 * (number + 1) / 3.0
    return network
