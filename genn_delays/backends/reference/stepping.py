"""One step after the other, for input that is not known beforehand: what evaluation runs, in numpy.

The arithmetic of a step is that of the reference simulations, with rounded delays, running averages
and no dropout. Spikes on their way wait in a ring of steps for each population.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.checks import planned_tables
from genn_delays.backends.reference.mapped import check_states, flow_of
from genn_delays.backends.reference.normalise import Normaliser
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.dynamics import (
    PlannedPopulation,
    PlannedProjection,
    with_current_parameters,
)
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.plan import Plan
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import PlanError
from genn_delays.support.limits import SIMULATION, check_size


class Stepper:
    """A network in the middle of some trials.

    Attributes:
        step: number of the step that comes next.
        state: by population, x after the reset, (trials, n, S).
        before: by population, x that was compared with the threshold in the last step, (trials, n,
            S); 0 in steps in which the population was off.
        arrived: by population, what arrived in the last step, (trials, n, ports).
        sent: by population, spikes or graded input of the last step, (trials, n).

    Raises:
        PlanError: spikes on their way would take more memory than the limit.
    """

    def __init__(self, plan: Plan, network: Network, trials: int = 1) -> None:
        self.plan, self.trials, self.step = plan, trials, 0
        tables = planned_tables(plan, network)
        declared = list(network.populations.values())
        self.populations = [
            with_current_parameters(p, population, plan.dt, plan.discretisation)
            for p, population in zip(plan.populations, declared, strict=True)
        ]
        self.normalisers = [
            Normaliser(p, population.units, plan.dtype)
            for p, population in zip(self.populations, declared, strict=True)
        ]
        pairs = zip(plan.projections, tables, strict=True)
        self.rows = [_Rows(p, table, plan) for p, table in pairs]
        longest = plan.max_delay_steps + 2
        sizes = [(trials, p.size, len(p.input_states)) for p in plan.populations]
        needed = longest * sum(map(np.prod, sizes)) * np.dtype(plan.dtype).itemsize
        check_size(
            float(needed),
            f"the spikes on their way in {trials} trials",
            default=SIMULATION,
            error=PlanError,
        )
        self.rings = [np.zeros((longest, *size), plan.dtype) for size in sizes]
        self.arrived = [np.zeros(size, plan.dtype) for size in sizes]
        self.sent = [np.zeros(size[:2], plan.dtype) for size in sizes]
        self.left = [np.zeros(size[:2], int) for size in sizes]
        self.state = [
            np.broadcast_to(p.initial, (trials, *p.initial.shape)).astype(plan.dtype)
            for p in self.populations
        ]
        self.before = [np.zeros_like(x) for x in self.state]

    def advance(self, given: Mapping[int, np.ndarray]) -> None:
        """Run one step.

        Args:
            given: what the input populations send in it, by their index, (trials, n).
        """
        for k, sent in given.items():
            self.sent[k] = np.asarray(sent, self.plan.dtype)
            self._deliver(k)
        for component in self.plan.components:
            for k in component.populations:
                self._advance(k)
            for k in component.populations:
                self._deliver(k)
        self.step += 1

    def _advance(self, k: int) -> None:
        p, normaliser = self.populations[k], self.normalisers[k]
        slot = self.rings[k][self.step % len(self.rings[k])]
        self.arrived[k], slot[...] = slot.copy(), 0
        if self.plan.steps - p.tail <= self.step < self.plan.steps:
            self.before[k][...], self.sent[k][...] = 0, 0
            return
        arrived = self.arrived[k]
        arrived[..., 0] = normaliser.forward(arrived[None, ..., 0], training=False)[0]
        held, v = self.left[k] > 0, p.threshold_state
        x = self._flow(p, self.state[k], held)
        for port, state in enumerate(p.input_states):
            x[..., state] += arrived[..., port]
        if p.step_map is not None:
            check_states(p, x, self.step * self.plan.dt)
        self.before[k] = x
        if p.threshold is None:
            self.state[k] = x.copy()
            return
        above = x[..., v] - p.threshold.astype(self.plan.dtype)
        strength = np.where(held, 0, self._strength(above))
        self.left[k] = np.where((above >= 0) & ~held, p.refractory, self.left[k] - held)
        matrix, offset = (a.astype(self.plan.dtype) for a in (p.reset_matrix, p.reset_offset))
        reset = np.einsum("nij,bnj->bni", matrix, x) + offset
        self.sent[k] = strength.astype(self.plan.dtype)
        whole = (self.sent[k] == 1)[..., None]  # else a part of a reset, of a smooth spike
        self.state[k] = np.where(whole, reset, x + self.sent[k][..., None] * (reset - x))

    def _flow(self, p: PlannedPopulation, x: np.ndarray, held: np.ndarray) -> np.ndarray:
        if p.step_map is not None:
            return flow_of(p, x, ~held)
        flowed, v = np.einsum("nij,bnj->bni", p.propagator.astype(x.dtype), x), p.threshold_state
        flowed[..., v] = np.where(held, x[..., v], flowed[..., v])
        return flowed

    def _strength(self, above: np.ndarray) -> np.ndarray:
        rule = self.plan.gradient
        return rule.value(above) if isinstance(rule, Surrogate) and rule.smooth else above >= 0

    def _deliver(self, k: int) -> None:
        """What population k sent in this step, on its way through all its projections."""
        if not np.any(self.sent[k]):
            return
        trial, unit = np.nonzero(self.sent[k])
        value = self.sent[k][trial, unit]
        for rows in self.rows:
            if rows.planned.pre == k:
                rows.send(trial, unit, value, self.step, self.rings[rows.planned.post])


class _Rows:
    """The synapses of a projection by presynaptic unit."""

    def __init__(self, planned: PlannedProjection, table: SynapseTable, plan: Plan) -> None:
        self.planned = planned
        size = plan.populations[planned.pre].size
        self.first = np.searchsorted(table.pre, np.arange(size + 1))
        self.post, self.weight = table.post.copy(), table.weight.astype(plan.dtype)
        self.after = delay_to_steps(table.delay, plan.dt) + planned.lag

    def send(
        self, trial: np.ndarray, unit: np.ndarray, value: np.ndarray, step: int, ring: np.ndarray
    ) -> None:
        """Add weight times value to the steps of the ring at which each spike arrives."""
        counts = self.first[unit + 1] - self.first[unit]
        ends = np.cumsum(counts)
        which = np.arange(int(counts.sum())) + np.repeat(self.first[unit] - ends + counts, counts)
        slot = (step + self.after[which]) % len(ring)
        place = (slot, np.repeat(trial, counts), self.post[which], self.planned.port)
        index = np.ravel_multi_index(place, ring.shape)
        np.add.at(ring.reshape(-1), index, self.weight[which] * np.repeat(value, counts))
