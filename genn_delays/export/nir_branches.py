"""The synapses of a projection as branches, each with at most one synapse per presynaptic unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.export.description import DescribedProjection


@dataclass(frozen=True, eq=False)
class Branch:
    """Synapses onto one neuron.

    Attributes:
        post: the neuron. slot: number of the branch among those of the neuron.
        synapses: places in the projection.
    """

    post: int
    slot: int
    synapses: np.ndarray

    def spread(
        self, q: DescribedProjection, size: int, dt: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Delays in s, weights, learnt delays in ms of all presynaptic units; 0 of the others."""
        delay, weight, learnt = np.zeros(size), np.zeros(size), np.zeros(size)
        units = q.rows[self.synapses]
        delay[units] = q.steps[self.synapses] * dt / 1000.0
        weight[units] = q.weight[self.synapses]
        learnt[units] = q.delay[self.synapses]
        return delay, weight, learnt


def branches_of(q: DescribedProjection, size: int) -> list[Branch]:
    """Branches in the order of (post, slot).

    Args:
        size: units of post.
    """
    pairs = q.rows.astype(np.int64) * size + q.columns
    _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    slot = np.arange(len(q)) - first[inverse]  # synapses of a pair are neighbours
    order = np.lexsort((q.rows, slot, q.columns))
    key = np.stack([q.columns[order], slot[order]])
    cuts = np.flatnonzero(np.any(np.diff(key, axis=1), axis=0)) + 1
    parts = np.split(order, cuts) if len(order) else []
    return [Branch(int(q.columns[s[0]]), int(slot[s[0]]), s) for s in parts]
