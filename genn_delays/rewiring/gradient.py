"""Growth gradients: the gradient that a synapse would have if it were there with weight 0.

An absent synapse from i to j with delay d changes nothing forwards, so its gradient follows from
what i sent and from the adjoint at j: dL/dw = sum a_in,j[t + lag + d] over the steps t at which i
sent something, for EventProp and for the surrogate rule alike. A delay kernel weighs the sums of
its taps. Pairs are taken in pieces, so that no table of all pairs and delays is ever in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.kernels import Taps, taps_of
from genn_delays.declaration.network import Projection
from genn_delays.declaration.synapses import stable_order
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.growth import Growth
from genn_delays.support.errors import ConfigError
from genn_delays.support.limits import check_size

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation

PIECE = 1 << 19
"""Most numbers (pairs times delays) at once: few enough to stay in a processor's cache."""


def growth_gradient(
    context: Context,
    projection: Projection,
    keys: np.ndarray,
    growth: Growth,
    sign: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """dL/dw that absent synapses would have in the last batch, and the delay (ms) of each.

    Args:
        keys: pre * post_size + post of each.
        sign: of each; the best delay is then the one with the most negative sign * dL/dw, else the
            one with the largest |dL/dw|. Of equal ones it is the shortest.
    """
    pre, post = np.divmod(keys, projection.synapses.post_size)
    if growth.delay == "best":
        return best_delays(projection, pre, post, context.simulation, sign)
    delay = growth.delays(projection, keys, context.rng)
    return gradient_at(projection, pre, post, delay, context.simulation), delay


def gradient_at(
    projection: Projection,
    pre: np.ndarray,
    post: np.ndarray,
    delay: np.ndarray,
    simulation: Simulation,
) -> np.ndarray:
    """dL/dw of candidates (pre, post, delay in ms), float64, (candidates,)."""
    taps = _taps(projection, delay, simulation)
    return _weighted(projection, pre, post, taps, simulation)


def best_delays(
    projection: Projection,
    pre: np.ndarray,
    post: np.ndarray,
    simulation: Simulation,
    sign: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair, dL/dw at the delay where a synapse would help most, and that delay in ms.

    Delays are those of the time grid, up to the largest of the projection.
    """
    plan = simulation.plan
    largest = plan.projections[plan.projection_index(projection.name)].max_delay_steps
    grid = np.minimum(np.arange(largest + 1) * plan.dt, projection.synapses.max_delay)
    taps = _taps(projection, grid, simulation)
    check_size(
        8 * (largest + 1) ** 2,
        f"projection {projection.name!r}: the best of {largest + 1} delays",
        error=ConfigError,
    )
    spread = np.zeros((largest + 1, largest + 1))
    rows = np.arange(largest + 1)[:, None]
    spread[rows, taps.first[:, None] + np.arange(taps.count)] = taps.weight
    gradient, delay = np.empty(len(pre)), np.empty(len(pre))
    step = max(1, PIECE // (largest + 1))
    # the pairs of one postsynaptic unit after each other: backends walk along its adjoint
    order = stable_order(post, projection.synapses.post_size)
    for begin in range(0, len(pre), step):
        piece = order[begin : begin + step]
        first = np.zeros(len(piece), np.int64)
        found = simulation.correlation(projection.name, pre[piece], post[piece], first, largest + 1)
        found = found @ spread.T if taps.count > 1 else found
        if sign is None:
            best = np.argmax(np.abs(found), axis=1)
        else:
            best = np.argmin(sign[piece, None] * found, axis=1)
        gradient[piece] = found[np.arange(len(best)), best]
        delay[piece] = grid[best]
    return gradient, delay


def _taps(projection: Projection, delay: np.ndarray, simulation: Simulation) -> Taps:
    plan = simulation.plan
    largest = plan.projections[plan.projection_index(projection.name)].max_delay_steps
    return taps_of(delay, projection.kernel, plan.dt, largest, plan.dtype)


def _weighted(
    projection: Projection,
    pre: np.ndarray,
    post: np.ndarray,
    taps: Taps,
    simulation: Simulation,
) -> np.ndarray:
    result = np.empty(len(pre))
    step = max(1, PIECE // taps.count)
    for begin in range(0, len(pre), step):
        piece = slice(begin, begin + step)
        found = simulation.correlation(
            projection.name, pre[piece], post[piece], taps.first[piece], taps.count
        )
        result[piece] = np.sum(found * taps.weight[piece], axis=1)
    return result
