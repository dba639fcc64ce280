"""RigL: drop the smallest weights, grow where the gradient of an absent weight is largest.

Evci, Gale, Menick, Castro and Elsen (2020, ICML, arXiv 1911.11134). Every ``every`` batches, until
the share ``end`` of the run, of each projection with n synapses: k = floor(f n), with

    f = fraction / 2 (1 + cos(pi t / t_end))  (or constant),

the k synapses of smallest |w| are dropped, and the k positions outside those kept with the largest
|dL/dw| are grown, at weight 0 with fresh moments. A position that was dropped in the same step may
win: then its synapse stays as it was, as in the published code. The step takes the place of the
weight update of its batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from genn_delays.declaration.network import Projection
from genn_delays.rewiring.absent import considered
from genn_delays.rewiring.base import Change, GrowingRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.gradient import growth_gradient
from genn_delays.rewiring.growth import check_candidates, grow, room_in_rows
from genn_delays.support.errors import ConfigError

if TYPE_CHECKING:
    from genn_delays.training.schedules import Progress


@dataclass(frozen=True)
class RigL(GrowingRule):
    """Drops by magnitude and grows by gradient.

    Attributes:
        fraction: alpha, share of the synapses replaced in the first step.
        every: batches between two steps.
        end: share of the run after which the wiring stays.
        anneal: ``"cosine"`` or ``"constant"``.
        replace_update: leave out the optimiser in the batches that rewire, as published.
        candidates: how many absent pairs are considered, drawn at random; all of them by default,
            as published, which costs as much as the gradient of a dense network.
    """

    fraction: float = 0.3
    every: int = 100
    end: float = 0.75
    anneal: Literal["cosine", "constant"] = "cosine"
    replace_update: bool = True
    candidates: int | None = None
    cites: ClassVar[tuple[str, ...]] = ("evci2020",)
    positive: ClassVar[tuple[str, ...]] = ("every",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("fraction", "end"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"RigL: {name} is {getattr(self, name)}, it must be in [0, 1]")
        check_candidates(self.candidates, "RigL")

    def share(self, progress: Progress) -> float:
        """f(t): the share of the synapses that is replaced in the coming batch, 0 for none."""
        last = self.end * progress.total
        if progress.batch == 0 or progress.batch % self.every or progress.batch >= last:
            return 0.0
        if self.anneal == "constant":
            return self.fraction
        return 0.5 * self.fraction * (1.0 + cos(pi * progress.batch / last))

    def replaces_update(self, progress: Progress) -> bool:
        return self.replace_update and self.share(progress) > 0.0

    def step(self, context: Context) -> dict[str, Change]:
        share = self.share(context.progress)
        if not share:
            return {}
        return {p.name: self._rewire(p, share, context) for p in self.chosen(context.network)}

    def _rewire(self, projection: Projection, share: float, context: Context) -> Change:
        table, gradient = projection.synapses, context.gradients[projection.name].weight
        count = int(share * len(table))
        smallest = np.argsort(np.abs(table.weight), kind="stable")[:count]
        keys = considered(table, self.candidates, count, context.rng)
        absent, delay = growth_gradient(context, projection, keys, self.growth)
        # the dropped ones compete with their own gradient; of equal ones they go first
        magnitude = np.concatenate([np.abs(gradient[smallest]), np.abs(absent)])
        winners = largest(magnitude, count)
        keep = np.ones(len(table), bool)
        keep[smallest] = False
        keep[smallest[winners[winners < count]]] = True
        chosen = winners[winners >= count] - count
        table.keep(keep)
        chosen = room_in_rows(table, keys, chosen, context.row_limit(projection))
        grow(context.network, projection, keys[chosen], delay[chosen])
        dropped = int(np.count_nonzero(~keep))
        return Change(dropped, len(chosen), dropped - len(chosen))


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """Indices of the ``count`` largest values, largest first; of equal ones the earlier.

    >>> largest(np.array([2.0, 5.0, 2.0, 3.0]), 3)
    array([1, 3, 0])
    """
    index = np.arange(len(values))
    if 0 < count < len(values):  # sorting the few that can be among them is enough
        index = np.flatnonzero(values >= np.partition(values, -count)[-count])
    return index[np.argsort(-values[index], kind="stable")][:count]
