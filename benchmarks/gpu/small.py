"""A few batches of a small network under both rules, for tools that slow a device down."""

from __future__ import annotations

import sys

import numpy as np

import genn_delays as gd
from gpu.networks import ADAM
from gpu.table import train

STEPS, TRIALS, EVENTS = 40, 4, 400


def network() -> gd.Network:
    """Two hidden populations, a loop, refractory neurons, delays from 0 on, sparse rows."""
    net = gd.Network(seed=1)
    normal, uniform = gd.init.Normal, gd.init.Uniform
    net.add_population("input", gd.Input(), 70)
    net.add_population("first", gd.LIF(tau_mem=10.0), 40)
    net.add_population("second", gd.LIF(tau_mem=8.0, refractory=2.0), 33)
    net.add_population("output", gd.LeakyReadout(), 5)
    options = {"delay": uniform(0, 12), "max_delay": 12.0, "learn": ("weight", "delay")}
    net.connect("input", "first", weight=normal(0.4, 0.3), **options)
    net.connect("first", "second", weight=normal(0.4, 0.4), density=0.3, **options)
    net.connect("second", "first", weight=normal(0.0, 0.3), density=0.3, **options)
    net.connect("second", "output", weight=normal(0.0, 0.5))
    return net


def main() -> None:
    """Train on the backend that is named, by default genn-cuda."""
    backend = sys.argv[1] if len(sys.argv) > 1 else "genn-cuda"
    rng = np.random.default_rng(1)
    batch = gd.Events(
        rng.uniform(0, STEPS, EVENTS),
        rng.integers(0, 70, EVENTS),
        rng.integers(0, TRIALS, EVENTS),
        TRIALS,
    )
    for rule in (gd.EventProp(), gd.Surrogate()):
        net, options = network(), {"gradient": rule, "backend": backend, "adam": ADAM}
        with gd.compile(net, steps=STEPS, batch_size=TRIALS, **options) as simulation:
            for _ in range(2):
                train(simulation, batch, np.arange(TRIALS))
            simulation.fetch(net)
            spikes = {
                name: int(simulation.spike_counts(name).sum()) for name in ("first", "second")
            }
            print(type(rule).__name__, spikes, flush=True)


if __name__ == "__main__":
    main()
