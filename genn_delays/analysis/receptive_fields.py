"""What a unit listens to: its synapses on the plane of input channel and delay.

Excitation and inhibition are apart, each as the sum of |weight| and as the number of synapses of a
cell. A cell is a channel and a delay in steps, rounded as the engines round it.

Smoothed maps are averages under a Gaussian, over the cells that there are: with g_c and g_d its
values at the distances between channels and between delays,

    M'[c, d] = sum_ij g_c[c, i] g_d[d, j] M[i, j] / sum_ij g_c[c, i] g_d[d, j],

so that a map without structure stays as it is up to its edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.declaration.network import Projection
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import is_number
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

MAPS = 4
"""Of each unit, with eight bytes per cell."""


@dataclass(frozen=True, eq=False)
class ReceptiveFields:
    """Maps of some units of one projection.

    Attributes:
        projection: its name.
        units: postsynaptic units, int64, shape (units,).
        channels: position of each row of a map, ascending, float64, shape (channels,).
        delays: ms, of each column, float64, shape (steps,).
        excitation, inhibition: sums of |weight| of the synapses > 0 and < 0 in each cell, float64,
            shape (units, channels, steps); averages once they are smoothed.
        excitatory, inhibitory: how many synapses, float64, of the same shape.
        ordered: whether neighbouring rows are neighbours in the data.
        origin: what says which channel a unit belongs to.
    """

    projection: str
    units: np.ndarray
    channels: np.ndarray
    delays: np.ndarray
    excitation: np.ndarray
    inhibition: np.ndarray
    excitatory: np.ndarray
    inhibitory: np.ndarray
    ordered: bool
    origin: str

    @property
    def net(self) -> np.ndarray:
        """Excitation minus inhibition, float64, (units, channels, steps)."""
        return self.excitation - self.inhibition

    def smoothed(self, channel_width: float, delay_width: float) -> ReceptiveFields:
        """The same, smoothed.

        Args:
            channel_width: standard deviation of the Gaussian in units of ``channels``; 0 for none.
            delay_width: that along the delays in ms; 0 for none.

        Raises:
            DataError: a width that is no number >= 0, or along channels that have no order.
        """
        for name, width in (("channel_width", channel_width), ("delay_width", delay_width)):
            if not is_number(width) or width < 0:
                raise DataError(f"smoothed(): {name} is {width!r}; give a number >= 0")
        if channel_width and not self.ordered:
            raise DataError(
                f"smoothed(): the channels of {self.projection!r} have no order ({self.origin}); "
                "give channels= to receptive_fields(), or channel_width=0"
            )
        across = averaging(self.channels, channel_width)
        along = averaging(self.delays, delay_width)
        names = ("excitation", "inhibition", "excitatory", "inhibitory")
        return replace(self, **{name: across @ getattr(self, name) @ along.T for name in names})


def receptive_fields(
    projection: Projection,
    units: Sequence[int] | np.ndarray | None = None,
    *,
    dt: float,
    channels: Channels | Any = None,
) -> ReceptiveFields:
    """The maps of units of a projection.

    Args:
        projection: dense, sparse or recurrent, with any number of synapses per pair.
        units: postsynaptic units; by default all, where their maps fit the limit on memory.
        dt: width of a column in ms, as a rule the time step of the run.
        channels: positions of the presynaptic units, or what :func:`channels_of` said of them; by
            default each unit is a channel, without an order.

    Raises:
        DataError: no such unit, or maps beyond the limit on memory.
    """
    if not is_number(dt) or dt <= 0:
        raise DataError(f"receptive_fields(): dt is {dt!r}; give a number of ms > 0")
    if not isinstance(channels, Channels):
        channels = channels_of(projection, given=channels)
    table = projection.synapses
    chosen = _chosen(units, table.post_size, projection.name)
    rows, row = np.unique(channels.position, return_inverse=True)
    steps = int(delay_to_steps(np.array([table.max_delay]), dt)[0]) + 1
    shape = (len(chosen), len(rows), steps)
    check_size(8.0 * MAPS * np.prod(shape, dtype=np.float64), f"maps of {projection.name!r}")
    cell, weight = _cells(table, chosen, row, shape, dt)

    def summed(mask: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        flat = np.bincount(cell[mask], None if values is None else values[mask], np.prod(shape))
        return flat.reshape(shape).astype(np.float64, copy=False)

    return ReceptiveFields(
        projection=projection.name,
        units=chosen,
        channels=rows,
        delays=np.arange(steps) * dt,
        excitation=summed(weight > 0, weight),
        inhibition=summed(weight < 0, -weight),
        excitatory=summed(weight > 0),
        inhibitory=summed(weight < 0),
        ordered=channels.ordered,
        origin=channels.origin,
    )


def _cells(
    table: SynapseTable, chosen: np.ndarray, row: np.ndarray, shape: tuple[int, ...], dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Place in the flattened maps, int64, and weight of each synapse onto the chosen units."""
    place = np.full(table.post_size, -1)
    place[chosen] = np.arange(len(chosen))
    kept = np.flatnonzero(place[table.post] >= 0)
    column = delay_to_steps(table.delay[kept], dt)
    where = (place[table.post[kept]], row[table.pre[kept]], column)
    return np.ravel_multi_index(where, shape), table.weight[kept]


def _chosen(units: Any, size: int, name: str) -> np.ndarray:
    if units is None:
        return np.arange(size)
    chosen = np.asarray(units)
    if chosen.size == 0 or chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise DataError(f"receptive_fields(): units={units!r}; give numbers of units")
    if chosen.min() < 0 or chosen.max() >= size or len(np.unique(chosen)) < len(chosen):
        raise DataError(
            f"receptive_fields(): units of {name!r} are 0 to {size - 1}, each once at most"
        )
    return chosen.astype(np.int64)


def averaging(position: np.ndarray, width: float) -> np.ndarray:
    """Weights of an average under a Gaussian at each position, rows that sum to 1."""
    check_size(8.0 * len(position) ** 2, "the smoothing of receptive fields")
    if not width:
        return np.eye(len(position))
    distance = (position[:, None] - position) / width
    gauss = np.exp(-0.5 * distance**2)
    return gauss / gauss.sum(axis=1, keepdims=True)
