"""Networks whose synapses share weights and delays, or take delays from positions."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

import genn_delays as gd

Normal, Uniform = gd.init.Normal, gd.init.Uniform
STEPS, TRIALS = 30, 3
INPUT = "input->first"
LOOP = "first->first"


def tied(kernel: gd.kernels.DelayKernel | None = None, seed: int = 2) -> gd.Network:
    """Keys of every kind, in a loop, parallel synapses and sparse wiring."""
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), 4)
    net.add_population("first", gd.LIF(tau_mem=8.0, tau_syn=3.0, soft_reset=True), 6)
    net.add_population("output", gd.LeakyReadout(tau_mem=9.0), 3)
    delayed = {"delay": Uniform(0.5, 6), "max_delay": 7.0, "learn": ("weight", "delay")}
    delayed["kernel"] = kernel
    relation = np.arange(24).reshape(4, 6) % 5 * 7 - 3
    shares = [
        ("input", "first", {"density": 0.8}, {"weight": relation, "delay": "pre"}),
        ("first", "first", {"kernel_count": 2}, {"weight": np.arange(72) // 3, "delay": "post"}),
        ("first", "output", {}, {"delay": lambda pre, post: pre % 2 + 2 * (post > 0)}),
        ("input", "output", {"density": 0.0}, {"weight": "all", "delay": "all"}),
    ]
    for pre, post, wiring, share in shares:
        net.connect(pre, post, weight=Normal(0.7, 0.8), share=share, **wiring, **delayed)
    return net


def placed(kernel: gd.kernels.DelayKernel | None = None, seed: int = 3) -> gd.Network:
    """Delays of distance into, within and out of one population; some beyond the largest."""
    net = gd.Network(seed=seed)
    where = {"position": (Uniform(0, 6), Uniform(0, 6)), "learn": ("position",)}
    net.add_population("input", gd.Input(), 4, **where)
    where["learn"] = ("position", "tau_mem") if kernel else ("position",)
    net.add_population("first", gd.LIF(tau_mem=8.0, tau_syn=3.0, soft_reset=True), 6, **where)
    net.add_population("output", gd.LeakyReadout(tau_mem=9.0), 3, position=np.ones((3, 2)))
    for pre, post, speed in (("input", "first", 0.9), ("first", "first", 1.3)):
        net.connect(
            pre,
            post,
            weight=Normal(0.7, 0.8),
            delay=gd.Distance(speed),
            max_delay=4.0,
            kernel=kernel,
        )
    net.connect("first", "output", weight=1.0, delay=gd.Distance(), max_delay=9.0, kernel=kernel)
    return net


def untied(network: gd.Network) -> gd.Network:
    """The same values, and nothing shared."""
    copy = deepcopy(network)
    for projection in copy.projections.values():
        projection.synapses.ties.clear()
    return copy


def batch(seed: int = 5) -> gd.Events:
    rng = np.random.default_rng(seed)
    time, trial = rng.uniform(0, STEPS - 1, 120), rng.integers(0, TRIALS, 120)
    return gd.Events(time, rng.integers(0, 4, 120), trial, TRIALS, rng.uniform(0.2, 1.5, 120))


def gradients(network: gd.Network, rule=None, backend: str = "reference", **options):
    """Outputs and gradients of one batch."""
    settings = {"steps": STEPS, "batch_size": TRIALS, "precision": "float64"} | options
    readout = gd.readouts.MeanVoltage()
    with gd.compile(
        network, gradient=rule, readout=readout, backend=backend, **settings
    ) as simulation:
        outputs = simulation.forward(batch())
        return outputs, simulation.backward(np.random.default_rng(7).normal(size=outputs.shape))
