"""NativeSimulation: the buffers of one network and the calls into the compiled engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ctypes import Structure, byref, c_int32, c_int64, c_void_p
from functools import partial
from typing import Any

import numpy as np

from genn_delays.backends.base import Batch, Gradient, Gradients, Simulation
from genn_delays.backends.checks import (
    check_drives,
    check_masks,
    check_pairs,
    input_events,
    planned_tables,
)
from genn_delays.backends.native.buffers import PopulationBuffers
from genn_delays.backends.native.codegen import lanes_of, models_of, render
from genn_delays.backends.native.compiler import load
from genn_delays.backends.native.correlation import Adjoints, pairings
from genn_delays.backends.native.layout import Layout, layout_of
from genn_delays.backends.native.memory import kept_row, row_length, scratch_bytes
from genn_delays.backends.native.structures import (
    PopulationStruct,
    ProjectionStruct,
    simulation_struct,
)
from genn_delays.backends.native.synapses import ProjectionBuffers
from genn_delays.backends.native.threads import Team
from genn_delays.errors import BackendError
from genn_delays.events import Events
from genn_delays.gradients import EventProp
from genn_delays.graph import Component
from genn_delays.network import Network
from genn_delays.plan import Plan

REFUSED, OUT_OF_ORDER = 1, 3
"""Why the engine took no events: one lies outside (trial, population, batch); they are not sorted.
Threads may differ: where any finds them out of order, they are inserted again."""


class NativeSimulation(Simulation):
    """A network on the embedded engine."""

    def __init__(self, plan: Plan, network: Network, threads: int | None) -> None:
        assert isinstance(plan.gradient, EventProp)
        self.plan, self.min_slope = plan, plan.gradient.min_slope
        self.library = load(render(plan))
        self.team = Team(threads)
        _, models = models_of(plan)
        self.populations = [
            PopulationBuffers(plan, k, models.get(k)) for k in range(len(plan.populations))
        ]
        self.projections = [ProjectionBuffers(plan, k) for k in range(len(plan.projections))]
        self.adjoints = Adjoints(self.populations)
        self.trials, self.training, self.unfinished = 0, True, False
        self.shape: tuple[int, ...] | None = None
        self.layout: Layout | None = None
        self.load(network)

    def _require_open(self) -> None:
        if not self.populations:
            raise BackendError("this simulation is closed; compile the network again")

    def load(self, network: Network) -> None:
        self._require_open()
        self.training = False  # what was run belongs to what was loaded before
        tables = planned_tables(self.plan, network)
        layout, held = layout_of(self.plan, [len(table) for table in tables]), self.layout
        self.layout = None  # until all of it is loaded: buffers of two networks do not fit
        if layout != held:
            tasks = zip(layout.band, layout.chunks, layout.slots, strict=True)
            for population, task in zip(self.populations, tasks, strict=True):
                population.lay_out(*task)
        for k, (buffers, table) in enumerate(zip(self.projections, tables, strict=True)):
            buffers.connect(table, layout.slot[k], layout.chunks[buffers.projection.post])
            self._run(self.library.load_synapses, k, *buffers.exchanged(table))
        self.layout = layout
        self.adjoints.renew(ready=False)

    def forward(
        self,
        batch: Batch,
        *,
        training: bool = True,
        masks: Mapping[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        self._require_open()
        if self.layout is None:
            raise BackendError("the last load() did not come to its end; load the network again")
        # a batch that is refused leaves nothing to go back over
        self.shape, self.trials = None, 0
        self.adjoints.renew(ready=False)
        events = input_events(self.plan, batch)
        trials = next(iter(events.values())).trials
        check_masks(self.plan, masks, trials, training)
        self._insert(events, trials)
        self.trials = trials
        try:
            for component in self.plan.components:
                self._forward_component(component)
            outputs = self._read()
        except BaseException:  # what an interrupted pass leaves are the spikes of two batches
            self.trials = 0
            raise
        self.shape, self.training = outputs.shape, training
        return outputs

    def _forward_component(self, component: Component) -> None:
        """Run a component, again where it had more spikes than there was room for."""
        while True:
            self._pass("forward", component)
            grown = [self.populations[k].grow() for k in component.populations]
            if not any(grown):
                break
            self.regrown += 1
        for k in component.populations:
            if self.plan.populations[k].is_spiking:
                self._run(self.library.list_active, k)

    def _insert(self, events: Mapping[str, Events], trials: int) -> None:
        """Events into the populations that send them."""
        for k, (p, buffers) in enumerate(zip(self.plan.populations, self.populations, strict=True)):
            buffers.begin(trials)
            if p.is_input:
                for in_order in (True, False):
                    insertion = buffers.insert(events[p.name], in_order)
                    arguments = (k, byref(insertion.struct))
                    found, _ = self._run(self.library.insert_events, *arguments, trials=trials)
                    if found != OUT_OF_ORDER:
                        break
                insertion.check(found == REFUSED)
                self._run(self.library.list_active, k, trials=trials)
                if buffers.make_rows(trials):
                    self._run(self.library.fill_rows, k, trials=trials)

    def _read(self) -> np.ndarray:
        """Outputs of the batch."""
        plan, buffers = self.plan, self.populations[self.plan.readout_population]
        if "output" in buffers.arrays:
            return buffers.output(self.trials)
        if plan.readout.reads == "voltage":
            self.observed = buffers.voltage(self.trials)
        else:
            self.observed = buffers.first_spike(self.trials) * plan.dt
        return plan.readout.forward(self.observed, plan.dt)

    def backward(
        self, drive: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None = None
    ) -> Gradients:
        shape = self.shape if self.training else None
        spike_drive = check_drives(self.plan, shape, drive, spike_drive)
        self.adjoints.renew(ready=False)
        self._set_drives(drive, spike_drive)
        if self.unfinished:
            for buffers in self.projections:
                buffers.clear()
        self.unfinished = True
        for component in reversed(self.plan.components):
            self._pass("backward", component)
        found = {p.name: self._gradient(k) for k, p in enumerate(self.plan.projections)}
        self.unfinished = False
        self.adjoints.renew(ready=True)
        return Gradients(found)

    def _gradient(self, k: int) -> Gradient:
        gradient, pointers = self.projections[k].gradient()
        self._run(self.library.sum_gradients, k, *pointers)
        return gradient

    def _set_drives(self, drive: np.ndarray, spike_drive: Mapping[str, np.ndarray]) -> None:
        plan = self.plan
        for k, (p, buffers) in enumerate(zip(plan.populations, self.populations, strict=True)):
            drives = {"spike": spike_drive.get(p.name)}
            if k == plan.readout_population:
                if "output" in buffers.arrays:
                    drives["output"] = np.asarray(drive)
                else:
                    kind = "voltage" if plan.readout.reads == "voltage" else "first"
                    drives[kind] = plan.readout.backward(drive, self.observed, plan.dt)
            buffers.set_drives(**drives)

    def correlation(
        self, projection: str, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """As for every simulation, but before :meth:`load`, as it goes back once more."""
        index = check_pairs(self.plan, projection, pre, post, first, count, self.adjoints.ready)
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
        _, populations = self._run(function, *what)
        for k in component.populations:
            self.populations[k].struct.needed = populations[k].needed

    def _run(
        self, function: Callable[..., int], *what: Any, trials: int | None = None
    ) -> tuple[int, Any]:
        """One call into the engine, every thread taking work from one counter.

        Returns:
            0, or REFUSED or OUT_OF_ORDER for events that could not be inserted; and the structures
            of the populations, as the engine left them.

        Raises:
            BackendError: no memory.
        """
        populations = _array(PopulationStruct, self.populations)
        projections = _array(ProjectionStruct, self.projections)
        simulation = simulation_struct(self.plan.precision)(
            steps=self.plan.steps,
            row=row_length(self.plan),
            trials=self.trials if trials is None else trials,
            n_populations=len(populations),
            n_projections=len(projections),
            dt=self.plan.dt,
            min_slope=self.min_slope,
            populations=populations,
            projections=projections,
        )
        ticket = c_int64(0)
        failed = self.team.run(lambda: function(byref(simulation), *what, byref(ticket)))
        allowed = (0, REFUSED, OUT_OF_ORDER) if function is self.library.insert_events else (0,)
        if any(code not in allowed for code in failed):
            raise BackendError("the native engine ran out of memory; use a smaller batch_size")
        return max(failed), populations

    def spikes(self, population: str) -> Events:
        k = self.plan.population_index(population)
        return self.populations[k].events(self.trials, self.plan.dt)

    def spike_counts(self, population: str) -> np.ndarray:
        buffers = self.populations[self.plan.population_index(population)]
        return buffers.counts(self.trials)

    def memory(self) -> int:
        held = sum(b.nbytes() for b in self.populations) + sum(b.nbytes() for b in self.projections)
        held += self.adjoints.nbytes()
        room = max(b.struct.capacity for b in self.populations) / lanes_of(self.plan.dtype)
        return held + scratch_bytes(self.plan, self.team.size, room)

    def close(self) -> None:
        self.team.close()
        self.adjoints.renew(ready=False)
        self.populations, self.projections, self.shape = [], [], None


def _array(kind: type[Structure], buffers: Sequence[Any]) -> Any:
    """The structures of buffers as a C array, which holds copies of them."""
    return (kind * len(buffers))(*(b.struct for b in buffers))
