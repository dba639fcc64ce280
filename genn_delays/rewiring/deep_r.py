"""DEEP R: rewiring by sign changes, with a constant number of synapses.

Bellec, Kappel, Maass and Legenstein (2018, ICLR, arXiv 1711.05136, algorithm 1). A potential
synapse has a fixed sign s and a parameter theta, its weight is s theta where theta > 0 and it is
dormant else. For every active synapse

    theta <- theta - eta dE/dtheta - eta alpha + sqrt(2 eta T) nu,    nu ~ N(0, 1),

those with theta < 0 become dormant, and as many dormant ones, chosen at random, begin at theta = 0.

The optimiser makes the first step, whatever it is: L1 of strength alpha is added to the gradient,
as in mlGeNN and in Meszaros, Knight and Nowotny (2024), which with plain SGD is the equation
above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.rewiring.absent import draw_absent, keys_of
from genn_delays.rewiring.base import Change, GrowingRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.gradient import growth_gradient
from genn_delays.rewiring.growth import grow
from genn_delays.rewiring.signs import add_l1, attach_signs, signs_of


@dataclass(frozen=True)
class DeepR(GrowingRule):
    """Drops synapses whose sign has turned and grows as many at random.

    Attributes:
        l1: alpha, per unit of weight.
        temperature: T; 0 for no noise, as in the published spiking networks.
        constant: the number of synapses is constant in each ``"projection"``, or in the
            ``"network"``: then a dormant synapse of any projection may take the place.
    """

    l1: float = 0.0
    temperature: float = 0.0
    constant: Literal["projection", "network"] = "projection"
    cites: ClassVar[tuple[str, ...]] = ("bellec2018",)
    not_negative: ClassVar[tuple[str, ...]] = ("l1", "temperature")

    def prepare(self, network: Network) -> None:
        for projection in self.chosen(network):
            attach_signs(network, projection)

    def before_update(self, context: Context) -> None:
        add_l1(context, self.chosen(context.network), self.l1)

    def step(self, context: Context) -> dict[str, Change]:
        chosen = self.chosen(context.network)
        dropped = {p.name: self._drop(p, context) for p in chosen}
        wanted = dropped
        if self.constant == "network":
            wanted = _share(chosen, sum(dropped.values()), context.rng)
        changes = {}
        for p in chosen:
            count = wanted[p.name]
            grown = self._grow(p, count, context) if count else 0
            changes[p.name] = Change(dropped[p.name], grown, count - grown)
        return changes

    def _drop(self, projection: Projection, context: Context) -> int:
        table = projection.synapses
        sign = table.state["sign"]
        if self.temperature:
            size = context.noise(projection, self.temperature)
            table.weight += size * context.rng.normal(size=len(table))
        keep = table.weight * sign >= 0
        dropped = len(table) - int(np.count_nonzero(keep))
        if dropped:
            table.keep(keep)
        return dropped

    def _grow(self, projection: Projection, count: int, context: Context) -> int:
        """Grow up to ``count`` synapses; how many there was room for."""
        table, network = projection.synapses, context.network
        keys = draw_absent(table, count, context.rng, context.row_limit(projection))
        if self.growth.delay == "best":
            sign = signs_of(network, projection, *np.divmod(keys, table.post_size))
            _, delay = growth_gradient(context, projection, keys, self.growth, sign)
        else:
            delay = self.growth.delays(projection, keys, context.rng)
        grow(network, projection, keys, delay)
        return len(keys)


def _share(projections: list[Projection], count: int, rng: np.random.Generator) -> dict[str, int]:
    """How many of ``count`` synapses each projection gets, drawn uniformly from all free pairs."""
    tables = [p.synapses for p in projections]
    free = [t.pre_size * t.post_size - len(keys_of(t)) for t in tables]
    counts = rng.multivariate_hypergeometric(free, min(count, sum(free)))
    return {p.name: int(n) for p, n in zip(projections, counts, strict=True)}
