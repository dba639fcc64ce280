"""Sparse networks and stand-ins for simulations that rewiring tests share."""

from __future__ import annotations

import numpy as np

import genn_delays as gd
from genn_delays.backends.gradient import Gradient
from genn_delays.planning.plan import make_plan
from genn_delays.rewiring import Context
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


def context(network: gd.Network, gradients=None, simulation=None, batch: int = 0, seed: int = 2):
    """Of a batch in a run of ten epochs of ten, at a learning rate of 0.1."""
    rng = np.random.default_rng([seed, batch])
    progress, simulation = Progress(batch, 10, 10), simulation or Unlimited()
    return Context(network, gradients or {}, simulation, progress, rng, lambda name: 0.1)


def gradients_of(network: gd.Network, seed: int = 3) -> dict[str, Gradient]:
    rng = np.random.default_rng(seed)
    return {
        name: Gradient(rng.normal(size=len(p.synapses)), rng.normal(size=len(p.synapses)))
        for name, p in network.projections.items()
    }


def pairs(table: gd.SynapseTable) -> dict[tuple[int, int], float]:
    return {(int(i), int(j)): float(w) for i, j, w in zip(table.pre, table.post, table.weight)}  # noqa: B905


class Told(Unlimited):
    """A simulation whose growth gradients are a given matrix, at every delay alike."""

    def __init__(self, matrix: np.ndarray, network: gd.Network) -> None:
        super().__init__()
        self.matrix = matrix
        self.plan = make_plan(
            network, gradient=gd.EventProp(), readout=gd.readouts.MeanVoltage(), dt=1.0, steps=20
        )

    def correlation(self, projection, pre, post, first, count):
        return np.repeat(self.matrix[pre, post][:, None], count, axis=1)
