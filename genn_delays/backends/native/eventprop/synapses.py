"""The arrays of a projection that the engine reads and writes, and their structure."""

from __future__ import annotations

from ctypes import c_double, c_void_p

import numpy as np

from genn_delays.backends.gradient import Gradient
from genn_delays.backends.native.eventprop.codegen import abreast_of
from genn_delays.backends.native.eventprop.shapes import AHEAD, synapse_shapes
from genn_delays.backends.native.eventprop.structures import MAPPED, structures_of
from genn_delays.backends.native.shapes import empty
from genn_delays.backends.native.structures import Buffers
from genn_delays.declaration.synapses import SynapseTable, stable_order
from genn_delays.planning.plan import Plan

GRADIENTS = ("weight_gradient", "delay_gradient")
FILLED = 0.3
"""Share of the pairs from which on the regular walk over all of them is the quicker one."""


class ProjectionBuffers(Buffers):
    """One projection's synapses in the order that the engine walks them.

    From outside a component synapses are sorted by (post, pre), so that everything which arrives
    at a neuron is together; inside one by (pre, post), as spikes are sent when they happen.
    """

    def __init__(self, plan: Plan, index: int) -> None:
        self.plan = plan
        self.projection = plan.projections[index]
        structures, port = structures_of(plan), self.projection.port
        super().__init__(
            structures.projection.ctypes()(
                pre=self.projection.pre,
                post=self.projection.post,
                internal=self.projection.internal,
                **({"port": port} if structures is MAPPED else {}),
            )
        )
        self.pre = self.post = np.zeros(0, np.int32)

    def connect(self, table: SynapseTable, slot: int, chunks: int) -> None:
        """Take over the connectivity of a table; it and the layout may differ from last time."""
        self.struct.slot = slot
        if not self._joins(table) or chunks != self.struct.chunks:
            self._connect(table, chunks)

    def exchanged(self, table: SynapseTable) -> tuple[c_double, *tuple[c_void_p, ...]]:
        """What the engine takes weights and delays from and puts them into."""
        given = (np.ascontiguousarray(column, float) for column in (table.weight, table.delay))
        self.given = (*given, self.arrays["delay"], self.arrays["weight"])  # outlives the call
        return c_double(self.plan.dt), *(c_void_p(array.ctypes.data) for array in self.given)

    def _joins(self, table: SynapseTable) -> bool:
        """True where the connectivity is that of the last table."""
        same = np.array_equal(table.pre, self.pre) and np.array_equal(table.post, self.post)
        return same and "place" in self.arrays

    def _connect(self, table: SynapseTable, chunks: int) -> None:
        """Sort the synapses of a table as the engine walks them; make room for their values."""
        if self.projection.internal:
            owner, other, order = table.pre, table.post, np.arange(len(table))
            size = table.pre_size
        else:
            owner, other, size = table.post, table.pre, table.post_size
            order = stable_order(table.post, size)  # the table is sorted by pre
        count = np.bincount(owner, minlength=size)
        begin = np.concatenate([[0], np.cumsum(count)])
        owner = owner[order].astype(np.int32)
        other = np.concatenate([other[order], np.zeros(AHEAD, np.int32)]).astype(np.int32)
        dense = not self.projection.internal and is_dense(table)
        if dense:
            order = _side_by_side(table, abreast_of(self.plan))
        held = self.struct.synapses, self.struct.chunks
        if held != (len(order), chunks) or "weight" not in self.arrays:
            shapes = synapse_shapes(self.plan, size, len(table), len(order), chunks)
            made = {name: shapes[name] for name in ("delay", "weight", *GRADIENTS)}
            self.arrays = empty(made)
            self.clear()
        self.arrays |= {"place": order, "begin": begin.astype(np.int64)}
        self.arrays |= {"owner": owner, "other": other}
        self.struct.synapses, self.struct.chunks = len(order), chunks
        self.struct.dense = dense
        self.set(**self.arrays)
        self.pre, self.post = table.pre.copy(), table.post.copy()  # last: now it is connected

    def clear(self) -> None:
        """Start the gradients at zero: a backward pass that was interrupted leaves some."""
        for name in GRADIENTS:
            self.arrays[name].fill(0)

    def gradient(self) -> tuple[Gradient, tuple[c_void_p, c_void_p]]:
        """Room for the gradients in the order of the table, and pointers to it for the engine."""
        weight, delay = np.empty(len(self.pre)), np.empty(len(self.pre))
        return Gradient(weight, delay), (c_void_p(weight.ctypes.data), c_void_p(delay.ctypes.data))

    def nbytes(self) -> int:
        return super().nbytes() + self.pre.nbytes + self.post.nbytes


def is_dense(table: SynapseTable) -> bool:
    """True where the engine walks all pairs of units, those that are not joined with weight 0."""
    pairs = table.pre_size * table.post_size
    if not FILLED * pairs <= len(table) <= pairs or not pairs:
        return False
    keys = table.pre.astype(np.int64) * table.post_size + table.post
    return bool(np.all(keys[1:] > keys[:-1]))  # several synapses of a pair have no place


def slots_of(plan: Plan, table: SynapseTable) -> int:
    """Slots of a projection between components."""
    if not is_dense(table):
        return len(table)
    abreast = abreast_of(plan)
    return table.pre_size * -(-table.post_size // abreast) * abreast


def _side_by_side(table: SynapseTable, abreast: int) -> np.ndarray:
    """Table index of every pair as slots, some post neurons side by side; -1 for no synapse."""
    strips = -(-table.post_size // abreast)
    index = np.full((strips * abreast, table.pre_size), -1, np.int64)
    index[table.post, table.pre] = np.arange(len(table))
    return index.reshape(strips, abreast, table.pre_size).transpose(0, 2, 1).ravel()
