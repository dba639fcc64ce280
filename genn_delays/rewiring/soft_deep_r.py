"""Soft-DEEP R: rewiring by a random walk of dormant synapses, with no fixed number of them.

Bellec, Kappel, Maass and Legenstein (2018, ICLR, arXiv 1711.05136, algorithm 2). With the notation
of deep_r.py, active synapses move as there; every dormant one walks

    theta <- max(theta + sqrt(2 eta T) nu, theta_min)

and is active again from theta >= 0 on. How many are active follows from the balance of L1,
temperature and floor. The parameter of every dormant synapse is kept, so this rule needs memory
for all pairs; the simulation still only sees the active ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.rewiring.absent import keys_of
from genn_delays.rewiring.base import Change, GrowingRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.growth import grow, room_in_rows
from genn_delays.rewiring.signs import add_l1, attach_signs, signs_of

THETA = "theta"


@dataclass(frozen=True)
class SoftDeepR(GrowingRule):
    """Random walk of dormant synapses above a floor.

    Attributes:
        l1: alpha, of active synapses, per unit of weight.
        temperature: T of the walk.
        floor: theta_min < 0, in units of weight.
    """

    l1: float = 1e-4
    temperature: float = 1e-6
    floor: float = -0.1
    cites: ClassVar[tuple[str, ...]] = ("bellec2018",)
    not_negative: ClassVar[tuple[str, ...]] = ("l1", "temperature")
    instead: ClassVar[str] = "fcn24"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.floor < 0.0:
            raise self.error(f"SoftDeepR: floor is {self.floor}, it must be < 0")

    def prepare(self, network: Network) -> None:
        """Dormant synapses begin uniformly between the floor and 0."""
        for number, projection in enumerate(self.chosen(network)):
            attach_signs(network, projection)
            table = projection.synapses
            if THETA not in projection.potential:
                rng = np.random.default_rng([network.seed, number, len(table)])
                theta = rng.uniform(self.floor, 0.0, table.pre_size * table.post_size)
                projection.potential[THETA] = theta

    def before_update(self, context: Context) -> None:
        add_l1(context, self.chosen(context.network), self.l1)

    def step(self, context: Context) -> dict[str, Change]:
        return {p.name: self._walk(p, context) for p in self.chosen(context.network)}

    def _walk(self, projection: Projection, context: Context) -> Change:
        table, theta = projection.synapses, projection.potential[THETA]
        dormant = np.ones(len(theta), bool)
        dormant[keys_of(table)] = False
        walk = context.rng.normal(0.0, context.noise(projection, self.temperature), len(theta))
        theta[dormant] = np.maximum(theta[dormant] + walk[dormant], self.floor)
        keys = table.pre.astype(np.int64) * table.post_size + table.post
        sign = table.state["sign"]
        table.weight += sign * walk[keys]
        keep = table.weight * sign >= 0
        theta[keys[~keep]] = np.maximum((table.weight * sign)[~keep], self.floor)
        table.keep(keep)
        awake = np.flatnonzero(dormant & (theta >= 0))
        order = np.arange(len(awake))
        fits = awake[room_in_rows(table, awake, order, context.row_limit(projection))]
        pre, post = np.divmod(fits, table.post_size)
        weight = signs_of(context.network, projection, pre, post) * theta[fits]
        delay = self.growth.delays(projection, fits, context.rng)
        grow(context.network, projection, fits, delay, weight)
        return Change(int(np.count_nonzero(~keep)), len(fits), len(awake) - len(fits))
