"""EventProp in plain numpy.

Every population is stepped densely through time, every synapse is visited at every spike.
Nothing is shared with the fast engines but the plan.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.backends.reference.jumping import Jumping
from genn_delays.backends.reference.mapped import (
    UnitSums,
    check_states,
    flow_of,
    pull_of,
)
from genn_delays.backends.step_maps import unit_gradients
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.dynamics import with_current_parameters
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import EventProp
from genn_delays.planning.plan import Plan, PlannedPopulation
from genn_delays.planning.timing import delay_to_steps

Table = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""pre, post, weight, delay in steps."""
NEVER = np.iinfo(np.int32).max


class EventPropSimulation(Jumping):
    """Steps densely through time and keeps everything.

    Per population: ``voltage`` (T, trials, n), and ``before`` (T, trials, n, S): the state at the
    end of the flow, before the input of its step: a crossing lies in the flow, an arrival at its
    end. ``since`` (T, trials, n): steps since the last spike before each step, NEVER for none.
    ``start`` is the state before the flow, like ``before``; ``arriving``, ``into`` and ``shift``
    have an entry for each input state behind the neurons.
    """

    def __init__(self, plan: Plan, network: Network) -> None:
        assert isinstance(plan.gradient, EventProp)
        super().__init__(plan)
        self.min_slope = plan.gradient.min_slope
        self.load(network)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        declared = list(network.populations.values())
        self.populations = [
            with_current_parameters(p, population, self.plan.dt, self.plan.discretisation)
            for p, population in zip(self.plan.populations, declared, strict=True)
        ]
        self.tied = [population.units.tied for population in declared]
        self.tables = [
            (
                *(t.pre.copy(), t.post.copy()),  # what changes after load() belongs to the next one
                t.weight.astype(self.plan.dtype),
                delay_to_steps(t.delay, self.plan.dt),
            )
            for t in tables
        ]

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        plan = self.plan
        self._begin(events)
        T, end = plan.steps, plan.steps + plan.max_delay_steps + 1
        sizes = [(self.trials, p.size) for p in plan.populations]
        shapes = [(*s, len(p.states)) for p, s in zip(self.populations, sizes, strict=True)]
        self.voltage = [np.zeros((T, *s), plan.dtype) for s in sizes]
        self.start = [np.zeros((T, *s), plan.dtype) for s in shapes]
        self.before = [np.zeros((T, *s), plan.dtype) for s in shapes]
        self.arriving = [np.zeros((end, *self._ports(k)), plan.dtype) for k in range(len(sizes))]
        self.since = [np.full((T + 1, *s), NEVER, np.int32) for s in sizes]
        pairs = zip(self.populations, shapes, strict=True)
        state = [np.broadcast_to(p.initial, s).astype(plan.dtype) for p, s in pairs]
        for t in range(T):
            for k, p in enumerate(self.populations):
                if not p.is_input:
                    state[k] = self._advance(t, k, p, state[k])
            for projection, table in zip(plan.projections, self.tables, strict=True):
                arriving = self.arriving[projection.post][..., projection.port]
                _deliver(t, self.sent[projection.pre][t], table, arriving)

    def _ports(self, k: int) -> tuple[int, int, int]:
        """(trials, n, input states) of population k."""
        p = self.populations[k]
        return self.trials, p.size, len(p.input_states)

    def _advance(self, t: int, k: int, p: PlannedPopulation, x: np.ndarray) -> np.ndarray:
        """One step of a population: flow, input, sample, threshold, reset."""
        dtype = self.plan.dtype
        held, v = self._held(t, k, p), p.threshold_state
        self.start[k][t] = x
        x = self._flow(p, x, held)
        self.before[k][t] = x
        for port, state in enumerate(p.input_states):
            x[..., state] += self.arriving[k][t][..., port]
        if p.step_map is not None:
            check_states(p, x, t * self.plan.dt)
        self.voltage[k][t] = x[..., v]
        if p.threshold is None:
            return x
        fired = (x[..., v] >= p.threshold.astype(dtype)) & ~held
        later = np.arange(1, len(self.since[k]) - t, dtype=np.int32)[:, None, None]
        self.since[k][t + 1 :] = np.where(fired, later, self.since[k][t + 1 :])
        self.fired[k][t] = self.sent[k][t] = fired
        return np.where(fired[..., None], self._reset(p, x), x)

    def _flow(self, p: PlannedPopulation, x: np.ndarray, held: np.ndarray) -> np.ndarray:
        if p.step_map is not None:
            return flow_of(p, x, ~held)
        flowed, v = np.einsum("nij,bnj->bni", p.propagator.astype(x.dtype), x), p.threshold_state
        flowed[..., v] = np.where(held, x[..., v], flowed[..., v])
        return flowed

    def _held(self, t: int, k: int, p: PlannedPopulation) -> np.ndarray:
        """Which neurons are refractory in step t, (trials, n)."""
        return self.since[k][t] <= p.refractory

    def _observe(self) -> np.ndarray:
        k = self.plan.readout_population
        if self.plan.readout.reads == "voltage":
            return self.voltage[k].transpose(1, 0, 2)
        fired = self.sent[k] > 0
        first = np.where(fired.any(axis=0), fired.argmax(axis=0), self.plan.steps)
        return first * self.plan.dt

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        plan = self.plan
        assert observed is not None  # EventProp refuses readouts of spike counts
        T, end = plan.steps, plan.steps + plan.max_delay_steps + 1
        # a_in of every step and -da_in/dt; zero after the end of the trial.
        ports = [(end, *self._ports(k)) for k in range(len(plan.populations))]
        self.into = [np.zeros(s, plan.dtype) for s in ports]
        self.shift = [np.zeros(s, plan.dtype) for s in ports]
        adjoint = [np.zeros_like(b[0]) for b in self.before]
        self.release = [np.zeros(s[1:3], plan.dtype) for s in ports]
        self.kicked = [np.zeros(s[1:3], plan.dtype) for s in ports]
        self.sums = {
            k: UnitSums(p) for k, p in enumerate(self.populations) if p.step_map is not None
        }
        gradients = [(np.zeros(len(w)), np.zeros(len(w))) for _, _, w, _ in self.tables]
        for t in reversed(range(T)):
            for k, p in enumerate(self.populations):
                arrival = self._collect(t, k, gradients)
                if p.is_input:
                    continue
                voltage_gradient, time_loss = self._loss_gradients(t, k, observed)
                self._shift_sample(t, k, p, voltage_gradient)
                if p.threshold is not None:
                    time_gradient = arrival + time_loss
                    adjoint[k] = self._jump(t, k, p, adjoint[k], time_gradient, voltage_gradient)
                    if p.name in spike_drive:
                        fired = self.sent[k][t] > 0
                        adjoint[k][..., p.threshold_state] += fired * spike_drive[p.name]
                adjoint[k][..., p.threshold_state] += voltage_gradient
                self._capture(t, k, p, adjoint[k])
                self._read_arrivals(t, k, p, adjoint[k])
                adjoint[k] = self._retreat(t, k, p, adjoint[k])
        pairs = zip(plan.projections, gradients, strict=True)
        return Gradients(
            {p.name: Gradient(weight, delay) for p, (weight, delay) in pairs},
            self._unit_gradients(adjoint),
        )

    def _unit_gradients(self, adjoint: list[np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
        """Of populations that learn, from the adjoints at the beginning of the trial."""
        found = {}
        for k, sums in self.sums.items():
            p = self.populations[k]
            sums.add_initial(adjoint[k])
            if p.changes:
                found[p.name] = unit_gradients(p, sums.sums, self.tied[k])
        return found

    def _read_arrivals(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> None:
        """dL/d(arriving input) of step t; a is the adjoint after its jump and its sample."""
        for port, state in enumerate(p.input_states):
            self.into[k][t][..., port] = a[..., state]
            if state == p.threshold_state and p.is_spiking:
                # the jump of a crossing is that of the flow before the arrival
                self.into[k][t][..., port] -= self.kicked[k]

    def _collect(
        self, t: int, k: int, gradients: list[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """Add the gradients of the spikes that left population k at t; return dL/dt of these."""
        arrival = np.zeros_like(self.sent[k][t])
        for index in self.plan.out_of(k):
            pre, post, weight, delay = self.tables[index]
            target, port = self.plan.projections[index].post, self.plan.projections[index].port
            value = self.sent[k][t][:, pre]
            into = self.into[target][t + 1 + delay, :, post, port].T
            shift = self.shift[target][t + 1 + delay, :, post, port].T
            gradients[index][0][:] += np.sum(value * into, axis=0)
            gradients[index][1][:] += np.sum(-weight * value * shift, axis=0)
            np.add.at(arrival.T, pre, (-weight * shift).T)
        return arrival

    def _retreat(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> np.ndarray:
        """a <- P^T a, where V was held with the row V of the identity in P."""
        v, held = p.threshold_state, self._held(t, k, p)
        if p.step_map is not None:
            before, shift, gained = pull_of(p, self.start[k][t], ~held, a)
            if t > 0:
                self.shift[k][t - 1] = shift
            self.sums[k].add_constants(gained)
            return before
        moving = a.copy()
        moving[..., v] = np.where(held, 0, a[..., v])
        self._shift(t, k, p, moving)
        result = np.einsum("nij,bni->bnj", p.propagator.astype(self.plan.dtype), moving)
        result[..., v] = np.where(held, a[..., v], result[..., v])
        return result

    def _shift(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> None:
        """-da_in/dt at t - 1: what the flow of step t makes of an arrival there."""
        if t > 0:
            shift = p.arrival_shift.astype(self.plan.dtype)
            self.shift[k][t - 1][..., 0] = np.einsum("bni,ni->bn", a, shift)

    def _loss_gradients(
        self, t: int, k: int, observed: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(dL/dV at step t, dL/dt of spikes at step t) that the loss gives population k."""
        nothing = np.zeros_like(self.sent[k][t])
        if k != self.plan.readout_population:
            return nothing, nothing
        if self.plan.readout.reads == "voltage":
            return observed[:, t].astype(self.plan.dtype), nothing
        first = self.observed == t * self.plan.dt
        return nothing, np.where(first, observed, 0.0).astype(self.plan.dtype)

    def _memory(self) -> int:
        return self._nbytes(self.voltage, self.start, self.before, self.arriving, self.since)


def _deliver(t: int, emitted: np.ndarray, table: Table, arriving: np.ndarray) -> None:
    """A spike of step t arrives at t + 1 + delay; arrivals after the end are never read."""
    pre, post, weight, delay = table
    for trial in range(len(emitted)):
        np.add.at(arriving[:, trial], (t + 1 + delay, post), weight * emitted[trial, pre])
