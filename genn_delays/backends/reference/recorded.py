"""What both reference simulations share: input, and the spikes and adjoints they keep."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.base import Simulation
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import PlanError


class Recorded(Simulation):
    """Keeps the whole history of a batch as dense arrays.

    Attributes:
        fired: by population, (T, trials, n): 1 where a spike left.
        sent: by population, (T, trials, n): what went into the synapses: spikes with their dropout
            factor, or graded input.
        into: by population, (steps, trials, n, ports): dL/d(arriving input) of each input state;
            empty before backward().
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.into: list[np.ndarray] = []
        self.fired = [np.zeros((plan.steps, 0, p.size), plan.dtype) for p in plan.populations]
        self.sent = self.fired

    def _begin(self, events: Mapping[str, Events]) -> None:
        """Take over a batch."""
        plan, trials = self.plan, self.trials
        inputs = [(k, p) for k, p in enumerate(plan.populations) if p.is_input]
        grid = {
            p.name: events[p.name].steps(plan.dt, plan.steps, p.size, p.name) for _, p in inputs
        }
        self.events, self.grid = events, grid
        sizes = [(plan.steps, trials, p.size) for p in plan.populations]
        self.fired = [np.zeros(s, plan.dtype) for s in sizes]
        self.sent = [np.zeros(s, plan.dtype) for s in sizes]
        for k, p in inputs:
            given = events[p.name]
            value = np.ones(len(given)) if given.value is None else given.value.astype(float)
            at = (grid[p.name], given.trial, given.unit)
            np.add.at(self.sent[k], at, value.astype(plan.dtype))

    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        p = self.plan.projections[index]
        sent, into = self.sent[p.pre], self.into[p.post][..., p.port]
        result = np.zeros((len(pre), count))
        for c in range(count):
            for delay in np.unique(first + c):
                here = np.flatnonzero(first + c == delay)
                kept = max(0, min(len(sent), len(into) - p.lag - delay))
                shifted = into[p.lag + delay : p.lag + delay + kept]
                one, other = sent[:kept][:, :, pre[here]], shifted[:, :, post[here]]
                result[here, c] = np.einsum("tbk,tbk->k", one, other)
        return result

    def _spikes(self, k: int) -> Events:
        p = self.plan.populations[k]
        if p.is_input:
            return self.events[p.name].on_grid(self.grid[p.name], self.plan.dt)
        trial, unit, step = np.nonzero((self.fired[k] >= 0.5).transpose(1, 2, 0))
        return Events(step * self.plan.dt, unit, trial, self.trials)

    def _read_counts(self, k: int) -> np.ndarray:
        return self.fired[k].sum(axis=0, dtype=np.float64)

    def _nbytes(self, *parts: list[np.ndarray]) -> int:
        """Bytes of what a batch has allocated.

        Raises:
            PlanError: there was no batch yet.
        """
        if not self._ran:
            raise PlanError("the reference backend allocates with its first batch; run one first")
        return sum(array.nbytes for part in (self.fired, self.sent, *parts) for array in part)
