"""GennSimulation: a loaded GeNN model, the buffers of its groups, and the two passes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from genn_delays.backends.genn import model as names
from genn_delays.backends.genn.buffers import PopulationBuffers
from genn_delays.backends.genn.compiler import open_model
from genn_delays.backends.genn.correlation import History, Sent, correlate, sent_of
from genn_delays.backends.genn.declaration import declare, width_of
from genn_delays.backends.genn.memory import bytes_of
from genn_delays.backends.genn.optimiser import DeviceAdam, learnt
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.backends.genn.snippets import sums
from genn_delays.backends.genn.step_map import suffix_of
from genn_delays.backends.genn.synapses import ProjectionBuffers, row_of
from genn_delays.backends.genn.units import (
    check_states,
    check_unlearnt,
    gradients_of,
    load_units,
)
from genn_delays.backends.gradient import Gradients
from genn_delays.backends.learning import AdamRule, Learning
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import PlanError

log = logging.getLogger(__name__)


class GennSimulation(Learning):
    """A network on one of GeNN's backends.

    Trials run side by side on CUDA and one after the other on GeNN's CPU backend, which knows
    no batches. The tape of spikes spans the whole batch in both cases.

    Args:
        plan, network: what to run.
        backend: GeNN's name of its backend.
        adam: by parameter, the rule of an Adam that runs on the device.
    """

    buffers: type[PopulationBuffers] = PopulationBuffers
    populations: Sequence[PopulationBuffers]

    @staticmethod
    def check_plan(plan: Plan) -> None:
        """Raise PlanError where there is no code for a plan; EventProp has it for every one."""

    @staticmethod
    def check_adam(plan: Plan) -> None:
        """Raise PlanError where the device cannot learn what a plan says."""
        check_unlearnt(plan)

    def __init__(
        self,
        plan: Plan,
        network: Network,
        backend: str,
        adam: Mapping[str, AdamRule] | None = None,
    ) -> None:
        super().__init__(plan)
        if adam:
            self.check_adam(plan)
        self.schedule = schedule_of(plan)
        self.width = width_of(plan, backend)
        self.backend = backend
        self.history, self.keeps = History(), False
        self.loaded = False
        tables = [network.projections[p.name].synapses for p in plan.projections]
        rows = [row_of(plan, k, table) for k, table in enumerate(tables)]
        learn = learnt(plan, network, adam or {})
        self.declaration = declare(plan, rows, self.width, learn)
        self.populations = [
            self.buffers(plan, k, n.snippet) for k, n in enumerate(self.declaration.neurons)
        ]
        self.projections = [ProjectionBuffers(plan, k, row) for k, row in enumerate(rows)]
        self.optimiser = DeviceAdam(plan, adam, learn, self.projections) if adam else None
        self.load(network)
        self.model, self.folder = open_model(self.declaration, backend)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        for buffers, table in zip(self.projections, tables, strict=True):
            buffers.load(table)
        load_units(self.plan, self.populations, network)
        self.history.renew()
        if self.optimiser:
            self.optimiser.load(network)

    def _allocate(self) -> None:
        """Load the model anew, with room for what the buffers ask for."""
        if self.optimiser and self.loaded:
            self.optimiser.save()
        self._unload()
        neurons, synapses = self.model.neuron_populations, self.model.synapse_populations
        for n, population in zip(self.declaration.neurons, self.populations, strict=True):
            population.prepare(neurons[n.name])
        self.model.load()
        self.loaded = True
        self.room = [(b.room, b.events) for b in self.populations]
        for n, population in zip(self.declaration.neurons, self.populations, strict=True):
            population.attach(neurons[n.name])
        for s, projection in zip(self.declaration.synapses, self.projections, strict=True):
            updates = self.model.custom_updates
            sums = {p: updates[f"{s.name}_{p}_gradient_sum"] for p in ("weight", "delay")}
            projection.attach(synapses[s.name], sums)
        if self.optimiser:
            self.optimiser.attach(self.model)

    def _unload(self) -> None:
        for population in self.populations:
            population.attach(None)
        for projection in self.projections:
            projection.attach(None, {})
        if self.loaded:
            self.model.unload()
            self.loaded = False

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        self.history.renew()
        self._prepare(masks)
        for buffers in self.populations:
            if buffers.population.is_input:
                buffers.take(events[buffers.population.name])
        while True:
            if not self.loaded or self.room != [(b.room, b.events) for b in self.populations]:
                self._allocate()
            self._go_forward()
            grown = [b.population.name for b in self.populations if b.grow(self.trials)]
            if not grown:
                break
            self.regrown += 1
            log.info("tape of %s was too short; made longer, the batch runs again", grown)

    def _go_forward(self) -> None:
        """Send the batch to the device and run it."""
        for buffers in self.populations:
            if buffers.population.is_input:
                buffers.insert()
        self._insert_masks()
        self._run(0, self.schedule.forward)
        check_states(self.plan, self.populations, self.trials)

    def _prepare(self, masks: Mapping[str, np.ndarray]) -> None:
        """Before a forward pass; EventProp evaluates as it trains."""

    def _insert_masks(self) -> None:
        """Send the dropout factors of a batch to the device; EventProp has none."""

    @property
    def _weighted(self) -> bool:
        """The device itself sums the voltages with the weights of the readout."""
        return self.plan.readout.reads == "voltage" and sums(self.plan)

    def _read(self) -> np.ndarray:
        buffers = self.populations[self.plan.readout_population]
        return buffers.output(self.trials) if self._weighted else super()._read()

    def _unread(self, output_gradient: np.ndarray) -> np.ndarray:
        found = output_gradient if self._weighted else super()._unread(output_gradient)
        # a copy of what is the caller's: correlation() may go back once more
        return found.copy() if np.may_share_memory(found, output_gradient) else found

    def _observe(self) -> np.ndarray:
        buffers = self.populations[self.plan.readout_population]
        if self.plan.readout.reads == "voltage":
            # a copy: the arrays of the device may move before backward() reads them
            return buffers.voltage(self.trials).copy()
        return buffers.first_spike(self.trials) * self.plan.dt

    def _run(self, start: int, steps: int) -> None:
        """One pass over all trials of the batch: steps of the time line from ``start`` on."""
        for first in range(0, self.trials, self.width):
            for n in self.declaration.neurons:
                group: Any = self.model.neuron_populations[n.name]
                group.set_dynamic_param_value("Trial", first)
            self._settle()
            self.model.timestep = start
            for _ in range(steps):
                self.model.step_time()

    def _settle(self) -> None:
        """Deliver what the last run left under way, in a step outside both passes, and drop it."""
        self.model.timestep = self.schedule.rest
        self.model.step_time()
        self.model.custom_update(names.CLEAR)

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        self._accumulate(observed, spike_drive)
        pairs = zip(self.plan.projections, self.projections, strict=True)
        return Gradients(
            {p.name: buffers.gradient() for p, buffers in pairs},
            gradients_of(self.populations, self.trials),
        )

    def _accumulate(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> None:
        self.loss_gradients = observed, spike_drive  # correlation() may go back once more
        self.history.renew()
        self._go_back()

    def _go_back(self) -> None:
        self._set_gradients(*self.loss_gradients)
        self._settle()
        self.model.custom_update(names.CLEAR_GRADIENTS)
        self._run(self.schedule.forward, self.schedule.backward)
        self.model.custom_update(names.REDUCE)

    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """The first call compiles a model that keeps the adjoints and runs the batch again."""
        if self.optimiser:
            raise PlanError(
                "correlation() is not there with adam=, which keeps synapses on the device; "
                "rewire with an optimiser of the host"
            )
        if not self.keeps:
            self._keep_adjoints()
        q = self.plan.projections[index]
        source, target = self.populations[q.pre], self.populations[q.post]
        sent = self.history.sent(q.pre, lambda: self._sent(source))
        into = partial(target.every_step, f"Adjoint{suffix_of(q.port)}", self.trials)
        rows = self.history.rows((q.post, q.port), count, into)
        return correlate(sent, rows, pre, post, q.lag + first, count)

    def _keep_adjoints(self) -> None:
        """Change to a model that writes down the adjoint of every step, and run the batch again."""
        self._unload()
        self.folder.cleanup()
        self.keeps, rows = True, [b.row for b in self.projections]
        self.declaration = declare(self.plan, rows, self.width, [()] * len(rows), keeps=True)
        for buffers, n in zip(self.populations, self.declaration.neurons, strict=True):
            buffers.snippet = n.snippet
        self.model, self.folder = open_model(self.declaration, self.backend)
        self._allocate()
        self._go_forward()
        self._go_back()

    def _sent(self, buffers: PopulationBuffers) -> Sent:
        """What went into the synapses of a population in the last batch."""
        return sent_of(buffers.spikes(self.trials), buffers.size, self.plan.dt)

    @property
    def learns(self) -> bool:
        return self.optimiser is not None

    def _learn(self, factors: Mapping[str, float]) -> None:
        assert self.optimiser is not None
        self.optimiser.step(self.model, factors)

    def _fetch(self, network: Network) -> None:
        assert self.optimiser is not None
        self.optimiser.fetch(network)

    def _set_gradients(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> None:
        if observed is not None:
            kinds = {"voltage": "VoltageGradient", "first_spike": "FirstSpikeGradient"}
            kind = "OutputGradient" if self._weighted else kinds[self.plan.readout.reads]
            self.populations[self.plan.readout_population].push(kind, observed)
        for buffers in self.populations:
            if buffers.population.is_spiking:
                given = spike_drive.get(buffers.population.name, 0.0)
                buffers.push("SpikeDrive", np.broadcast_to(given, (self.trials, buffers.size)))

    def _spikes(self, k: int) -> Events:
        return self.populations[k].spikes(self.trials)

    def _spike_counts(self, k: int) -> np.ndarray:
        return self.populations[k].counts(self.trials).copy()

    def row_limit(self, projection: str) -> int:
        return self.projections[self.plan.projection_index(projection)].row

    def _memory(self) -> int:
        lengths = [b.lengths() for b in self.populations]
        return bytes_of(self.declaration, lengths)

    def _close(self) -> None:
        self._unload()
        self.history.renew()
        self.model = None
        self.folder.cleanup()
