"""Synapses of the surrogate rule in plain numpy: every tap of every synapse at every step."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.gradient import Gradient
from genn_delays.backends.reference.recorded import Recorded
from genn_delays.declaration.kernels import Taps
from genn_delays.declaration.synapses import SynapseTable


class Walked(Recorded):
    """What goes through synapses, forwards and backwards.

    Attributes:
        tables, weights, taps: by projection.
        current: what arrives, by population, (end, trials, n, ports).
        sent_adjoint: dL/d(sent), by population, (T, trials, n).
    """

    tables: list[SynapseTable]
    weights: list[np.ndarray]
    taps: list[Taps]
    current: list[np.ndarray]
    sent_adjoint: list[np.ndarray]
    end: int

    def _deliver(self, t: int, index: int) -> None:
        """What was sent at t goes through projection ``index``, to every tap."""
        projection, table, taps = self.plan.projections[index], self.tables[index], self.taps[index]
        into = self.current[projection.post][..., projection.port]
        sent = self.sent[projection.pre][t][:, table.pre]
        for k in range(taps.count):
            weight = self.weights[index] * taps.weight[:, k].astype(self.plan.dtype)
            step = np.minimum(t + projection.lag + taps.first + k, self.end - 1)
            for trial in range(self.trials):
                np.add.at(into[:, trial], (step, table.post), weight * sent[trial])

    def _collect(self, t: int, index: int) -> None:
        """dL/d(sent) at t from projection ``index``."""
        projection, table, taps = self.plan.projections[index], self.tables[index], self.taps[index]
        for k in range(taps.count):
            weight = self.weights[index] * taps.weight[:, k].astype(self.plan.dtype)
            into = self._into(t, index, k)
            target = self.sent_adjoint[projection.pre][t]
            for trial in range(self.trials):
                np.add.at(target[trial], table.pre, weight * into[trial])

    def _into(self, t: int, index: int, k: int) -> np.ndarray:
        """a_in of every synapse at the step where what was sent at t meets tap k, (trials, s)."""
        projection, table, taps = self.plan.projections[index], self.tables[index], self.taps[index]
        step = np.minimum(t + projection.lag + taps.first + k, self.end - 1)
        value = self.into[projection.post][step, :, table.post, projection.port].T
        return np.where(step >= 0, value, 0)

    def _gradient(self, index: int) -> Gradient:
        """Of weights and delays; rounded delays get the central difference, straight through."""
        projection, table, taps = self.plan.projections[index], self.tables[index], self.taps[index]
        weight, delay = np.zeros(len(table)), np.zeros(len(table))
        for t in range(self.plan.steps):
            sent = self.sent[projection.pre][t][:, table.pre]
            for k in range(taps.count):
                here = np.sum(sent * self._into(t, index, k), axis=0)
                weight += taps.weight[:, k] * here
                if taps.slope is not None:
                    delay += taps.slope[:, k] * here
            if taps.slope is None:
                later, earlier = self._into(t, index, 1), self._into(t, index, -1)
                delay += 0.5 * np.sum(sent * (later - earlier), axis=0)
        return Gradient(weight, self.weights[index] * delay / self.plan.dt)
