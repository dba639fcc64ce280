"""The sign of every potential synapse, without a table of them.

Under Dale's principle a sign belongs to the presynaptic unit and is the column ``sign`` of its
population's ``units``. Otherwise each pair has a sign of its own, drawn once for ever: it is a hash
of the network's seed, the projection and the pair, so that a synapse that was dropped comes back
with the sign it had. The chance of a positive sign is the share of positive weights that the
projection began with, so that a network which was declared mostly excitatory stays so.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.rewiring.context import Context

POSITIVE = "positive"
"""Of ``Projection.potential``: the chance of a positive sign, (1,)."""
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)


def signs_of(
    network: Network, projection: Projection, pre: np.ndarray, post: np.ndarray
) -> np.ndarray:
    """+1 or -1 for each pair, float64."""
    columns = projection.pre.units.columns
    if "sign" in columns:
        return columns["sign"][pre]
    number = list(network.projections).index(projection.name)
    key = pre.astype(np.uint64) * np.uint64(projection.post.size) + post.astype(np.uint64)
    positive = projection.potential.get(POSITIVE, np.array([0.5]))[0]
    start = np.random.SeedSequence([network.seed, number]).generate_state(1, np.uint64)[0]
    uniform = (_splitmix(key, start) >> np.uint64(11)) * 2.0**-53
    return np.where(uniform < positive, 1.0, -1.0)


def attach_signs(network: Network, projection: Projection) -> np.ndarray:
    """The column ``sign`` of a projection; made, and the weights given these signs, if missing."""
    table = projection.synapses
    if "sign" not in table.state:
        if len(table):
            projection.potential[POSITIVE] = np.array([np.mean(table.weight > 0)])
        signs = signs_of(network, projection, table.pre, table.post)
        table.attach("sign")[:] = signs
        np.copysign(table.weight, signs, out=table.weight)
    return table.state["sign"]


def add_l1(context: Context, projections: Iterable[Projection], l1: float) -> None:
    """Add the L1 of signed synapses to their weight gradients, in place."""
    for projection in projections:
        context.gradients[projection.name].weight[:] += l1 * projection.synapses.state["sign"]


def _splitmix(key: np.ndarray, start: np.uint64) -> np.ndarray:
    """SplitMix64 (Steele, Lea and Flood, 2014) at place ``key`` of the stream from ``start``."""
    z = start + (key + np.uint64(1)) * _STEP
    z = (z ^ (z >> np.uint64(30))) * _MIX[0]
    z = (z ^ (z >> np.uint64(27))) * _MIX[1]
    return z ^ (z >> np.uint64(31))
