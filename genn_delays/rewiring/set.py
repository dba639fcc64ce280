"""SET: drop the smallest weights of either sign, grow as many at random.

Mocanu et al. (2018, Nat. Commun. 9:2383, algorithm 1): of each projection, the share zeta of the
smallest positive and of the largest negative weights goes, and as many new synapses begin at
random pairs with random weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.rewiring.absent import draw_absent
from genn_delays.rewiring.base import Change, GrowingRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.growth import grow
from genn_delays.support.errors import ConfigError


@dataclass(frozen=True)
class SET(GrowingRule):
    """Sparse evolutionary training.

    Attributes:
        fraction: zeta, of the synapses of each sign.
        every: batches between two steps; 0 for once per epoch, as published.
        weight_sd: new weights are drawn from N(0, weight_sd).
    """

    fraction: float = 0.3
    every: int = 0
    weight_sd: float = 0.01
    cites: ClassVar[tuple[str, ...]] = ("mocanu2018",)
    not_negative: ClassVar[tuple[str, ...]] = ("fraction", "every", "weight_sd")
    instead: ClassVar[str] = "rigl or fcn24"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction > 1.0:
            raise ConfigError(f"SET: fraction is {self.fraction}, it must be in [0, 1]")

    def step(self, context: Context) -> dict[str, Change]:
        every = self.every or context.progress.batches_per_epoch
        if (context.progress.batch + 1) % every:
            return {}
        changes = {}
        for projection in self.chosen(context.network):
            table = projection.synapses
            keep = np.ones(len(table), bool)
            for side in (table.weight > 0, table.weight < 0):
                index = np.flatnonzero(side)
                order = np.argsort(np.abs(table.weight[index]), kind="stable")
                keep[index[order[: int(self.fraction * len(index))]]] = False
            dropped = int(np.count_nonzero(~keep))
            table.keep(keep)
            keys = draw_absent(table, dropped, context.rng, context.row_limit(projection))
            delay = self.growth.delays(projection, keys, context.rng)
            weight = context.rng.normal(0.0, self.weight_sd, len(keys))
            grow(context.network, projection, keys, delay, weight)
            changes[projection.name] = Change(dropped, len(keys), dropped - len(keys))
        return changes
