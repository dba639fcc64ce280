"""The arrays that the engine reads and writes, and the structures that point to them."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.base import Gradient
from genn_delays.backends.native.codegen import TOGETHER, Model, constants_of, lanes_of
from genn_delays.backends.native.structures import PopulationStruct, ProjectionStruct, point
from genn_delays.events import Events
from genn_delays.plan import Plan
from genn_delays.synapses import SynapseTable, stable_order
from genn_delays.timing import delay_to_steps

INITIAL_SPIKES = 32
"""Spikes per neuron and trial that there is room for at first; more room is made on demand."""


def feedback_slots(plan: Plan) -> tuple[list[int], list[int]]:
    """First feedback slot of each projection (-1: none), and slots of each population.

    A slot is what one block of postsynaptic neurons tells about the arrival times of a
    population's spikes. Inputs need none; inside a component the engine sums without.
    """
    lanes = lanes_of(plan.dtype)
    first, used = [], [0] * len(plan.populations)
    for p in plan.projections:
        if plan.populations[p.pre].is_input or p.internal:
            first.append(-1)
            continue
        first.append(used[p.pre])
        used[p.pre] += -(-plan.populations[p.post].size // lanes)
    return first, used


class PopulationBuffers:
    """Spikes, voltages and drives of one population."""

    def __init__(self, plan: Plan, index: int, model: Model | None, slots: int) -> None:
        self.plan, self.model, self.slots = plan, model, slots
        self.population = plan.populations[index]
        self.size = self.population.size
        lanes = lanes_of(plan.dtype)
        self.blocks = -(-self.size // lanes)
        self.padded = self.blocks * lanes
        self.struct = PopulationStruct(
            size=self.size,
            padded=self.padded,
            blocks=self.blocks,
            model=-1 if model is None else model.index,
            states=len(self.population.states),
            is_input=self.population.is_input,
            slots=slots,
        )
        self.arrays: dict[str, np.ndarray] = {}
        if model is not None:
            self._set(constants=constants_of(self.population, model, plan.dtype))
        if index == plan.readout_population and plan.readout.reads == "voltage":
            self._set(voltage=np.zeros((plan.batch_size, plan.steps, self.padded), plan.dtype))
        if self.population.is_spiking:
            shape = (plan.batch_size, self.padded)
            self._set(count=np.zeros(shape, np.int32), first=np.zeros(shape, np.int64))
            self._reserve(min(INITIAL_SPIKES, plan.steps) * lanes)

    def _set(self, **arrays: np.ndarray | None) -> None:
        for name, array in arrays.items():
            if array is None:
                self.arrays.pop(name, None)
            else:
                self.arrays[name] = array
        point(self.struct, **arrays)

    @property
    def voltage(self) -> np.ndarray:
        """(batch, steps, padded)."""
        return self.arrays["voltage"]

    def _reserve(self, capacity: int) -> None:
        """Room for ``capacity`` spikes per block and trial."""
        storage = self.plan.batch_size * self.blocks * capacity
        self.struct.capacity, self.struct.storage = capacity, storage
        self._set(
            time=np.empty(storage, np.int32),
            before=np.empty((storage, len(self.population.states)), self.plan.dtype),
            feedback=np.empty((self.slots, storage), self.plan.dtype),
        )

    def grow(self) -> bool:
        """Make room if the last pass needed more than there was; True if it must run again."""
        needed, self.struct.needed = self.struct.needed, 0
        if not self.population.is_spiking or needed <= self.struct.capacity:
            return False
        most = self.plan.steps * lanes_of(self.plan.dtype)
        self._reserve(min(most, needed + needed // 4))
        return True

    def insert(self, events: Events) -> None:
        """Take over the events of an input population."""
        step = events.steps(self.plan.dt, self.plan.steps, self.size, self.population.name)
        value = events.value
        cell = events.trial.astype(np.int64) * self.padded + events.unit
        key = cell * self.plan.steps + step
        if np.any(key[1:] < key[:-1]):
            order = np.argsort(key, kind="stable")
            cell, step = cell[order], step[order]
            value = None if value is None else value[order]
        count = np.bincount(cell, minlength=events.trials * self.padded)
        self._set(
            count=count.astype(np.int32),
            first=(np.cumsum(count) - count).astype(np.int64),
            time=step.astype(np.int32),
            value=None if value is None else value.astype(self.plan.dtype),
        )

    def set_drives(
        self,
        *,
        voltage: np.ndarray | None,
        first: np.ndarray | None,
        spike: np.ndarray | None,
    ) -> None:
        """dL/dV per step, dL/dt of the first spike, and what is added at each spike."""
        self._set(
            voltage_drive=None if voltage is None else self._pad(voltage),
            first_drive=None if first is None else self._pad(first),
            spike_drive=None if spike is None else self._pad(spike),
        )

    def keep_adjoint(self, row: int | None) -> None:
        """Point the engine to room for a_in of every step, made on first use; None: no longer.

        Args:
            row: values per unit and trial, more than the steps of a trial: the rest stays 0.
        """
        if row is not None and "adjoint" not in self.arrays:
            shape = (-(-self.plan.batch_size // TOGETHER), self.padded, TOGETHER, row)
            self.arrays["adjoint"] = np.zeros(shape, self.plan.dtype)
        point(self.struct, adjoint=None if row is None else self.arrays["adjoint"])

    def _pad(self, values: np.ndarray) -> np.ndarray:
        padded = np.zeros((*values.shape[:-1], self.padded), self.plan.dtype)
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

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in self.arrays.values())


class ProjectionBuffers:
    """One projection's synapses in the order that the engine walks them.

    From outside a component synapses are sorted by (post, pre), so that everything which arrives
    at a neuron is together; inside one by (pre, post), as spikes are sent when they happen.
    """

    def __init__(self, plan: Plan, index: int, slot: int, chunks: int) -> None:
        self.plan, self.chunks = plan, chunks
        self.projection = plan.projections[index]
        self.struct = ProjectionStruct(
            pre=self.projection.pre,
            post=self.projection.post,
            internal=self.projection.internal,
            slot=slot,
        )
        self.pre = self.post = np.zeros(0, np.int32)
        self.arrays: dict[str, np.ndarray] = {}

    def load(self, table: SynapseTable) -> None:
        """Take over a table; connectivity may differ from last time."""
        if not self._joins(table):
            self._connect(table)
        order = self.arrays["order"]
        # beyond a trial all delays are alike, and rows need no more room
        delay = np.minimum(delay_to_steps(table.delay, self.plan.dt), self.plan.steps)
        np.take(delay, order, out=self.arrays["delay"], mode="clip")
        np.take(table.weight.astype(self.plan.dtype), order, out=self.arrays["weight"], mode="clip")

    def _joins(self, table: SynapseTable) -> bool:
        """True where the connectivity is that of the last table."""
        same = np.array_equal(table.pre, self.pre) and np.array_equal(table.post, self.post)
        return same and "order" in self.arrays

    def _connect(self, table: SynapseTable) -> None:
        """Sort the synapses of a table as the engine walks them; make room for their values."""
        self.pre, self.post = table.pre.copy(), table.post.copy()
        if self.projection.internal:
            owner, other, order = table.pre, table.post, np.arange(len(table))
            size = table.pre_size
        else:
            owner, other, size = table.post, table.pre, table.post_size
            order = stable_order(table.post, size)  # the table is sorted by pre
        begin = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=size))])
        if len(table) != self.struct.synapses or "weight" not in self.arrays:
            shape = (self.chunks, len(table))
            self.arrays = {
                "delay": np.empty(len(table), np.int32),
                "weight": np.empty(len(table), self.plan.dtype),
                "weight_gradient": np.zeros(shape, self.plan.dtype),
                "delay_gradient": np.zeros(shape, self.plan.dtype),
            }
        self.arrays["order"] = order
        self.arrays["begin"] = begin.astype(np.int64)
        self.arrays["other"] = other[order].astype(np.int32)
        self.struct.synapses = len(table)
        point(self.struct, **{k: a for k, a in self.arrays.items() if k != "order"})

    def clear(self) -> None:
        """Start the gradients at zero."""
        self.arrays["weight_gradient"].fill(0)
        self.arrays["delay_gradient"].fill(0)

    def gradient(self) -> Gradient:
        """Gradients summed over the batch, in the order of the table."""
        result = {}
        for name in ("weight", "delay"):
            total = self.arrays[f"{name}_gradient"].sum(axis=0, dtype=np.float64)
            result[name] = np.empty_like(total)
            result[name][self.arrays["order"]] = total
        return Gradient(**result)

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.pre, self.post, *self.arrays.values())
        return sum(a.nbytes for a in arrays)
