"""What learning did to the delays and weights of a network, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.declaration.synapses import at_bounds


@dataclass(frozen=True)
class ProjectionStatistics:
    """One projection.

    Attributes:
        synapses: how many there are.
        delay_mean, delay_sd: ms.
        delay_moved: mean distance from the initial delay in ms; None without a network to
            compare with, or where the wiring is another one.
        delay_at_zero, delay_at_max: shares of the synapses at the bounds of their delay.
        weight_mean, weight_sd: dimensionless.
        weight_moved: mean distance from the initial weight.
        excitatory: share of the weights that are > 0.
    """

    synapses: int
    delay_mean: float
    delay_sd: float
    delay_moved: float | None
    delay_at_zero: float
    delay_at_max: float
    weight_mean: float
    weight_sd: float
    weight_moved: float | None
    excitatory: float


def statistics(network: Network, initial: Network | None = None) -> dict[str, ProjectionStatistics]:
    """Statistics of every projection that has synapses, by name.

    Args:
        network: after learning.
        initial: the same network before.
    """
    found = {}
    for name, projection in network.projections.items():
        if len(projection.synapses):
            before = initial.projections.get(name) if initial else None
            found[name] = _describe(projection, before)
    return found


def _describe(projection: Projection, before: Projection | None) -> ProjectionStatistics:
    table = projection.synapses
    at_zero, at_max = at_bounds(table)
    return ProjectionStatistics(
        synapses=len(table),
        delay_mean=float(table.delay.mean()),
        delay_sd=float(table.delay.std()),
        delay_moved=_moved(projection, before, "delay"),
        delay_at_zero=at_zero,
        delay_at_max=at_max,
        weight_mean=float(table.weight.mean()),
        weight_sd=float(table.weight.std()),
        weight_moved=_moved(projection, before, "weight"),
        excitatory=float(np.mean(table.weight > 0)),
    )


def _moved(projection: Projection, before: Projection | None, column: str) -> float | None:
    if before is None:
        return None
    now, then = projection.synapses, before.synapses
    if not (np.array_equal(now.pre, then.pre) and np.array_equal(now.post, then.post)):
        return None
    return float(np.mean(np.abs(getattr(now, column) - getattr(then, column))))
