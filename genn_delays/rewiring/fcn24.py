"""DEEP R removal with gradient-led growth: the combination of Meszaros, Knight and Nowotny (2024).

Synapses whose parameter theta = s w turned negative are dropped, as in DEEP R. The same number is
grown at the absent pairs with the most negative dL/dtheta = s dL/dw: signs are fixed, so a synapse
can only help if its weight would grow in the direction of its sign (Front. Comput. Neurosci.
18:1460309 and its published code).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.network import Projection
from genn_delays.rewiring.absent import considered
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.deep_r import DeepR
from genn_delays.rewiring.gradient import growth_gradient
from genn_delays.rewiring.growth import check_candidates, grow, room_in_rows
from genn_delays.rewiring.signs import signs_of


@dataclass(frozen=True)
class FCN24(DeepR):
    """DEEP R that grows where the gradient asks for it.

    Attributes:
        candidates: how many absent pairs are considered in each step, drawn at random; all of them
            by default, as published, which costs as much as the gradient of a dense network.
    """

    candidates: int | None = None
    cites: ClassVar[tuple[str, ...]] = ("meszaros2024", "bellec2018", "evci2020")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_candidates(self.candidates, "FCN24")

    def _grow(self, projection: Projection, count: int, context: Context) -> int:
        table, network = projection.synapses, context.network
        keys = considered(table, self.candidates, count, context.rng)
        sign = signs_of(network, projection, *np.divmod(keys, table.post_size))
        gradient, delay = growth_gradient(context, projection, keys, self.growth, sign)
        order = np.argsort(sign * gradient, kind="stable")
        chosen = room_in_rows(table, keys, order, context.row_limit(projection))[:count]
        grow(network, projection, keys[chosen], delay[chosen])
        return len(chosen)
