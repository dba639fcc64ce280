"""SET: drop the smallest weights of either sign, grow as many at random.

Mocanu et al. (2018, Nat. Commun. 9:2383, algorithm 1): of each projection, the share zeta of the
smallest positive and of the largest negative weights goes, and as many new synapses begin at
random pairs with random weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from genn_delays.errors import ConfigError
from genn_delays.network import Network
from genn_delays.rewiring.absent import draw_absent
from genn_delays.rewiring.base import Change, Now, RewiringRule
from genn_delays.rewiring.growth import Growth, grow

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation
    from genn_delays.backends.gradient import Gradient


@dataclass(frozen=True)
class SET(RewiringRule):
    """Sparse evolutionary training.

    Attributes:
        fraction: zeta, of the synapses of each sign.
        every: batches between two steps; 0 for once per epoch, as published.
        weight_sd: new weights are drawn from N(0, weight_sd).
        growth: delay of new synapses; a gradient does not choose them.
    """

    fraction: float = 0.3
    every: int = 0
    weight_sd: float = 0.01
    growth: Growth = field(default_factory=Growth)
    not_negative: ClassVar[tuple[str, ...]] = ("fraction", "every", "weight_sd")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction > 1.0:
            raise ConfigError(f"SET: fraction is {self.fraction}, it must be in [0, 1]")
        if self.growth.delay == "best":
            raise ConfigError("SET grows at random, so no delay is the best; use rigl or fcn24")

    def check(self, network: Network) -> None:
        super().check(network)
        for projection in self.chosen(network):
            self.growth.check(projection)

    def step(
        self,
        network: Network,
        gradients: Mapping[str, Gradient],
        simulation: Simulation,
        now: Now,
    ) -> dict[str, Change]:
        every = self.every or now.progress.batches_per_epoch
        if (now.progress.batch + 1) % every:
            return {}
        changes = {}
        for projection in self.chosen(network):
            table = projection.synapses
            keep = np.ones(len(table), bool)
            for side in (table.weight > 0, table.weight < 0):
                index = np.flatnonzero(side)
                order = np.argsort(np.abs(table.weight[index]), kind="stable")
                keep[index[order[: int(self.fraction * len(index))]]] = False
            dropped = int(np.count_nonzero(~keep))
            table.keep(keep)
            row = simulation.row_limit(projection.name)
            keys = draw_absent(table, dropped, now.rng, row)
            delay = self.growth.delays(projection, len(keys), now.rng)
            weight = now.rng.normal(0.0, self.weight_sd, len(keys))
            grow(network, projection, keys, delay, weight)
            changes[projection.name] = Change(dropped, len(keys), dropped - len(keys))
        return changes
