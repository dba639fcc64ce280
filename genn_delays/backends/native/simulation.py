"""NativeSimulation: the buffers of one network and the calls into the compiled engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ctypes import Structure, byref, c_int32, c_int64, c_void_p
from functools import partial
from typing import Any

import numpy as np

from genn_delays.backends.base import Batch, Gradients, Simulation
from genn_delays.backends.checks import (
    check_drives,
    check_masks,
    check_pairs,
    input_events,
    planned_tables,
)
from genn_delays.backends.native.buffers import PopulationBuffers, ProjectionBuffers, feedback_slots
from genn_delays.backends.native.codegen import models_of, render
from genn_delays.backends.native.compiler import load
from genn_delays.backends.native.correlation import Adjoints, pairings
from genn_delays.backends.native.memory import kept_row, row_length, scratch_bytes
from genn_delays.backends.native.structures import (
    PopulationStruct,
    ProjectionStruct,
    simulation_struct,
)
from genn_delays.backends.native.threads import Team
from genn_delays.errors import BackendError
from genn_delays.events import Events
from genn_delays.gradients import EventProp
from genn_delays.graph import Component
from genn_delays.network import Network
from genn_delays.plan import Plan

CHUNKS = 8
"""Parts of a batch that sum their gradients apart. Fixed, so that the order of summation, and
with it every last digit, is the same for any number of threads."""


class NativeSimulation(Simulation):
    """A network on the embedded engine."""

    def __init__(self, plan: Plan, network: Network, threads: int | None) -> None:
        assert isinstance(plan.gradient, EventProp)
        self.plan, self.min_slope = plan, plan.gradient.min_slope
        self.library = load(render(plan))
        self.team = Team(threads)
        _, models = models_of(plan)
        slots, counts = feedback_slots(plan)
        self.populations = [
            PopulationBuffers(plan, k, models.get(k), count) for k, count in enumerate(counts)
        ]
        self.projections = [
            ProjectionBuffers(plan, k, slot, CHUNKS) for k, slot in enumerate(slots)
        ]
        self.adjoints = Adjoints(self.populations)
        self.trials, self.training = 0, True
        self.shape: tuple[int, ...] | None = None
        self.load(network)

    def _require_open(self) -> None:
        if not self.populations:
            raise BackendError("this simulation is closed; compile the network again")

    def load(self, network: Network) -> None:
        self._require_open()
        self.training = False  # what was run belongs to what was loaded before
        tables = planned_tables(self.plan, network)
        for buffers, table in zip(self.projections, tables, strict=True):
            buffers.load(table)
        self.adjoints.renew(ready=False)

    def forward(
        self,
        batch: Batch,
        *,
        training: bool = True,
        masks: Mapping[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        self._require_open()
        # a batch that is refused leaves nothing to go back over
        self.shape, self.trials = None, 0
        self.adjoints.renew(ready=False)
        events = input_events(self.plan, batch)
        trials = next(iter(events.values())).trials
        check_masks(self.plan, masks, trials, training)
        for p, buffers in zip(self.plan.populations, self.populations, strict=True):
            if p.is_input:
                buffers.insert(events[p.name])
        self.trials = trials
        for component in self.plan.components:
            while True:
                self._run("forward", component)
                grown = [self.populations[k].grow() for k in component.populations]
                if not any(grown):
                    break
                self.regrown += 1
        self.observed = self._observe()
        outputs = self.plan.readout.forward(self.observed, self.plan.dt)
        self.shape, self.training = outputs.shape, training
        return outputs

    def _observe(self) -> np.ndarray:
        """What the readout reads: voltages (trials, steps, n) or first spike times (trials, n)."""
        buffers = self.populations[self.plan.readout_population]
        if self.plan.readout.reads == "voltage":
            return buffers.voltage[: self.trials, :, : buffers.size]
        return buffers.first_spike(self.trials) * self.plan.dt

    def backward(
        self, drive: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None = None
    ) -> Gradients:
        shape = self.shape if self.training else None
        spike_drive = check_drives(self.plan, shape, drive, spike_drive)
        observed = self.plan.readout.backward(drive, self.observed, self.plan.dt)
        self._set_drives(observed, spike_drive)
        for buffers in self.projections:
            buffers.clear()
        for component in reversed(self.plan.components):
            self._run("backward", component)
        self.adjoints.renew(ready=True)
        pairs = zip(self.plan.projections, self.projections, strict=True)
        return Gradients({p.name: buffers.gradient() for p, buffers in pairs})

    def _set_drives(self, observed: np.ndarray, spike_drive: Mapping[str, np.ndarray]) -> None:
        for k, (p, buffers) in enumerate(zip(self.plan.populations, self.populations, strict=True)):
            read = k == self.plan.readout_population
            buffers.set_drives(
                voltage=observed if read and self.plan.readout.reads == "voltage" else None,
                first=observed if read and self.plan.readout.reads == "first_spike" else None,
                spike=spike_drive.get(p.name),
            )

    def correlation(
        self, projection: str, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """As for every simulation, but before :meth:`load`, as it goes back once more."""
        index = check_pairs(self.plan, projection, pre, post, first, count, self.adjoints.ready)
        target = self.plan.projections[index].post
        component = next(c for c in self.plan.components if target in c.populations)
        if self.adjoints.missing(target):
            with self.adjoints.pointed(component.populations, kept_row(self.plan)):
                self._run("backward", component)
        source = self.plan.projections[index].pre
        gather = partial(self._call, self.library.gather, source)
        sent = self.adjoints.sent(source, self.trials, gather)
        pairs = pairings(pre, post, first, self.plan.steps)
        result = np.zeros((len(pre), count))
        what = (index, sent, byref(pairs.struct), count, c_void_p(result.ctypes.data))
        with self.adjoints.pointed((target,), kept_row(self.plan)):
            self._call(self.library.correlate, *what)
        return result

    def _run(self, direction: str, component: Component) -> None:
        """One component in one direction."""
        targets = (c_int32 * len(component.populations))(*component.populations)
        if component.recurrent:
            function = getattr(self.library, f"{direction}_recurrent")
            what: tuple[Any, ...] = (targets, len(targets))
        else:
            function = getattr(self.library, f"{direction}_layer")
            what = component.populations
        populations = self._call(function, *what)
        for k in component.populations:
            self.populations[k].struct.needed = populations[k].needed

    def _call(self, function: Callable[..., int], *what: Any) -> Any:
        """One call into the engine, every thread taking work from one counter.

        Returns:
            The structures of the populations, as the engine left them.
        """
        populations = _array(PopulationStruct, self.populations)
        projections = _array(ProjectionStruct, self.projections)
        simulation = simulation_struct(self.plan.precision)(
            steps=self.plan.steps,
            row=row_length(self.plan),
            trials=self.trials,
            chunks=min(CHUNKS, self.trials),
            n_populations=len(populations),
            n_projections=len(projections),
            dt=self.plan.dt,
            min_slope=self.min_slope,
            populations=populations,
            projections=projections,
        )
        ticket = c_int64(0)
        if any(self.team.run(lambda: function(byref(simulation), *what, byref(ticket)))):
            raise BackendError("the native engine ran out of memory; use a smaller batch_size")
        return populations

    def spikes(self, population: str) -> Events:
        k = self.plan.population_index(population)
        return self.populations[k].events(self.trials, self.plan.dt)

    def spike_counts(self, population: str) -> np.ndarray:
        buffers = self.populations[self.plan.population_index(population)]
        return buffers.counts(self.trials)

    def memory(self) -> int:
        held = sum(b.nbytes() for b in self.populations) + sum(b.nbytes() for b in self.projections)
        held += self.adjoints.nbytes()
        return held + scratch_bytes(self.plan, self.team.size)

    def close(self) -> None:
        self.team.close()
        self.adjoints.renew(ready=False)
        self.populations, self.projections, self.shape = [], [], None


def _array(kind: type[Structure], buffers: Sequence[Any]) -> Any:
    """The structures of buffers as a C array, which holds copies of them."""
    return (kind * len(buffers))(*(b.struct for b in buffers))
