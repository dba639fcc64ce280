"""The surrogate rule in plain numpy: whole histories as dense arrays, and their transpose.

Per population: ``current`` the input u, (T, trials, n, ports), ``states`` x before the threshold
and ``after`` x after the reset, (T, trials, n, S), ``held`` who was refractory, (T, trials, n).
See gradients/surrogate.py for the equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

import numpy as np

from genn_delays.backends.gradient import Gradients
from genn_delays.backends.reference.mapped import (
    UnitSums,
    check_states,
    flow_of,
    pull_of,
)
from genn_delays.backends.reference.normalise import Normaliser
from genn_delays.backends.reference.walked import Walked
from genn_delays.backends.step_maps import unit_gradients
from genn_delays.declaration.kernels import taps_of
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.dynamics import PlannedPopulation, with_current_parameters
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


class SurrogateSimulation(Walked):
    """Backpropagation through time, one step after the other."""

    def __init__(self, plan: Plan, network: Network) -> None:
        assert isinstance(plan.gradient, Surrogate)
        super().__init__(plan)
        self.rule = plan.gradient
        self.load(network)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        plan, dtype = self.plan, self.plan.dtype
        # copies: what is changed after load() belongs to the next one
        self.tables = [copy(table) for table in tables]
        for table in self.tables:
            table.pre, table.post = table.pre.copy(), table.post.copy()
            table.delay = table.delay.copy()
        self.weights = [t.weight.astype(dtype) for t in self.tables]
        kernels = [network.projections[p.name].kernel for p in plan.projections]
        self.kernels = [None if kernel is None else replace(kernel) for kernel in kernels]
        declared = list(network.populations.values())
        self.populations = [
            with_current_parameters(p, population, plan.dt, plan.discretisation)
            for p, population in zip(plan.populations, declared, strict=True)
        ]
        self.derivatives = [
            {
                name: population.current_neuron.propagator_derivative(
                    name, population.size, plan.dt, plan.discretisation
                )
                for name in population.learn
                if planned.step_map is None and name in population.neuron.time_constants
            }
            for population, planned in zip(declared, self.populations, strict=True)
        ]
        self.tied = {p.name: p.units.tied for p in declared}
        self.normalisers = [
            Normaliser(p, population.units, dtype)
            for p, population in zip(self.populations, declared, strict=True)
        ]

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        plan = self.plan
        self._begin(events)
        self.taps = [
            taps_of(t.delay, k if self.training else None, plan.dt, p.max_delay_steps, plan.dtype)
            for t, k, p in zip(self.tables, self.kernels, plan.projections, strict=True)
        ]
        self._allocate(masks)
        for component in plan.components:
            self._forward_component(component)

    def _observe(self) -> np.ndarray:
        return self.voltage(self.plan.readout_population).transpose(1, 0, 2)

    def _allocate(self, masks: Mapping[str, np.ndarray]) -> None:
        plan, dtype = self.plan, self.plan.dtype
        sizes = [(self.trials, p.size) for p in self.populations]
        self.end = plan.steps + plan.max_delay_steps + 2
        self.masks = [
            masks.get(p.name, np.ones(s)).astype(dtype)
            for p, s in zip(self.populations, sizes, strict=True)
        ]
        ports = [len(p.input_states) for p in self.populations]
        shapes = [(self.end, *s, count) for s, count in zip(sizes, ports, strict=True)]
        self.current = [np.zeros(s, dtype) for s in shapes]
        pairs = zip(self.populations, sizes, strict=True)
        histories = [(plan.steps, *s, len(p.states)) for p, s in pairs]
        self.states = [np.zeros(s, dtype) for s in histories]
        self.after = [np.zeros(s, dtype) for s in histories]
        self.held = [np.zeros(s[:3], bool) for s in histories]
        self.left = [np.zeros(s, int) for s in sizes]

    def voltage(self, k: int) -> np.ndarray:
        """(T, trials, n)."""
        return self.states[k][..., self.populations[k].threshold_state]

    def _forward_component(self, component: Component) -> None:
        members = component.populations
        for index, projection in enumerate(self.plan.projections):
            if projection.post in members and not projection.internal:
                for t in range(self.plan.steps):
                    self._deliver(t, index)
        if not component.recurrent:
            self._normalise(members[0])
        state = {k: self._initial(k) for k in members}
        for t in range(self.plan.steps):
            for k in members:
                if t < self.plan.steps - self.populations[k].tail:
                    if component.recurrent:
                        self.current[k][t][..., 0] += self.normalisers[k].bias
                    state[k] = self._advance(t, k, state[k], self.current[k][t])
            for index in (i for k in members for i in self._internal_from(k)):
                self._deliver(t, index)

    def _initial(self, k: int) -> np.ndarray:
        """The state in which each trial begins, (trials, n, S)."""
        return np.broadcast_to(self.populations[k].initial, self.states[k][0].shape).astype(
            self.plan.dtype
        )

    def _normalise(self, k: int) -> None:
        p, normaliser = self.populations[k], self.normalisers[k]
        raw = self.current[k][: self.plan.steps - p.tail, ..., 0]
        raw[...] = normaliser.forward(raw, self.training)
        if normaliser.statistics is not None:
            self.statistics = {**self.statistics, p.name: normaliser.statistics}

    def _advance(self, t: int, k: int, x: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        """One step of a population: flow, input, threshold, reset."""
        p, dtype = self.populations[k], self.plan.dtype
        held, v = self.left[k] > 0, p.threshold_state
        if p.step_map is not None:
            x = flow_of(p, x, ~held)
        else:
            flowed = np.einsum("nij,bnj->bni", p.propagator.astype(dtype), x)
            flowed[..., v] = np.where(held, x[..., v], flowed[..., v])
            x = flowed
        for port, state in enumerate(p.input_states):
            x[..., state] += arriving[..., port]
        if p.step_map is not None:
            check_states(p, x, t * self.plan.dt)
        self.states[k][t] = x
        if p.threshold is not None:
            above = x[..., v] - p.threshold.astype(dtype)
            strength = self.rule.value(above) if self.rule.smooth else above >= 0
            self.fired[k][t] = strength * ~held
            self.held[k][t] = held
            self.left[k] = np.where((above >= 0) & ~held, p.refractory, self.left[k] - held)
            self.sent[k][t] = self.fired[k][t] * self.masks[k]
            x = x + self.fired[k][t][..., None] * (self._reset(p, x) - x)
        self.after[k][t] = x
        return x

    def _reset(self, p: PlannedPopulation, x: np.ndarray) -> np.ndarray:
        """R x + r."""
        matrix, offset = (a.astype(self.plan.dtype) for a in (p.reset_matrix, p.reset_offset))
        return np.einsum("nij,bnj->bni", matrix, x) + offset

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        plan, dtype = self.plan, self.plan.dtype
        sizes = [(self.trials, p.size) for p in self.populations]
        self.voltage_gradient = [np.zeros((plan.steps, *s), dtype) for s in sizes]
        if observed is not None:
            self.voltage_gradient[plan.readout_population][...] = observed.transpose(1, 0, 2)
        self.sent_adjoint = [np.zeros((plan.steps, *s), dtype) for s in sizes]
        self.spike_drive = [
            np.asarray(spike_drive.get(p.name, np.zeros(s)), dtype)
            for p, s in zip(self.populations, sizes, strict=True)
        ]
        self.into = [np.zeros_like(current) for current in self.current]
        self.sums = {
            k: UnitSums(p) for k, p in enumerate(self.populations) if p.step_map is not None
        }
        self.units: dict[str, dict[str, np.ndarray]] = {}
        for component in reversed(plan.components):
            self._backward_component(component)
        pairs = enumerate(plan.projections)
        return Gradients({p.name: self._gradient(index) for index, p in pairs}, self.units)

    def _backward_component(self, component: Component) -> None:
        members = component.populations
        adjoint = {k: np.zeros_like(self.states[k][0]) for k in members}
        flow = {k: np.zeros((p.size, len(p.states), len(p.states))) for k, p in self._of(members)}
        for t in reversed(range(self.plan.steps)):
            for k, p in self._of(members):
                for index in self._internal_from(k):
                    self._collect(t, index)
                if t >= self.plan.steps - p.tail:
                    continue
                a = self._retreat(t, k, adjoint[k])
                self.into[k][t] = a[..., list(p.input_states)]
                adjoint[k] = self._flow_back(t, k, a, flow[k])
        for k, p in self._of(members):
            if p.step_map is not None:
                self.sums[k].add_initial(adjoint[k])
            self._unit_gradients(k, flow[k])
            into = self.into[k][: self.plan.steps - p.tail, ..., 0]
            into[...] = self.normalisers[k].backward(into)
        for index, projection in enumerate(self.plan.projections):
            if projection.post in members and not projection.internal:
                for t in range(self.plan.steps):
                    self._collect(t, index)

    def _flow_back(self, t: int, k: int, a: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """The adjoint before the flow of step t, from that after it; ``flow`` gains dL/dP."""
        p = self.populations[k]
        if p.step_map is not None:
            earlier = self.after[k][t - 1] if t > 0 else self._initial(k)
            before, _, gained = pull_of(p, earlier, ~self.held[k][t], a)
            self.sums[k].add_constants(gained)
            return before
        v, held, moving = p.threshold_state, self.held[k][t], a.copy()
        moving[..., v] = np.where(held, 0, a[..., v])
        if t > 0:
            flow += np.einsum("bni,bnj->nij", moving, self.after[k][t - 1])
        before = np.einsum("nij,bni->bnj", p.propagator.astype(a.dtype), moving)
        before[..., v] = np.where(held, a[..., v], before[..., v])
        return before

    def _internal_from(self, k: int) -> list[int]:
        """Projections from population k that stay inside its component."""
        return [i for i in self.plan.out_of(k) if self.plan.projections[i].internal]

    def _of(self, members: tuple[int, ...]) -> list[tuple[int, PlannedPopulation]]:
        return [(k, self.populations[k]) for k in members]

    def _retreat(self, t: int, k: int, a: np.ndarray) -> np.ndarray:
        """The adjoint before threshold and reset of step t, from that after them."""
        p, dtype = self.populations[k], self.plan.dtype
        if p.threshold is not None:
            x, s = self.states[k][t], self.fired[k][t]
            ds = self.sent_adjoint[k][t] * self.masks[k] + self.spike_drive[k]
            if not self.rule.detach_reset:
                ds = ds + np.sum((self._reset(p, x) - x) * a, axis=-1)
            back = np.einsum("nij,bni->bnj", p.reset_matrix.astype(dtype), a)
            above = x[..., p.threshold_state] - p.threshold.astype(dtype)
            kick = self.rule.derivative(above) * ds * ~self.held[k][t]
            if p.step_map is not None:
                self.sums[k].add_spikes(s, a, x, -kick)
            a = a + s[..., None] * (back - a)
            a[..., p.threshold_state] += kick
        else:
            a = a.copy()
        a[..., p.threshold_state] += self.voltage_gradient[k][t]
        return a

    def _unit_gradients(self, k: int, flow: np.ndarray) -> None:
        """dL/d time constants from dL/dP, and those of the normalisation."""
        p = self.populations[k]
        life = self.plan.steps - p.tail
        found = self.normalisers[k].gradients(self.into[k][:life, ..., 0])
        if p.step_map is not None:
            found |= unit_gradients(p, self.sums[k].sums, frozenset())
        for name, derivative in self.derivatives[k].items():
            found[name] = np.einsum("nij,nij->n", flow, derivative)
        for name in self.tied[p.name]:
            found[name] = np.full(p.size, found[name].sum())
        if p.learn:
            self.units[p.name] = {name: found[name] for name in p.learn}

    def _memory(self) -> int:
        return self._nbytes(self.current, self.states, self.after, self.held)
