"""Networks for the surrogate rule, with every feature at sizes that fill no vector evenly."""

from __future__ import annotations

import numpy as np

import genn_delays as gd

Normal, Uniform, Gaussian = gd.init.Normal, gd.init.Uniform, gd.kernels.Gaussian
STEPS = 30


def fcn24(sigma: float = 0.23, seed: int = 1) -> gd.Network:
    """Two-step inputs that spikes wipe, batch normalisation, dropout, no lag."""
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), 6)
    neuron = gd.DiscreteLIF(tau_mem=10.05, input_steps=2, wipe_input=True)
    net.add_population("hidden", neuron, 35, normalise=gd.BatchNorm(), dropout=0.4)
    net.add_population("output", gd.DiscreteReadout(tau_mem=10.05, input_steps=1), 5)
    delayed = {"max_delay": 24.0, "lag": 0, "kernel": Gaussian(sigma), "learn": ("weight", "delay")}
    net.connect("input", "hidden", weight=Normal(0, 1), delay=Uniform(0, 24), **delayed)
    net.connect("hidden", "output", weight=Normal(0, 1), delay=Uniform(0, 24), **delayed)
    return net


def dcls(seed: int = 2) -> gd.Network:
    """Two layers, one off at the end, several synapses per pair, connections that skip."""
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), 6)
    normal = {"normalise": gd.BatchNorm(), "tail": 7.0}
    net.add_population("first", gd.DiscreteLIF(tau_mem=10.0), 9, **normal)
    net.add_population("second", gd.DiscreteLIF(tau_mem=8.0), 7, dropout=0.3, bias=0.1)
    net.add_population("output", gd.DiscreteReadout(tau_mem=15.0), 4)
    delayed = {"delay": Uniform(0, 12), "max_delay": 12.0, "lag": 0, "kernel": Gaussian(3.0)}
    net.connect("input", "first", weight=Normal(0, 0.6), kernel_count=2, **delayed)
    net.connect("first", "second", weight=Normal(0, 0.5), kernel_count=2, **delayed)
    net.connect("second", "output", weight=Normal(0, 0.5), **delayed)
    net.connect("first", "output", weight=Normal(0, 0.5), delay=Uniform(0, 9), density=0.4)
    net.connect("first", "output", weight=Normal(0, 0.5), delay=2.0, density=0.2)
    return net


def rounded(seed: int = 3) -> gd.Network:
    """LIF neurons with exponential synapses and learnt time constants; delays are rounded."""
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), 6)
    soft = gd.LIF(tau_mem=8.0, tau_syn=3.0, soft_reset=True)
    net.add_population("lif", soft, 9, learn=("tau_mem", "tau_syn"))
    adaptive = gd.AdaptiveLIF(tau_mem=np.linspace(5, 9, 7), a=0.2, b=0.3)
    net.add_population("adaptive", adaptive, 7, bias=0.2, learn=("tau_mem", "tau_adapt", "bias"))
    net.add_population("output", gd.LeakyReadout(tau_mem=9.0), 5, learn=("tau_mem",))
    delayed = {"delay": Uniform(0, 12), "max_delay": 12.0}
    net.connect("input", "lif", weight=Normal(0.8, 1.5), density=0.7, **delayed)
    net.connect("lif", "adaptive", weight=Normal(0.5, 1), lag=0, **delayed)
    net.connect("lif", "output", weight=Normal(0, 1), **delayed)
    net.connect("adaptive", "output", weight=Normal(0, 1), lag=0, **delayed)
    return net


def looped(seed: int = 4) -> gd.Network:
    """A loop over two populations and one inside the first, delays beyond the trial."""
    net = rounded(seed)
    net.projections.pop("lif->adaptive")
    wide = {"delay": Uniform(0, 12), "max_delay": 12.0, "kernel": gd.kernels.Triangle(1.5)}
    net.connect("lif", "lif", weight=Normal(0, 0.4), **wide)
    net.connect("adaptive", "lif", weight=Normal(0, 0.4), density=0.5, **wide)
    net.connect("lif", "adaptive", weight=Normal(0.3, 0.4), delay=Uniform(0, 70), max_delay=70.0)
    net.connect("input", "adaptive", weight=Normal(0.3, 1), **wide)
    return net


def recurrent(seed: int = 5) -> gd.Network:
    """One population that feeds back on itself and is off at the end, with dropout."""
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), 6)
    neuron = gd.DiscreteLIF(tau_mem=np.full(9, 7.0), soft_reset=True)
    learn = {"tau_mem": (1.0, 70.0), "bias": (-1.0, 1.0)}
    net.add_population("hidden", neuron, 9, dropout=0.3, tail=4.0, bias=0.05, learn=learn)
    net.add_population("output", gd.DiscreteReadout(tau_mem=12.0), 3, bias=0.1, learn=("bias",))
    wide = {"delay": Uniform(0, 9), "max_delay": 9.0, "kernel": Gaussian(0.5)}
    net.connect("input", "hidden", weight=Normal(0.2, 0.5), **wide)
    net.connect("hidden", "hidden", weight=Normal(0, 0.3), **wide)
    net.connect("hidden", "output", weight=Normal(0, 1), **wide)
    return net


KINDS = {
    "fcn24": fcn24,
    "dcls": dcls,
    "rounded": rounded,
    "looped": looped,
    "recurrent": recurrent,
}


def batch(trials: int = 11, events: int = 700, graded: bool = False, seed: int = 1) -> gd.Events:
    """Random events for the 6 inputs, at dt = 1 ms."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(-0.5, 1.5, events) if graded else None
    unit, trial = rng.integers(0, 6, events), rng.integers(0, trials, events)
    return gd.Events(rng.uniform(0, STEPS, events), unit, trial, trials, value)
