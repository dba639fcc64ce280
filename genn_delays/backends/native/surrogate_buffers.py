"""The arrays of the surrogate engine, one trial per lane; layouts in templates/surrogate/types."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genn_delays.backends.gradient import Gradient
from genn_delays.backends.native.codegen import VECTOR_BYTES, lanes_of
from genn_delays.backends.native.structures import point
from genn_delays.backends.native.surrogate_codegen import PAD, SurrogateModel, unit_constants
from genn_delays.backends.native.surrogate_structures import POPULATION, PROJECTION
from genn_delays.dynamics import PlannedPopulation
from genn_delays.events import Events
from genn_delays.kernels import DelayKernel, taps_of
from genn_delays.plan import Plan
from genn_delays.synapses import SynapseTable

CACHE = 256 * 1024
"""Bytes of rows that are worked on together, so that they stay in the second-level cache."""


def groups_of(plan: Plan, trials: int) -> int:
    """Groups of trials that share vectors."""
    return -(-trials // lanes_of(plan.dtype))


def blocks_of(plan: Plan, size: int) -> tuple[int, int]:
    """(blocks, units in each) of a population, so that the rows of a block fit the cache."""
    rows = CACHE // ((plan.steps + PAD) * VECTOR_BYTES)
    blocks = -(-size // min(max(rows, 4), 32))
    return blocks, -(-size // blocks)


def aligned_zeros(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Zeros that begin on a boundary of a vector."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % VECTOR_BYTES
    return raw[start : start + size].view(dtype).reshape(shape)


class UnitBuffers:
    """What one population sends, its states, adjoints and constants."""

    def __init__(self, plan: Plan, index: int, model: SurrogateModel | None) -> None:
        self.plan, self.model = plan, model
        self.population = p = plan.populations[index]
        self.groups = groups_of(plan, plan.batch_size)
        self.sums = 2 + (len(model.flow) if model else 0)
        self.struct = POPULATION.ctypes()(
            size=p.size,
            model=-1 if model is None else model.index,
            spiking=p.is_spiking,
            life=plan.steps - p.tail,
            feedback=False,
            sums=self.sums,
            states=len(p.states),
            block=blocks_of(plan, p.size)[1],
        )
        self.arrays: dict[str, np.ndarray] = {}
        for name, (shape, dtype) in self._shapes(index == plan.readout_population).items():
            self.set(**{name: aligned_zeros(shape, dtype)})

    def _shapes(self, is_read: bool) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of every array that lasts."""
        plan, p, real = self.plan, self.population, self.plan.dtype
        lanes, cells = lanes_of(real), (self.groups, p.size)
        padded = (self.groups * p.size * (plan.steps + PAD) + PAD, lanes)
        shapes: dict[str, tuple[tuple[int, ...], type]] = {}
        if p.is_input or p.is_spiking:
            shapes["sent"] = (padded, real)
            shapes["active"] = ((*cells, plan.steps), np.int32)
            shapes["active_count"] = (cells, np.int32)
        if self.model is None:
            return shapes
        shapes["trace"] = ((*cells, plan.steps, len(self.model.stored), lanes), real)
        shapes["adjoint"] = (padded, real)
        shapes["unit_sums"] = ((*cells, self.sums), np.float64)
        if p.is_spiking:
            shapes["spike_count"] = ((*cells, lanes), np.int32)
        if p.normalise is not None:
            shapes["current"] = ((*cells, plan.steps, lanes), real)
            shapes["moments"] = ((*cells, 2), np.float64)
        if is_read:
            shapes["drive"] = ((*cells, plan.steps, lanes), real)
        return shapes

    def set(self, **arrays: np.ndarray | None) -> None:
        """Hold arrays, or none, under the names of the C structure."""
        for name, array in arrays.items():
            if array is None:
                self.arrays.pop(name, None)
            else:
                self.arrays[name] = array
        point(self.struct, **arrays)

    def load(self, p: PlannedPopulation) -> None:
        """Take over time constants."""
        if self.model is not None:
            self.set(constant=unit_constants(p, self.model, self.plan.dtype))

    def lanes(self, values: np.ndarray | None) -> np.ndarray | None:
        """(trials, units) as (groups, units, lanes), zero beyond the last trial."""
        if values is None:
            return None
        lanes = lanes_of(self.plan.dtype)
        groups = groups_of(self.plan, len(values))
        padded = aligned_zeros((groups, self.population.size, lanes), self.plan.dtype)
        full = np.zeros((groups, lanes, self.population.size), self.plan.dtype)
        full.reshape(-1, self.population.size)[: len(values)] = values
        padded[...] = full.transpose(0, 2, 1)
        return padded

    def counts(self, trials: int) -> np.ndarray:
        """Spikes per trial and unit, int64."""
        if "spike_count" not in self.arrays:
            return np.zeros((trials, self.population.size), np.int64)
        count = self.arrays["spike_count"].transpose(0, 2, 1).reshape(-1, self.population.size)
        return count[:trials].astype(np.int64)

    def events(self, trials: int) -> Events:
        """Spikes as Events, sorted by (trial, unit, time)."""
        found = [np.zeros((3, 0), np.int64)]
        if self.model is not None and self.model.spiking:
            threshold = self.arrays["constant"][:, self.model.threshold]
            place = self.model.stored.index(self.model.threshold_state)
            lanes = lanes_of(self.plan.dtype)
            for group in range(groups_of(self.plan, trials)):
                voltage = self.arrays["trace"][group, :, :, place]
                above = voltage >= threshold[:, None, None]
                trial, unit, step = np.nonzero(above.transpose(2, 0, 1))
                found.append(np.stack([trial + group * lanes, unit, step]))
        trial, unit, step = np.concatenate(found, axis=1)
        kept = trial < trials
        return Events(step[kept] * self.plan.dt, unit[kept], trial[kept], trials)

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in self.arrays.values())


class SynapseBuffers:
    """One projection's synapses in the order that the engine walks them, and their taps."""

    def __init__(self, plan: Plan, index: int, chunks: int) -> None:
        self.plan, self.chunks = plan, chunks
        self.projection = p = plan.projections[index]
        self.blocks, block = blocks_of(plan, plan.populations[p.pre].size)
        self.struct = PROJECTION.ctypes()(
            pre=p.pre, post=p.post, internal=p.internal, blocks=self.blocks, block=block, lag=p.lag
        )
        self.arrays: dict[str, np.ndarray] = {}
        self.taken: tuple[object, ...] = ()

    def load(self, table: SynapseTable, kernel: DelayKernel | None) -> None:
        """Take over a table; connectivity may differ from last time."""
        if not self.arrays or not all(
            np.array_equal(getattr(table, name), self.connected[name]) for name in ("pre", "post")
        ):
            self._connect(table)
        self.kernel, self.taken = None if kernel is None else replace(kernel), ()
        self.weight, self.delay = table.weight[self.order], table.delay[self.order]

    def _connect(self, table: SynapseTable) -> None:
        """Sort, and find where each part begins."""
        self.connected = {"pre": table.pre.copy(), "post": table.post.copy()}
        sizes = [self.plan.populations[k].size for k in (self.projection.pre, self.projection.post)]
        block = table.pre // self.struct.block
        if self.projection.internal:
            self.order = np.arange(len(table))
            counts = np.bincount(table.pre, minlength=sizes[0])
            begin = np.concatenate([[0], np.cumsum(counts)])
        else:
            self.order = np.lexsort((table.pre, table.post, block))
            cell = block.astype(np.int64) * sizes[1] + table.post
            ends = np.cumsum(np.bincount(cell, minlength=self.blocks * sizes[1]))
            ends = ends.reshape(self.blocks, sizes[1])
            first = np.concatenate([[0], ends[:-1, -1]])[:, None]
            begin = np.concatenate([first, ends], axis=1)
        shape = (self.chunks, len(table))
        self.struct.synapses = len(table)
        self._set(
            begin=np.ascontiguousarray(begin, np.int64),
            pre_unit=table.pre[self.order].astype(np.int32),
            post_unit=table.post[self.order].astype(np.int32),
            weight_gradient=np.zeros(shape, self.plan.dtype),
            delay_gradient=np.zeros(shape, self.plan.dtype),
        )

    def spread(self, training: bool) -> None:
        """The taps of every synapse, for training or for evaluation, unless they are there."""
        kernel = self.kernel if training else None
        wanted = (kernel is None, None if kernel is None else kernel.current)
        if self.taken == wanted:
            return
        plan, p, real = self.plan, self.projection, self.plan.dtype
        taps = taps_of(self.delay, kernel, plan.dt, p.max_delay_steps, real)
        self.struct.taps, self.struct.rounded = taps.count, taps.slope is None
        weight, share = self.weight.astype(real)[:, None], taps.weight.astype(real)
        none = np.zeros((0, taps.count), real)
        self._set(
            # beyond a trial all delays are alike
            first=np.minimum(taps.first, plan.steps + 1).astype(np.int32) + np.int32(p.lag),
            weight=weight * share,
            share=none if taps.slope is None else share,
            slope=none if taps.slope is None else taps.slope.astype(real),
        )
        self.taken = wanted

    def _set(self, **arrays: np.ndarray) -> None:
        self.arrays |= arrays
        point(self.struct, **arrays)

    def gradient(self, chunks: int) -> Gradient:
        """Gradients summed over the batch, in the order of the table."""
        result = {}
        for name in ("weight", "delay"):
            total = self.arrays[f"{name}_gradient"][:chunks].sum(axis=0, dtype=np.float64)
            if name == "delay":
                total *= self.weight / self.plan.dt
            result[name] = np.empty_like(total)
            result[name][self.order] = total
        return Gradient(**result)

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        held = (*self.arrays.values(), self.order, self.weight, self.delay)
        return sum(a.nbytes for a in (*held, *self.connected.values()))
