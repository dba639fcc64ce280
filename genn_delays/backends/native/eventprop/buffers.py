"""The arrays of a population that the engine reads and writes, and their structure."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.eventprop.codegen import TOGETHER, Model, constants_of
from genn_delays.backends.native.eventprop.layout import TASKS, blocks_of, rows_of
from genn_delays.backends.native.eventprop.shapes import (
    cell_shapes,
    input_shapes,
    read_shapes,
    record_shapes,
    row_shapes,
    spike_shapes,
    unit_shapes,
)
from genn_delays.backends.native.eventprop.step_map import logged_of
from genn_delays.backends.native.eventprop.structures import MAPPED, structures_of
from genn_delays.backends.native.insertion import Insertion
from genn_delays.backends.native.shapes import empty, zeros
from genn_delays.backends.native.step_map import collected_count, ports_of
from genn_delays.backends.native.structures import Buffers, point
from genn_delays.backends.native.vectors import lanes_of
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan

INITIAL_SPIKES = 32
"""Spikes per neuron and trial that there is room for at first; more room is made on demand."""
OFTEN = 8
"""Inputs that send something in one of so many steps are kept as rows of all steps: vectors of
these are added more quickly than single events."""


class PopulationBuffers(Buffers):
    """Spikes, voltages and gradients of one population."""

    def __init__(self, plan: Plan, index: int, model: Model | None) -> None:
        self.plan, self.index, self.model, self.chunks, self.most = plan, index, model, 1, 0
        self.population = plan.populations[index]
        self.size = self.population.size
        lanes = lanes_of(plan)
        self.blocks = blocks_of(plan, index)
        self.padded = self.blocks * lanes
        structures = structures_of(plan)
        self.mapped_plan = structures is MAPPED
        super().__init__(
            structures.population.ctypes()(
                size=self.size,
                padded=self.padded,
                blocks=self.blocks,
                model=-1 if model is None else model.index,
                states=len(self.population.states),
                is_input=self.population.is_input,
                **(self._of_step_maps() if self.mapped_plan else {}),
            )
        )
        if model is not None:
            self.set(constants=constants_of(self.population, model, plan))
        if plan.reads_voltage(index):
            self._observe()
        if self.population.is_spiking:
            self.set(**zeros(cell_shapes(plan, index, plan.batch_size)))
            self._reserve(min(INITIAL_SPIKES, plan.steps) * lanes)

    def _of_step_maps(self) -> dict[str, int]:
        """Fields that only plans with step maps have."""
        p = self.population
        return {
            "mapped": p.step_map is not None,
            "ports": ports_of(p),
            "logged": logged_of(p),
            "collected": collected_count(p),
            "blown": -1,
        }

    def renumber(self, population: PlannedPopulation) -> None:
        """Take over the numbers of the same neurons after training changed them."""
        assert self.model is not None
        self.population = population
        self.arrays["constants"][...] = constants_of(population, self.model, self.plan)

    def keep_record(self, training: bool) -> None:
        """Point the engine to room for what is kept of a step, made on first use, or to none."""
        shapes = record_shapes(self.plan, self.index)
        if training and "record" not in self.arrays:
            self.arrays |= empty(shapes)
        if shapes:
            point(self.struct, record=self.arrays["record"] if training else None)

    def unit_sums(self) -> np.ndarray:
        """dL/d of what is collected, over the batch, float64, (n, collected)."""
        found = self.arrays["unit_gradient"].sum(axis=0)
        return found.transpose(0, 2, 1).reshape(self.padded, -1)[: self.size]

    def clear_unit_sums(self) -> None:
        """Before a backward pass."""
        if "unit_gradient" in self.arrays:
            self.arrays["unit_gradient"].fill(0)

    def blown(self) -> tuple[int, int] | None:
        """(step, unit) of the first state of the batch that is not finite."""
        found = self.struct.blown if self.mapped_plan else -1
        return None if found < 0 else divmod(found, self.size)

    def _observe(self) -> None:
        """Room for what the readout reads: every voltage, unless it reads weighted sums of them."""
        plan = self.plan
        self.set(**zeros(read_shapes(plan, self.index)))
        weights = plan.readout.weights(plan.steps, plan.dt)
        if weights is not None:
            self.arrays["step_weight"][...] = weights

    def begin(self, trials: int) -> None:
        """Prepare for a batch."""
        self.struct.chunks = min(self.chunks, max(trials, 1))
        self.struct.needed = 0  # of this batch, not of one that was interrupted
        if self.mapped_plan:
            self.struct.blown = -1
        if self.most and 2 * self._with_spare() < self.struct.capacity:
            self._reserve(self._with_spare())  # less room lies closer together in memory

    def voltage(self, trials: int) -> np.ndarray:
        """(trials, steps, n)."""
        return self.arrays["voltage"][:trials, :, : self.size]

    def output(self, trials: int) -> np.ndarray:
        """What a readout of weighted sums reads, (trials, n)."""
        return self.arrays["output"][:trials, : self.size].copy()

    def _reserve(self, capacity: int) -> None:
        """Room for ``capacity`` spikes per block and trial."""
        room = empty(spike_shapes(self.plan, self.index, capacity, self.struct.slots))
        # only now, when there is memory for all of it: the engine believes these numbers
        self.struct.capacity, self.struct.storage = capacity, len(room["order"])
        self.set(**room)

    def lay_out(self, band: int, chunks: int, slots: int) -> None:
        """Take over the tasks of a layout, with room for the feedback in its slots."""
        if self.population.is_spiking:
            self.set(feedback=np.empty((slots, self.struct.storage), self.plan.dtype))
        self.set(**zeros(unit_shapes(self.plan, self.index, chunks)))
        self.struct.band, self.chunks, self.struct.slots = band, chunks, slots

    def grow(self) -> bool:
        """Make room if the last pass needed more than there was; True if it must run again."""
        needed, self.struct.needed = self.struct.needed, 0
        self.most = max(self.most, needed)
        if not self.population.is_spiking or needed <= self.struct.capacity:
            return False
        self._reserve(self._with_spare())
        return True

    def _with_spare(self) -> int:
        """The most spikes that a block had in a trial so far, and a quarter more."""
        possible = self.plan.steps * lanes_of(self.plan)
        return min(possible, self.most + self.most // 4 + 1)

    def insert(self, events: Events, in_order: bool) -> Insertion:
        """Make room for the events of an input population; the engine then puts them there.

        Args:
            in_order: they are taken to be sorted by (trial, unit, time).
        """
        together = max(1, -(-events.trials // TASKS))
        shapes = cell_shapes(self.plan, self.index, max(events.trials, 1))
        shapes |= input_shapes(self.plan, len(events), events.value is not None)
        none = {name: None for name in ("value", "by_row") if name not in shapes}
        self.set(**{name: self._room(name, *one) for name, one in shapes.items()}, **none)
        return Insertion(self.plan, self.population, events, together, in_order)

    def make_rows(self, trials: int) -> bool:
        """Room for the rows of inserted trials that send often; whether there are any.

        Each trial decides for itself, so that its sums do not depend on the other trials.
        """
        by_row = self.arrays["sent"][:trials] * OFTEN >= max(self.size * self.plan.steps, 1)
        if not np.any(by_row):
            return False
        self.struct.row_before, _ = rows_of(self.plan)
        rows = row_shapes(self.plan, self.index, trials)["rows"]
        self.set(rows=self._room("rows", *rows), by_row=by_row.astype(np.uint8))
        return True

    def _room(self, name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """The array ``name`` where it is large enough: fresh memory costs more than to fill it."""
        held = self.arrays.get(name)
        if held is not None and all(a >= b for a, b in zip(held.shape, shape, strict=True)):
            return held
        return np.empty(shape, dtype)

    def set_gradients(
        self,
        *,
        voltage: np.ndarray | None = None,
        output: np.ndarray | None = None,
        first_spike: np.ndarray | None = None,
        spike: np.ndarray | None = None,
    ) -> None:
        """dL/dV per step, dL/d weighted sum, dL/dt of the first spike, and what spikes add."""
        self.set(
            voltage_gradient=None if voltage is None else self._pad(voltage),
            output_gradient=None if output is None else self._pad(output, np.float64),
            first_spike_gradient=None if first_spike is None else self._pad(first_spike),
            spike_drive=None if spike is None else self._pad(spike),
        )

    def keep_adjoint(self, row: int | None) -> None:
        """Point the engine to room for a_in of every step, made on first use; None: no longer.

        Args:
            row: values per unit and trial, more than the steps of a trial: the rest stays 0.
        """
        if row is not None and "adjoint" not in self.arrays:
            groups = -(-self.plan.batch_size // TOGETHER)
            ports = ports_of(self.population)
            shape = (groups, ports, self.padded, TOGETHER, row)
            self.arrays["adjoint"] = np.zeros(shape, self.plan.dtype)
        point(self.struct, adjoint=None if row is None else self.arrays["adjoint"])

    def _pad(self, values: np.ndarray, dtype: type | None = None) -> np.ndarray:
        padded = np.zeros((*values.shape[:-1], self.padded), dtype or self.plan.dtype)
        padded[..., : self.size] = values
        return padded

    def counts(self, trials: int) -> np.ndarray:
        """Spikes per trial and unit, int64."""
        if "count" not in self.arrays:
            return np.zeros((trials, self.size), np.int64)
        count = self.arrays["count"].reshape(-1, self.padded)
        return count[:trials, : self.size].astype(np.int64)

    def _spike_index(self, trials: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(trial, unit, index into time) of every spike, sorted by (trial, unit, time)."""
        count = self.counts(trials)
        trial, unit = np.indices(count.shape).reshape(2, -1)
        repeats = count.ravel()
        first = self.arrays["first"].reshape(-1, self.padded)[:trials, : self.size].ravel()
        within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        index = np.repeat(first, repeats) + within
        return np.repeat(trial, repeats), np.repeat(unit, repeats), index

    def events(self, trials: int, dt: float) -> Events:
        """Spikes (or graded values) as Events."""
        if "time" not in self.arrays:
            nothing = np.zeros(0)
            return Events(nothing, nothing, nothing, trials)
        trial, unit, index = self._spike_index(trials)
        value = self.arrays.get("value")
        return Events(
            self.arrays["time"][index] * dt,
            unit,
            trial,
            trials,
            None if value is None else value[index].astype(np.float64),
        )

    def first_spike(self, trials: int) -> np.ndarray:
        """Step of each neuron's first spike, (trials, n); the number of steps where silent."""
        fired = self.counts(trials) > 0
        result = np.full(fired.shape, self.plan.steps, dtype=np.float64)
        first = self.arrays["first"].reshape(-1, self.padded)[:trials, : self.size]
        result[fired] = self.arrays["time"][first[fired]]
        return result
