"""What the host keeps of one projection: where each synapse lies in GeNN's ragged rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.backends.genn.declaration import row_room
from genn_delays.backends.genn.surrogate.taps import taps_in
from genn_delays.backends.gradient import Gradient
from genn_delays.declaration.kernels import DelayKernel
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.plan import Plan
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import BackendError


def raw_view(variable: Any) -> np.ndarray:
    """All elements of a per-synapse variable, padding of the rows included.

    PyGeNN's public ``values`` follow the connectivity that the model was made with and copy
    row by row in Python; this is the array below them.
    """
    return variable._view


def longest_row(table: SynapseTable) -> int:
    """Synapses of the presynaptic unit that has most."""
    return int(np.bincount(table.pre, minlength=1).max())


def row_of(plan: Plan, index: int, table: SynapseTable) -> int:
    """Room of a row in a model that is compiled for this table; see ``HEADROOM``."""
    post = plan.populations[plan.projections[index].post]
    return row_room(longest_row(table), post.size)


class ProjectionBuffers:
    """Synapses of one projection.

    Attributes:
        row: room of each row, which a loaded model cannot change.
        position: place of each synapse of the table in the padded rows.
        kernel: delay kernel as the last load found it; None to round delays.
        spread: whether the kernel is used, as in training, or delays are rounded.
    """

    kernel: DelayKernel | None = None
    spread = True

    def __init__(self, plan: Plan, index: int, row: int) -> None:
        self.plan, self.projection, self.row = plan, plan.projections[index], row
        self.group: Any = None
        self.pre = self.post = np.zeros(0, np.int32)

    def load(self, table: SynapseTable) -> None:
        """Take over weights, delays and connectivity, and push them where a model is loaded.

        Raises:
            BackendError: a row has more synapses than the compiled model has room for.
        """
        longest = longest_row(table)
        if longest > self.row:
            unit = int(np.bincount(table.pre).argmax())
            raise BackendError(
                f"projection {self.projection.name!r}: unit {unit} now has {longest} synapses, but "
                f"the compiled model has room for {self.row} of each unit\n"
                "compile the network again for more room; a full projection never runs out"
            )
        same = np.array_equal(table.pre, self.pre) and np.array_equal(table.post, self.post)
        if not same or not hasattr(self, "position"):
            self.pre, self.post = table.pre.copy(), table.post.copy()
            self.lengths = np.bincount(self.pre, minlength=table.pre_size)
            start = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
            self.position = self.pre * self.row + np.arange(len(self.pre)) - start[self.pre]
        self.set("weight", table.weight)
        self.set("delay", table.delay)
        self.exact = table.delay.copy()
        if self.group is not None:
            self._push(connectivity=not same)

    def set(self, parameter: str, values: np.ndarray) -> None:
        """Change the weights or delays (ms) that are pushed next."""
        if parameter == "weight":
            self.weight = values.astype(self.plan.dtype)
        else:
            self.delay = delay_to_steps(values, self.plan.dt)

    def use_kernel(self, spread: bool) -> None:
        """Spread delays as in training, or round them; without a kernel nothing changes."""
        if spread != self.spread and self.projection.kernel is not None:
            self.spread = spread
            if self.group is not None:
                self._push(connectivity=False)

    def attach(self, group: Any, sums: dict[str, Any]) -> None:
        """Use the arrays of a model that has just been loaded; None lets go of them.

        Args:
            group: the synapse group.
            sums: custom updates that hold the gradients summed over the batch.
        """
        self.group, self.sums = group, sums
        if group is not None:
            self._push(connectivity=True)

    def _push(self, connectivity: bool) -> None:
        if connectivity:
            self.group._row_lengths.view[:] = self.lengths
            self.group._ind.view[self.position] = self.post
            self.group.push_connectivity_to_device()
        values = {"w": self.weight, "d": self.delay}
        if self.projection.kernel is not None:
            kernel, q = self.kernel if self.spread else None, self.projection
            params, taps = taps_in(self.exact, kernel, q.max_delay_steps, self.plan)
            values |= taps
            for name, value in params.items():
                self.group.set_dynamic_param_value(name, value)
        for name, column in values.items():
            raw_view(self.group.vars[name])[self.position] = column
            self.group.vars[name].push_to_device()

    def gradient(self) -> Gradient:
        """Gradients summed over the batch, aligned with the table."""
        return Gradient(self._sum("weight"), self._sum("delay"))

    def _sum(self, parameter: str) -> np.ndarray:
        variable = self.sums[parameter].vars["total"]
        variable.pull_from_device()
        return raw_view(variable)[self.position].astype(np.float64)
