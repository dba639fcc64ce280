"""Random networks and batches that several tests share."""

from __future__ import annotations

import numpy as np

import genn_delays as gd

Normal, Uniform = gd.init.Normal, gd.init.Uniform


def feedforward(seed: int = 0) -> gd.Network:
    """Two hidden populations, a skip connection, sparse and double projections.

    Sizes are no multiples of a vector's lanes; delays reach 0 and the largest.
    """
    net = gd.Network(seed=seed)
    tau_mem = np.random.default_rng(seed).uniform(5.0, 25.0, 21)
    net.add_population("input", gd.Input(), 13)
    net.add_population("lif", gd.LIF(tau_mem=tau_mem, tau_syn=4.0), 21)
    adaptive = gd.AdaptiveLIF(tau_mem=10.0, tau_syn=3.0, tau_adapt=40.0, a=0.3, b=0.4)
    net.add_population("adaptive", adaptive, 18)
    net.add_population("output", gd.LeakyReadout(), 5)
    first = net.connect("input", "lif", weight=Normal(0.6, 0.8), delay=Uniform(0, 20), max_delay=20)
    first.synapses.delay[:2] = 0.0, 20.0
    net.connect("input", "adaptive", weight=Normal(0.4, 0.6), delay=Uniform(0, 7), density=0.5)
    net.connect("lif", "adaptive", weight=Normal(0.3, 0.5), delay=Uniform(0, 9), max_delay=30)
    net.connect("lif", "adaptive", weight=Normal(0.3, 0.5))
    net.connect("adaptive", "output", weight=Normal(0.0, 0.5), delay=Uniform(0, 5))
    net.connect("lif", "output", weight=Normal(0.0, 0.5), delay=Uniform(0, 5), density=0.7)
    return net


def recurrent(seed: int = 0) -> gd.Network:
    """The feedforward network with one population onto itself."""
    net = feedforward(seed)
    net.connect("adaptive", "adaptive", weight=Normal(0.0, 0.3), delay=Uniform(0, 12))
    return net


def looped(seed: int = 0) -> gd.Network:
    """The feedforward network with a loop over both hidden populations."""
    net = feedforward(seed)
    net.connect("lif", "lif", weight=Normal(0.0, 0.3), delay=Uniform(0, 12))
    net.connect("adaptive", "lif", weight=Normal(0.0, 0.3), delay=Uniform(0, 12), density=0.5)
    return net


def chain(weight: float, hidden: int, inputs: int, outputs: int) -> gd.Network:
    """One hidden population of fast neurons, which spike often where the weight is large."""
    net = gd.Network()
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.LIF(tau_mem=2.0, tau_syn=2.0), hidden)
    net.add_population("output", gd.LeakyReadout(), outputs)
    net.connect("input", "hidden", weight=weight)
    net.connect("hidden", "output", weight=1.0)
    return net


KINDS = {"feedforward": feedforward, "recurrent": recurrent, "looped": looped}


def batch(
    trials: int = 5, steps: int = 80, events: int = 300, graded: bool = False, seed: int = 1
) -> gd.Events:
    """Random events for the 13 inputs, at dt = 1 ms."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(0.2, 1.5, events) if graded else None
    return gd.Events(
        rng.uniform(0, steps, events),
        rng.integers(0, 13, events),
        rng.integers(0, trials, events),
        trials,
        value,
    )
