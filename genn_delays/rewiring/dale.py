"""Dale's principle: all synapses that leave a unit have one sign.

Signs belong to the presynaptic units and are drawn once. An update that would turn a weight's sign
leaves it at 0. Rules that drop at a change of sign, such as DEEP R, come after this one in the list
only if they are to find weights at 0; before it, they drop them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.ties import Shared
from genn_delays.rewiring.base import Change, RewiringRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.signs import attach_signs
from genn_delays.support.errors import ConfigError


@dataclass(frozen=True)
class Dale(RewiringRule):
    """One sign per presynaptic unit.

    Attributes:
        inhibitory: share of the units of each population that inhibit: round(share * units) of
            them, drawn from the network's seed.
    """

    inhibitory: float = 0.2
    cites: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.inhibitory <= 1.0:
            raise ConfigError(f"Dale: inhibitory is {self.inhibitory}, it must be in [0, 1]")

    def check(self, network: Network) -> None:
        super().check(network)
        for projection in self.chosen(network):
            tie = projection.synapses.ties.get("weight")
            if isinstance(tie, Shared) and tie.spans(projection.synapses, "pre"):
                raise ConfigError(
                    f"Dale: projection {projection.name!r} shares weights across presynaptic "
                    'units, which have signs of their own; share them by "pre" or by finer keys'
                )

    def prepare(self, network: Network) -> None:
        for projection in self.chosen(network):
            units = projection.pre.units
            if "sign" not in units.columns:
                number = list(network.populations).index(projection.pre.name)
                rng = np.random.default_rng([network.seed, number, projection.pre.size])
                signs = np.ones(projection.pre.size)
                chosen = round(self.inhibitory * projection.pre.size)
                signs[rng.permutation(projection.pre.size)[:chosen]] = -1.0
                units.columns["sign"] = signs
            table, signs = projection.synapses, units.columns["sign"]
            known = table.state.get("sign")
            if known is not None and not np.array_equal(known, signs[table.pre]):
                del table.state["sign"]  # of pairs, from a rule that was prepared before
            attach_signs(network, projection)

    def step(self, context: Context) -> dict[str, Change]:
        for projection in self.chosen(context.network):
            table = projection.synapses
            table.weight[table.weight * table.state["sign"] < 0] = 0.0
        return {}
