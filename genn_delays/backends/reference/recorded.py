"""What both reference simulations share: input, and the spikes and adjoints they keep."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.base import Batch, Simulation
from genn_delays.backends.checks import check_masks, check_pairs, input_events
from genn_delays.errors import PlanError
from genn_delays.events import Events
from genn_delays.plan import Plan


class Recorded(Simulation):
    """Keeps the whole history of a batch as dense arrays.

    Attributes:
        shape: of the outputs of the last forward pass; None where there is none.
        fired: by population, (T, trials, n): 1 where a spike left.
        sent: by population, (T, trials, n): what went into the synapses: spikes with their dropout
            factor, or graded input.
        into: by population, (steps, trials, n): dL/d(arriving input); empty before backward().
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shape: tuple[int, ...] | None = None
        self.training, self.trials = True, 0
        self.into: list[np.ndarray] = []
        self.fired = [np.zeros((plan.steps, 0, p.size), plan.dtype) for p in plan.populations]
        self.sent = self.fired

    def _begin(
        self, batch: Batch, training: bool, masks: Mapping[str, np.ndarray] | None
    ) -> dict[str, np.ndarray]:
        """Take over a batch; the checked masks."""
        plan = self.plan
        # a batch that is refused leaves nothing to go back over
        self.shape, self.trials, self.into = None, 0, []
        events = input_events(plan, batch)
        trials = next(iter(events.values())).trials
        checked = check_masks(plan, masks, trials, training)
        inputs = [(k, p) for k, p in enumerate(plan.populations) if p.is_input]
        grid = {
            p.name: events[p.name].steps(plan.dt, plan.steps, p.size, p.name) for _, p in inputs
        }
        self.events, self.grid, self.trials, self.training = events, grid, trials, training
        sizes = [(plan.steps, trials, p.size) for p in plan.populations]
        self.fired = [np.zeros(s, plan.dtype) for s in sizes]
        self.sent = [np.zeros(s, plan.dtype) for s in sizes]
        for k, p in inputs:
            given = events[p.name]
            value = np.ones(len(given)) if given.value is None else given.value.astype(float)
            at = (grid[p.name], given.trial, given.unit)
            np.add.at(self.sent[k], at, value.astype(plan.dtype))
        return checked

    def correlation(
        self, projection: str, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        index = check_pairs(self.plan, projection, pre, post, first, count, bool(self.into))
        p = self.plan.projections[index]
        sent, into = self.sent[p.pre], self.into[p.post]
        result = np.zeros((len(pre), count))
        for c in range(count):
            for delay in np.unique(first + c):
                here = np.flatnonzero(first + c == delay)
                kept = max(0, min(len(sent), len(into) - p.lag - delay))
                shifted = into[p.lag + delay : p.lag + delay + kept]
                one, other = sent[:kept][:, :, pre[here]], shifted[:, :, post[here]]
                result[here, c] = np.einsum("tbk,tbk->k", one, other)
        return result

    def spikes(self, population: str) -> Events:
        k = self.plan.population_index(population)
        if self.plan.populations[k].is_input and self.shape is not None:
            return self.events[population].on_grid(self.grid[population], self.plan.dt)
        above = self.fired[k][:, : self.trials] >= 0.5
        trial, unit, step = np.nonzero(above.transpose(1, 2, 0))
        return Events(step * self.plan.dt, unit, trial, self.trials)

    def spike_counts(self, population: str) -> np.ndarray:
        size = self.plan.populations[self.plan.population_index(population)].size
        events = self.spikes(population)
        cells = np.bincount(events.trial * size + events.unit, minlength=self.trials * size)
        return cells.reshape(self.trials, size).astype(np.int64)

    def _nbytes(self, *parts: list[np.ndarray]) -> int:
        """Bytes of what a batch has allocated.

        Raises:
            PlanError: there was no batch yet.
        """
        if self.shape is None:
            raise PlanError("the reference backend allocates with its first batch; run one first")
        return sum(array.nbytes for part in (self.fired, self.sent, *parts) for array in part)
