"""Sparse networks and stand-ins for simulations that rewiring tests share."""

from __future__ import annotations

import numpy as np

import genn_delays as gd
from genn_delays.backends.gradient import Gradient
from genn_delays.rewiring import Now
from genn_delays.training.schedules import Progress


class Unlimited:
    """As much of a simulation as rules without gradients ask for."""

    def __init__(self, row: int | None = None) -> None:
        self.row = row

    def row_limit(self, projection: str) -> int | None:
        return self.row


def sparse(density: float = 0.3, seed: int = 1, pre: int = 7, post: int = 5) -> gd.Network:
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), pre)
    net.add_population("output", gd.LeakyReadout(), post)
    net.connect(
        "input",
        "output",
        weight=gd.init.Normal(0, 1),
        delay=gd.init.Uniform(0, 9),
        max_delay=9.0,
        density=density,
        learn=("weight", "delay"),
    )
    return net


def now(batch: int = 0, epochs: int = 10, per_epoch: int = 10, rate: float = 0.1, seed: int = 2):
    rng = np.random.default_rng([seed, batch])
    return Now(rng, Progress(batch, per_epoch, epochs), lambda name: rate)


def gradients_of(network: gd.Network, seed: int = 3) -> dict[str, Gradient]:
    rng = np.random.default_rng(seed)
    return {
        name: Gradient(rng.normal(size=len(p.synapses)), rng.normal(size=len(p.synapses)))
        for name, p in network.projections.items()
    }
