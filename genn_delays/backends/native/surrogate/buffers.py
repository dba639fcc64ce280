"""The arrays of the surrogate engine, one trial per lane; layouts in templates/surrogate/types."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genn_delays.backends.gradient import Gradient
from genn_delays.backends.native.shapes import Shapes, empty, zeros
from genn_delays.backends.native.step_map import ports_of
from genn_delays.backends.native.structures import Buffers
from genn_delays.backends.native.surrogate.codegen import CHUNK, Model, unit_constants
from genn_delays.backends.native.surrogate.shapes import (
    blocks_of,
    groups_of,
    in_parts,
    plane_of,
    spike_shapes,
    state_shapes,
    sums_of,
    synapse_shapes,
    tap_shapes,
)
from genn_delays.backends.native.surrogate.spectral import (
    Spectral,
    spectral_of,
    spectral_shapes,
    whole,
)
from genn_delays.backends.native.surrogate.structures import MAPPED, structures_of
from genn_delays.backends.native.vectors import LINE, lanes_of
from genn_delays.declaration.kernels import DelayKernel, taps_of
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan

AT_ONCE = 8192
"""Synapses whose taps are computed at once, in double precision."""


def aligned_zeros(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Zeros that begin on a line of the cache."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def fitting(shapes: Shapes, there: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of these shapes, on lines of the cache: those that are there, if all of them fit."""
    if {name: array.shape for name, array in there.items()} == {
        name: shape for name, (shape, _) in shapes.items()
    }:
        return there
    return {name: aligned_zeros(*one) for name, one in shapes.items()}


class UnitBuffers(Buffers):
    """What one population sends, its states, adjoints and constants."""

    def __init__(self, plan: Plan, index: int, model: Model | None) -> None:
        self.plan, self.model = plan, model
        self.population = p = plan.populations[index]
        structures = structures_of(plan)
        super().__init__(
            structures.population.ctypes()(
                size=p.size,
                model=-1 if model is None else model.index,
                spiking=p.is_spiking,
                life=plan.steps - p.tail,
                feedback=False,
                arrived=0,
                sums=sums_of(model),
                states=len(p.states),
                block=blocks_of(plan, p.size)[1],
                in_parts=in_parts(plan, index),
                **(self._of_step_maps(index) if structures is MAPPED else {}),
            )
        )
        if structures is MAPPED:
            self.set(blown=np.full(1, -1, np.int64))
        shapes = spike_shapes(plan, index) | state_shapes(plan, index, model)
        self.set(**{name: aligned_zeros(*one) for name, one in shapes.items()})

    def _of_step_maps(self, index: int) -> dict[str, int]:
        """Fields that only plans with step maps have."""
        return {"ports": ports_of(self.population), "plane": plane_of(self.plan, index)}

    def blown(self) -> tuple[int, int] | None:
        """(step, unit) of the first state of the batch that is not finite."""
        found = int(self.arrays["blown"][0]) if "blown" in self.arrays else -1
        return None if found < 0 else divmod(found, self.population.size)

    def begin(self, mask: np.ndarray | None) -> None:
        """Prepare for a batch with this dropout."""
        self.set(mask=self.lanes(mask))
        if "blown" in self.arrays:
            self.arrays["blown"][0] = -1

    def load(self, p: PlannedPopulation) -> None:
        """Take over time constants."""
        if self.model is not None:
            self.set(constant=unit_constants(p, self.model, self.plan.dtype))

    def lanes(self, values: np.ndarray | None) -> np.ndarray | None:
        """(trials, units) as (groups, units, lanes), zero beyond the last trial."""
        if values is None:
            return None
        lanes = lanes_of(self.plan)
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
            lanes = lanes_of(self.plan)
            for group in range(groups_of(self.plan, trials)):
                fired = self.arrays["fired"][group]
                each = [np.nonzero(fired & np.uint16(1 << lane)) for lane in range(lanes)]
                trial = np.repeat(np.arange(lanes), [len(unit) for unit, _ in each])
                unit, step = np.concatenate(each, axis=1)
                found.append(np.stack([trial + group * lanes, unit, step]))
        trial, unit, step = np.concatenate(found, axis=1)
        kept = trial < trials
        return Events(step[kept] * self.plan.dt, unit[kept], trial[kept], trials)


class SynapseBuffers(Buffers):
    """One projection's synapses in the order that the engine walks them, and their taps."""

    def __init__(self, plan: Plan, index: int, chunks: int) -> None:
        self.plan, self.index, self.chunks = plan, index, chunks
        self.projection = p = plan.projections[index]
        self.blocks, block = blocks_of(plan, plan.populations[p.pre].size)
        ends = {"pre": p.pre, "post": p.post, "internal": p.internal, "lag": p.lag}
        structures = structures_of(plan)
        ends |= {"port": p.port} if structures is MAPPED else {}
        super().__init__(structures.projection.ctypes()(**ends, blocks=self.blocks, block=block))
        self.taken: tuple[object, ...] = ()
        self.spectral: Spectral | None = None
        self.unmixed = False
        self.fitted: tuple[DelayKernel | None, int] = None, 0

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
        shapes = synapse_shapes(self.plan, self.index, len(table), self.chunks)
        gradients = {name: shapes[name] for name in ("weight_gradient", "delay_gradient")}
        self.struct.synapses = len(table)
        self.set(
            begin=np.ascontiguousarray(begin, np.int64),
            pre_unit=table.pre[self.order].astype(np.int32),
            post_unit=table.post[self.order].astype(np.int32),
            **zeros(gradients),
        )

    def spread(self, training: bool) -> None:
        """The taps of every synapse, for training or for evaluation, unless they are there."""
        kernel = self.kernel if training else None
        wanted = (kernel is None, None if kernel is None else kernel.current)
        if self.taken == wanted:
            return
        self.taken = ()  # until all of them are there
        if self.fitted != (kernel, len(self.delay)):
            self.spectral = spectral_of(self.plan, self.index, len(self.delay), kernel)
            self.fitted = kernel, len(self.delay)
        if self.spectral is not None and kernel is not None:
            self._mix(self.spectral, kernel)
        else:
            self._spread(kernel)
        self.taken = wanted

    def _spread(self, kernel: DelayKernel | None) -> None:
        """The taps of every synapse, walked one by one."""
        plan, p, real = self.plan, self.projection, self.plan.dtype
        self.struct.length, self.unmixed = 0, False
        self.set(roots=None, basis=None, mixed=None)
        for begin in range(0, max(len(self.delay), 1), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            taps = taps_of(self.delay[some], kernel, plan.dt, p.max_delay_steps, real)
            if not begin:
                made = self._room(taps.count, taps.slope is not None)
            share = taps.weight.astype(real)
            # beyond a trial all delays are alike
            made["first"][some] = np.minimum(taps.first, plan.steps + 1) + p.lag
            made["weight"][some] = self.weight[some].astype(real)[:, None] * share
            if taps.slope is not None:
                made["share"][some], made["slope"][some] = share, taps.slope
        if p.internal:
            self._part_by_delay(self.arrays["first"] >= CHUNK)

    def _room(self, taps: int, sloped: bool) -> dict[str, np.ndarray]:
        """Room for so many taps of every synapse: what there is, where it fits."""
        shapes = tap_shapes(self.plan, len(self.delay), taps, sloped)
        there = {k: a.shape for k, a in self.arrays.items() if k in shapes}
        if there != {name: shape for name, (shape, _) in shapes.items()}:
            self.set(**dict.fromkeys(there))  # before there is more
            self.set(**empty(shapes))
        self.struct.taps, self.struct.rounded = taps, not sloped
        return self.arrays

    def _part_by_delay(self, is_far: np.ndarray) -> None:
        """The synapses of each pre unit in two parts, the far ones first."""
        pre, begin = self.arrays["pre_unit"], self.arrays["begin"]
        far, near = np.flatnonzero(is_far), np.flatnonzero(~is_far)
        counts = np.bincount(pre[far], minlength=len(begin) - 1)
        through = np.cumsum(counts)  # far ones up to a unit, with its own
        by_delay: np.ndarray = np.empty(len(pre), np.int32)
        by_delay[np.arange(len(far)) + (begin[:-1] - through + counts)[pre[far]]] = far
        by_delay[np.arange(len(near)) + through[pre[near]]] = near
        self.set(by_delay=by_delay, near=begin[:-1] + counts)

    def _mix(self, spectral: Spectral, kernel: DelayKernel) -> None:
        """Room for the coordinates of all taps, which the engine finds where they are series."""
        shapes = spectral_shapes(self.plan, self.index, len(self.delay), spectral)
        made = {name: aligned_zeros(*shape) for name, shape in shapes.items()}
        made["basis"][...], made["roots"][...] = spectral.spectra, spectral.roots
        self.unmixed = spectral.series is not None
        if not self.unmixed:
            p, real = self.projection, self.plan.dtype
            taps = taps_of(self.delay, kernel, self.plan.dt, p.max_delay_steps, real)
            assert taps.slope is not None
            made["share"][...] = whole(taps.first, taps.weight, p.max_delay_steps)
            made["slope"][...] = whole(taps.first, taps.slope, p.max_delay_steps)
            row = made["mixed"].shape[2]
            place = self.arrays["post_unit"].astype(np.int64) * row + self.arrays["pre_unit"]
            pair = np.flatnonzero(np.diff(place, prepend=-1))
            weighted = np.add.reduceat(self.weight[:, None] * made["share"], pair, axis=0)
            made["mixed"].reshape(spectral.rank, -1)[:, place[pair]] = weighted.T
        self.set(**made, weight=None, first=None)
        for name in ("length", "kept", "segments", "rank"):
            setattr(self.struct, name, getattr(spectral, name))
        self.struct.row, self.struct.rounded = made["mixed"].shape[2], False

    def gradient(self, chunks: int) -> Gradient:
        """Gradients summed over the batch, in the order of the table."""
        result = {}
        chunks = chunks if self.spectral is None else min(chunks, 1)
        for name in ("weight", "delay"):
            total = self.arrays[f"{name}_gradient"][:chunks].sum(axis=0, dtype=np.float64)
            if name == "delay":
                total *= self.weight / self.plan.dt
            result[name] = np.empty_like(total)
            result[name][self.order] = total
        return Gradient(**result)

    def nbytes(self) -> int:
        kept = (self.order, self.weight, self.delay, *self.connected.values())
        return super().nbytes() + sum(array.nbytes for array in kept)
