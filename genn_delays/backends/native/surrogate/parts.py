"""The batch in parts: rows of what populations send lie in memory for one part at a time.

Outside of loops spikes are kept as bits. Before synapses are walked, in either pass, they become
rows of numbers for as many groups of trials as there is room for. Nothing that is computed depends
on where parts begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from genn_delays.backends.native.surrogate.buffers import UnitBuffers, aligned_zeros
from genn_delays.backends.native.surrogate.codegen import PAD
from genn_delays.backends.native.surrogate.shapes import (
    groups_with_rows,
    row_shapes,
    sending_in_parts,
)
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


class Parts:
    """Rows of spikes, and the groups of trials that are in hand.

    Attributes:
        now: these groups; all of the batch but within :meth:`of`.
    """

    def __init__(self, plan: Plan, populations: Sequence[UnitBuffers], threads: int) -> None:
        self.plan, self.populations = plan, populations
        self.most = groups_with_rows(plan, threads)
        self.arrays = {name: aligned_zeros(*one) for name, one in row_shapes(plan, threads).items()}
        self.now = range(0)

    def of(
        self, component: Component, groups: int, light: Callable[[int], object]
    ) -> Iterator[None]:
        """Each part of the batch, with the rows of what other components send to this one.

        Args:
            groups: of the whole batch.
            light: makes the rows of one population for the part.
        """
        senders = sending_in_parts(self.plan, component)
        self._place(senders)
        most = self.most if senders else max(groups, 1)
        for first in range(0, groups, most):
            self.now = range(first, min(first + most, groups))
            for k in senders:
                light(k)
            yield
        self.now = range(groups)

    def _place(self, senders: list[int]) -> None:
        """One after another in the same rows, with zeros in the same places."""
        end = 0
        for k in senders:
            row = self.arrays["rows"][end * (self.plan.steps + PAD) :]
            self.populations[k].struct.sent = row.ctypes.data
            end += self.most * self.plan.populations[k].size

    def nbytes(self) -> int:
        """Bytes of all rows."""
        return sum(array.nbytes for array in self.arrays.values())
