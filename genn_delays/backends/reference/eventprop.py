"""EventProp in plain numpy.

Every population is stepped densely through time, every synapse is visited at every spike.
Nothing is shared with the fast engines but the plan.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.backends.reference.recorded import Recorded
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import EventProp
from genn_delays.planning.plan import Plan, PlannedPopulation
from genn_delays.planning.timing import delay_to_steps

Table = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""pre, post, weight, delay in steps."""
NEVER = np.iinfo(np.int32).max


class EventPropSimulation(Recorded):
    """Steps densely through time and keeps everything.

    Per population: ``voltage`` (T, trials, n), and ``before`` (T, trials, n, S): the state at the
    end of the flow, before the input of its step: a crossing lies in the flow, an arrival at its
    end. ``since`` (T, trials, n): steps since the last spike before each step, NEVER for none.
    """

    def __init__(self, plan: Plan, network: Network) -> None:
        assert isinstance(plan.gradient, EventProp)
        super().__init__(plan)
        self.min_slope = plan.gradient.min_slope
        self.load(network)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
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
        self.voltage = [np.zeros((T, *s), plan.dtype) for s in sizes]
        self.before = [
            np.zeros((T, *s, len(p.states)), plan.dtype)
            for p, s in zip(plan.populations, sizes, strict=True)
        ]
        arriving = [np.zeros((end, *s), plan.dtype) for s in sizes]
        self.since = [np.full((T + 1, *s), NEVER, np.int32) for s in sizes]
        state = [np.zeros_like(b[0]) for b in self.before]
        for t in range(T):
            for k, p in enumerate(plan.populations):
                if not p.is_input:
                    state[k] = self._advance(t, k, p, state[k], arriving[k][t])
            for projection, table in zip(plan.projections, self.tables, strict=True):
                _deliver(t, self.sent[projection.pre][t], table, arriving[projection.post])

    def _advance(
        self, t: int, k: int, p: PlannedPopulation, x: np.ndarray, arriving: np.ndarray
    ) -> np.ndarray:
        """One step of a population: flow, input, sample, threshold, reset."""
        dtype = self.plan.dtype
        held, v = self._held(t, k, p), p.threshold_state
        flowed = np.einsum("nij,bnj->bni", p.propagator.astype(dtype), x)
        flowed[..., v] = np.where(held, x[..., v], flowed[..., v])
        x = flowed
        self.before[k][t] = x
        x[..., p.input_state] += arriving
        self.voltage[k][t] = x[..., v]
        if p.threshold is None:
            return x
        fired = (x[..., v] >= p.threshold.astype(dtype)) & ~held
        later = np.arange(1, len(self.since[k]) - t, dtype=np.int32)[:, None, None]
        self.since[k][t + 1 :] = np.where(fired, later, self.since[k][t + 1 :])
        self.fired[k][t] = self.sent[k][t] = fired
        return np.where(fired[..., None], self._reset(p, x), x)

    def _held(self, t: int, k: int, p: PlannedPopulation) -> np.ndarray:
        """Which neurons are refractory in step t, (trials, n)."""
        return self.since[k][t] <= p.refractory

    def _reset(self, p: PlannedPopulation, x: np.ndarray) -> np.ndarray:
        """R x + r."""
        matrix, offset = (a.astype(self.plan.dtype) for a in (p.reset_matrix, p.reset_offset))
        return np.einsum("nij,bnj->bni", matrix, x) + offset

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
        sizes = [(end, self.trials, p.size) for p in plan.populations]
        self.into = [np.zeros(s, plan.dtype) for s in sizes]
        self.shift = [np.zeros(s, plan.dtype) for s in sizes]
        adjoint = [np.zeros_like(b[0]) for b in self.before]
        # what the release of the latest spike not yet passed adds to the bracket of its jump
        self.release = [np.zeros(s[1:], plan.dtype) for s in sizes]
        gradients = [(np.zeros(len(w)), np.zeros(len(w))) for _, _, w, _ in self.tables]
        for t in reversed(range(T)):
            for k, p in enumerate(plan.populations):
                arrival = self._collect(t, k, gradients)
                if p.is_input:
                    continue
                voltage_gradient, time_loss = self._loss_gradients(t, k, observed)
                if p.threshold is not None:
                    time_gradient = arrival + time_loss
                    adjoint[k] = self._jump(t, k, p, adjoint[k], time_gradient, voltage_gradient)
                    if p.name in spike_drive:
                        fired = self.sent[k][t] > 0
                        adjoint[k][..., p.threshold_state] += fired * spike_drive[p.name]
                adjoint[k][..., p.threshold_state] += voltage_gradient
                self._capture(t, k, p, adjoint[k])
                self.into[k][t] = adjoint[k][..., p.input_state]
                adjoint[k] = self._retreat(t, k, p, adjoint[k])
        pairs = zip(plan.projections, gradients, strict=True)
        return Gradients({p.name: Gradient(weight, delay) for p, (weight, delay) in pairs})

    def _collect(
        self, t: int, k: int, gradients: list[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """Add the gradients of the spikes that left population k at t; return dL/dt of these."""
        arrival = np.zeros_like(self.sent[k][t])
        for index in self.plan.out_of(k):
            pre, post, weight, delay = self.tables[index]
            target = self.plan.projections[index].post
            value = self.sent[k][t][:, pre]
            into = self.into[target][t + 1 + delay, :, post].T
            shift = self.shift[target][t + 1 + delay, :, post].T
            gradients[index][0][:] += np.sum(value * into, axis=0)
            gradients[index][1][:] += np.sum(-weight * value * shift, axis=0)
            np.add.at(arrival.T, pre, (-weight * shift).T)
        return arrival

    def _capture(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> None:
        """a_V V' where a neuron is released at the end of the flow of step t."""
        v = p.threshold_state
        speed = np.einsum("nj,bnj->bn", p.flow[:, v].astype(self.plan.dtype), self.before[k][t])
        released = self.since[k][t] == p.refractory
        self.release[k] = np.where(released, a[..., v] * speed, self.release[k])

    def _retreat(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> np.ndarray:
        """a <- P^T a, where V was held with the row V of the identity in P."""
        v, held = p.threshold_state, self._held(t, k, p)
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
            self.shift[k][t - 1] = np.einsum("bni,ni->bn", a, shift)

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

    def _jump(
        self,
        t: int,
        k: int,
        p: PlannedPopulation,
        a: np.ndarray,
        time_gradient: np.ndarray,
        voltage_gradient: np.ndarray,
    ) -> np.ndarray:
        """The saltation of the adjoint at spikes; see gradients/eventprop.py."""
        dtype, v = self.plan.dtype, p.threshold_state
        flow, matrix = p.flow.astype(dtype), p.reset_matrix.astype(dtype)
        before = self.before[k][t]
        after = self._reset(p, before)
        speed = np.einsum("nij,bnj->bni", flow, before)
        onward = np.einsum("nij,bnj->bni", flow, after)
        onward[..., v] = np.where(p.refractory > 0, 0, onward[..., v])
        kink = onward - np.einsum("nij,bnj->bni", matrix, speed)
        slope = self._slope(p, before, speed)
        # The gradient of the voltage is per step: per ms it is divided by dt.
        loss_kink = voltage_gradient * (before[..., v] - after[..., v]) / dtype(self.plan.dt)
        bracket = np.sum(kink * a, axis=-1) + self.release[k] - time_gradient - loss_kink
        spiked = self.sent[k][t] > 0
        self.release[k] = np.where(spiked, 0, self.release[k])
        jumped = np.einsum("nij,bni->bnj", matrix, a)
        jumped[..., v] += bracket / slope
        return np.where(spiked[..., None], jumped, a)

    def _slope(self, p: PlannedPopulation, before: np.ndarray, speed: np.ndarray) -> np.ndarray:
        """V' where the voltage crossed its threshold within the step, to second order."""
        dtype, v = self.plan.dtype, p.threshold_state
        threshold = np.asarray(p.threshold, dtype)
        acceleration = np.einsum("nj,bnj->bn", p.flow[:, v].astype(dtype), speed)
        squared = speed[..., v] ** 2 - 2 * acceleration * (before[..., v] - threshold)
        floor = dtype(self.min_slope) * threshold
        return np.sqrt(np.maximum(squared, floor**2))

    def _memory(self) -> int:
        return self._nbytes(self.voltage, self.before, self.since)


def _deliver(t: int, emitted: np.ndarray, table: Table, arriving: np.ndarray) -> None:
    """A spike of step t arrives at t + 1 + delay; arrivals after the end are never read."""
    pre, post, weight, delay = table
    for trial in range(len(emitted)):
        np.add.at(arriving[:, trial], (t + 1 + delay, post), weight * emitted[trial, pre])
