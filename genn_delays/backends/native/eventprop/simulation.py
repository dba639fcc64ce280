"""EventPropEngine: the buffers of one network and the calls into the compiled engine."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref, c_int32, c_void_p
from functools import partial
from typing import Any

import numpy as np

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.backends.native.engine import OUT_OF_ORDER, REFUSED, Engine
from genn_delays.backends.native.eventprop.buffers import PopulationBuffers
from genn_delays.backends.native.eventprop.codegen import models_of, render
from genn_delays.backends.native.eventprop.correlation import Adjoints, pairings
from genn_delays.backends.native.eventprop.layout import Layout, layout_of
from genn_delays.backends.native.eventprop.memory import kept_row, row_length, scratch_bytes
from genn_delays.backends.native.eventprop.structures import structures_of
from genn_delays.backends.native.eventprop.synapses import ProjectionBuffers
from genn_delays.backends.native.vectors import lanes_of
from genn_delays.backends.step_maps import unit_gradients
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.dynamics import with_current_parameters
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import EventProp
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


class EventPropEngine(Engine):
    """A network trained with EventProp."""

    def __init__(self, plan: Plan, network: Network, threads: int | None) -> None:
        assert isinstance(plan.gradient, EventProp)
        self.shared = structures_of(plan).simulation
        super().__init__(plan, render(plan), threads)
        self.min_slope, self.row = plan.gradient.min_slope, row_length(plan)
        _, models = models_of(plan)
        self.populations = [
            PopulationBuffers(plan, k, models.get(k)) for k in range(len(plan.populations))
        ]
        self.projections = [ProjectionBuffers(plan, k) for k in range(len(plan.projections))]
        self.adjoints = Adjoints(self.populations)
        self.unfinished = False  # a backward pass was interrupted: its sums are still there
        self.layout: Layout | None = None
        self.load(network)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        layout, held = layout_of(self.plan, [len(table) for table in tables]), self.layout
        self.layout = None  # until all of it is loaded: buffers of two networks do not fit
        self._load_units(network)
        if layout != held:
            tasks = zip(layout.band, layout.chunks, layout.slots, strict=True)
            for population, task in zip(self.populations, tasks, strict=True):
                population.lay_out(*task)
        for k, (buffers, table) in enumerate(zip(self.projections, tables, strict=True)):
            buffers.connect(table, layout.slot[k], layout.chunks[buffers.projection.post])
            self._run(self.library.load_synapses, k, *buffers.exchanged(table))
        self.layout = layout
        self.adjoints.renew()

    def _load_units(self, network: Network) -> None:
        """The parameters of units that training has reached."""
        plan, declared = self.plan, network.populations.values()
        self.tied = [population.units.tied for population in declared]
        for p, buffers, population in zip(
            plan.populations, self.populations, declared, strict=True
        ):
            if p.changes:
                now = with_current_parameters(p, population, plan.dt, plan.discretisation)
                buffers.renumber(now)

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        self.adjoints.renew()
        for buffers in self.populations:
            buffers.keep_record(self.training)
        self._insert(events)
        for component in self.plan.components:
            self._forward_component(component)

    def _forward_component(self, component: Component) -> None:
        """Run a component, again where it had more spikes than there was room for."""
        while True:
            self._pass("forward", component)
            self._check_states(component)
            grown = [self.populations[k].grow() for k in component.populations]
            if not any(grown):
                break
            self.regrown += 1
        for k in component.populations:
            if self.plan.populations[k].is_spiking:
                self._run(self.library.list_active, k)

    def _insert(self, events: Mapping[str, Events]) -> None:
        """Events into the populations that send them."""
        trials = self.trials
        for k, (p, buffers) in enumerate(zip(self.plan.populations, self.populations, strict=True)):
            buffers.begin(trials)
            if p.is_input:
                for in_order in (True, False):
                    insertion = buffers.insert(events[p.name], in_order)
                    arguments = (k, byref(insertion.struct))
                    found = self._run(self.library.insert_events, *arguments)
                    if found != OUT_OF_ORDER:
                        break
                insertion.check(found == REFUSED)
                self._run(self.library.list_active, k)
                if buffers.make_rows(trials):
                    self._run(self.library.fill_rows, k)

    @property
    def _weighted(self) -> bool:
        """The engine itself sums the voltages with the weights of the readout."""
        return "output" in self.populations[self.plan.readout_population].arrays

    def _read(self) -> np.ndarray:
        buffers = self.populations[self.plan.readout_population]
        return buffers.output(self.trials) if self._weighted else super()._read()

    def _observe(self) -> np.ndarray:
        buffers = self.populations[self.plan.readout_population]
        if self.plan.readout.reads == "voltage":
            return buffers.voltage(self.trials)
        return buffers.first_spike(self.trials) * self.plan.dt

    def _unread(self, output_gradient: np.ndarray) -> np.ndarray:
        return output_gradient if self._weighted else super()._unread(output_gradient)

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        self.adjoints.renew()
        self._set_gradients(observed, spike_drive)
        if self.unfinished:
            for buffers in self.projections:
                buffers.clear()
        for population in self.populations:
            population.clear_unit_sums()
        self.unfinished = True
        for component in reversed(self.plan.components):
            self._pass("backward", component)
        found = {p.name: self._gradient(k) for k, p in enumerate(self.plan.projections)}
        self.unfinished = False
        return Gradients(found, self._unit_gradients())

    def _unit_gradients(self) -> dict[str, dict[str, np.ndarray]]:
        """Of populations that learn something."""
        pairs = zip(self.populations, self.tied, strict=True)
        return {
            buffers.population.name: unit_gradients(buffers.population, buffers.unit_sums(), tied)
            for buffers, tied in pairs
            if buffers.population.changes
        }

    def _gradient(self, k: int) -> Gradient:
        gradient, pointers = self.projections[k].gradient()
        self._run(self.library.sum_gradients, k, *pointers)
        return gradient

    def _set_gradients(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> None:
        plan = self.plan
        kind = "output" if self._weighted else plan.readout.reads
        for k, (p, buffers) in enumerate(zip(plan.populations, self.populations, strict=True)):
            read = {kind: observed} if k == plan.readout_population else {}
            buffers.set_gradients(spike=spike_drive.get(p.name), **read)

    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """Goes back over the neurons once more, if their adjoints were not kept yet."""
        target = self.plan.projections[index].post
        component = next(c for c in self.plan.components if target in c.populations)
        if self.adjoints.missing(target):
            self.unfinished = True  # gradients inside the component are added up once more
            with self.adjoints.pointed(component.populations, kept_row(self.plan)):
                self._pass("backward", component)
        source = self.plan.projections[index].pre
        gather = partial(self._run, self.library.gather, source)
        sent = self.adjoints.sent(source, self.trials, gather)
        pairs = pairings(pre, post, first, self.plan.steps)
        result = np.zeros((len(pre), count))
        what = (index, sent, byref(pairs.struct), count, c_void_p(result.ctypes.data))
        with self.adjoints.pointed((target,), kept_row(self.plan)):
            self._run(self.library.correlate, *what)
        return result

    def _pass(self, direction: str, component: Component) -> None:
        """One component in one direction."""
        targets = (c_int32 * len(component.populations))(*component.populations)
        if component.recurrent:
            function = getattr(self.library, f"{direction}_recurrent")
            what: tuple[Any, ...] = (targets, len(targets))
        else:
            function = getattr(self.library, f"{direction}_layer")
            what = component.populations
        self._run(function, *what)

    def _scalars(self) -> dict[str, float]:
        plan = self.plan
        return {
            "steps": plan.steps,
            "row": self.row,
            "dt": plan.dt,
            "min_slope": self.min_slope,
        }

    def _spikes(self, k: int) -> Events:
        return self.populations[k].events(self.trials, self.plan.dt)

    def _spike_counts(self, k: int) -> np.ndarray:
        return self.populations[k].counts(self.trials)

    def _memory(self) -> int:
        room = max(b.struct.capacity for b in self.populations) / lanes_of(self.plan)
        scratch = scratch_bytes(self.plan, self.team.size, room)
        return self._held() + self.adjoints.nbytes() + scratch

    def _close(self) -> None:
        self.adjoints.renew()
        super()._close()
