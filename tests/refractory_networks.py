"""Networks whose neurons are refractory: per neuron, alike, and beside others that are not."""

from __future__ import annotations

import numpy as np

import genn_delays as gd

Normal, Uniform = gd.init.Normal, gd.init.Uniform
STEPS = 80


def network(kind: str, longest: float = 7.0, soft: bool = False, seed: int = 3) -> gd.Network:
    """Two hidden populations with a refractory period and one without.

    Args:
        kind: "feedforward", "recurrent" (a population onto itself) or "looped" (over all).
        longest: periods in ms go from 0 to this; above STEPS the neuron spikes once.
        soft: resets take the threshold off, which the surrogate rule allows.
    """
    net = gd.Network(seed=seed)
    periods = np.linspace(0.0, longest, 21).round()
    varied = np.linspace(5.0, 25.0, 21)
    held = gd.LIF(tau_mem=varied, tau_syn=4.0, refractory=periods, soft_reset=soft)
    net.add_population("input", gd.Input(), 13)
    net.add_population("lif", held, 21)
    adaptive = gd.AdaptiveLIF(tau_mem=10.0, tau_syn=3.0, tau_adapt=40.0, b=0.4, refractory=3.0)
    net.add_population("adaptive", adaptive, 18)
    net.add_population("free", gd.LIF(tau_mem=12.0), 17)
    net.add_population("output", gd.LeakyReadout(), 5)
    net.connect("input", "lif", weight=Normal(0.8, 0.8), delay=Uniform(0, 20), max_delay=20)
    net.connect("input", "adaptive", weight=Normal(0.6, 0.6), delay=Uniform(0, 7), density=0.5)
    net.connect("lif", "adaptive", weight=Normal(0.4, 0.5), delay=Uniform(0, 9), max_delay=30)
    net.connect("lif", "free", weight=Normal(0.4, 0.5), delay=Uniform(0, 9))
    net.connect("adaptive", "output", weight=Normal(0, 0.5), delay=Uniform(0, 5))
    net.connect("free", "output", weight=Normal(0, 0.5), delay=Uniform(0, 5))
    net.connect("lif", "output", weight=Normal(0, 0.5), delay=Uniform(0, 5), density=0.7)
    wide = {"weight": Normal(0, 0.3), "delay": Uniform(0, 12)}
    if kind == "recurrent":
        net.connect("adaptive", "adaptive", **wide)
    if kind == "looped":
        net.connect("lif", "lif", **wide)
        net.connect("adaptive", "lif", density=0.5, **wide)
        net.connect("free", "lif", density=0.5, **wide)
    return net


KINDS = ("feedforward", "recurrent", "looped")
