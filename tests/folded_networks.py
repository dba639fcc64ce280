"""Networks with what only the surrogate rule has, for several tests; see networks.batch."""

from __future__ import annotations

import numpy as np

import genn_delays as gd

Normal, Uniform = gd.init.Normal, gd.init.Uniform


def normalised(tail: float = 5.0) -> gd.Network:
    """Batch normalisation, a bias, dropout, kernels, a tail, learnt time constants, lag 0."""
    net, rng = gd.Network(seed=3), np.random.default_rng(3)
    net.add_population("input", gd.Input(), 13)
    hidden = net.add_population(
        "hidden",
        gd.DiscreteLIF(tau_mem=8.0, threshold=0.8),
        9,
        normalise=gd.BatchNorm(eps=1e-3),
        dropout=0.3,
        tail=tail,
        learn={"tau_mem": (1.0, 80.0)},
    )
    net.add_population("second", gd.LIF(tau_mem=9.0), 7, bias=rng.normal(0.2, 0.1, 7))
    net.add_population("output", gd.DiscreteReadout(), 4, normalise=gd.BatchNorm())
    kernel = gd.kernels.Gaussian(2.0)
    net.connect(
        "input", "hidden", weight=Normal(0.4, 0.5), delay=Uniform(0, 9), kernel=kernel, lag=0
    )
    net.connect("hidden", "second", weight=Normal(0.4, 0.5), delay=Uniform(0, 5))
    net.connect("second", "output", weight=Normal(0.0, 0.5), kernel_count=2)
    net.connect("hidden", "output", weight=Normal(0.0, 0.5), density=0.5)
    for population in (hidden, net.populations["output"]):
        units = population.units
        for name, values in (
            ("gain", rng.normal(1.0, 0.4, len(units))),
            ("bias", rng.normal(0.0, 0.2, len(units))),
            ("running_mean", rng.normal(0.3, 0.2, len(units))),
            ("running_variance", rng.uniform(0.3, 2.0, len(units))),
        ):
            units.columns[name][:] = values
    hidden.units.tau_mem[:] = 6.0
    return net


def lagless(
    kernel: gd.kernels.DelayKernel | None = None, learn: tuple[str, ...] = ("bias",)
) -> gd.Network:
    """Lags 0 and 1 into one population, a loop behind them, a bias, dropout and tails."""
    net, rng = gd.Network(seed=5), np.random.default_rng(5)
    hidden = gd.DiscreteLIF(tau_mem=rng.uniform(4.0, 9.0, 9), threshold=0.9, soft_reset=True)
    late = gd.DiscreteLIF(tau_mem=6.0, input_steps=2, wipe_input=True)
    bias = rng.normal(0.1, 0.1, 9)
    net.add_population("input", gd.Input(), 13)
    net.add_population("hidden", hidden, 9, bias=bias, dropout=0.3, tail=3.0, learn=learn)
    net.add_population("late", late, 8, dropout=0.2, tail=5.0)
    net.add_population("output", gd.DiscreteReadout(tau_mem=15.0), 5, bias=0.1)
    weight, delay = Normal(0.6, 0.6), Uniform(0, 6)
    options = {"delay": delay, "max_delay": 6.0}
    net.connect("input", "hidden", weight=weight, lag=0, kernel=kernel, **options)
    net.connect("input", "late", weight=weight, kernel=kernel, **options)
    net.connect("hidden", "late", weight=weight, delay=Uniform(0, 4), lag=0, kernel_count=2)
    net.connect("late", "late", weight=Normal(0.0, 0.3), kernel=kernel, **options)
    net.connect("late", "output", weight=Normal(0.0, 0.5), delay=Uniform(0, 3), lag=0)
    net.connect("hidden", "output", weight=Normal(0.0, 0.5), **options)
    for projection in net.projections.values():
        table = projection.synapses
        table.delay[:2] = 0.0, table.max_delay
    return net
