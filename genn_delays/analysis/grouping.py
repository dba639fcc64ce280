"""Whether the signs and weights of a unit's synapses are grouped in channel and delay.

A unit's synapses lie on a plane, across at the place of their channel and along at their delay, in
widths of a neighbourhood: x = channel / channel_width and y = delay / delay_width. Synapses of
weight 0 are left out. With the distance d_ij = |x_i - x_j| + |y_i - y_j| and the kernel
k_ij = [1 - |x_i - x_j|]+ [1 - |y_i - y_j|]+,

- ``moran_weight``, ``moran_sign``: Moran's I (Moran 1950, Biometrika 37, 17) of the weights and of
  their signs, n / sum_ij k_ij sum_ij k_ij z_i z_j / sum_i z_i^2 over i != j with z about the mean;
- ``nearest``: share of the synapses whose nearest has their sign, a half where one of either sign
  is as near;
- ``run_across``: share of the steps from one synapse to the next, in the order of channels and
  then of the table, that stay within a sign. A share of a makes runs of mean length
  n / (1 + (1 - a) (n - 1)), which is 1 / (1 - a) of many synapses;
- ``run_along``: the same in the order of delays, then of channels.

Each is compared with the same statistic of shuffled synapses, within the unit: of ``"weights"``
among the synapses there are, and of ``"delays"``, which keeps the channel of each weight.
``run_across`` knows no delays. Where channels have no order, synapses are compared by delay alone,
and where all delays are 0 by channel alone; then both shufflings are one, and ``"weights"`` it is.

``effect`` = (o - m) / (1 - m) of an observed o and a shuffled mean m is 0 as by chance, on average
over data without structure too, and 1 where all is grouped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np

from genn_delays.analysis.chance import Chance
from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.analysis.groupings import Groupings, compared
from genn_delays.analysis.plane import COLUMNS, Plane, library
from genn_delays.declaration.network import Projection
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

PERMUTATIONS = 1000
WIDTH = 0.1
"""Of a neighbourhood, in the span of the channels and in the largest delay."""
CHUNK = 64
"""Units whose results are held at once."""


def grouping(
    projection: Projection,
    *,
    channels: Channels | Any = None,
    permutations: int = PERMUTATIONS,
    seed: int = 1,
    channel_width: float | None = None,
    delay_width: float | None = None,
    threads: int | None = None,
) -> Groupings:
    """How grouped the synapses of each unit of a projection are.

    Results depend on ``seed``, the projection's name and the unit, and not on ``threads``.

    Args:
        projection: dense, sparse or recurrent, with any number of synapses per pair.
        channels: positions of the presynaptic units, or what :func:`channels_of` said of them; by
            default nothing is known of an order.
        permutations: orders of each unit.
        seed: of these.
        channel_width: of a neighbourhood; by default a tenth of the span, and at least two
            neighbouring channels.
        delay_width: ms; by default a tenth of the projection's largest delay.
        threads: by default one per core.

    Raises:
        DataError: an impossible setting.
        BackendError: there is no C compiler.
    """
    for name, value in (
        ("permutations", permutations),
        ("threads", 1 if threads is None else threads),
    ):
        if not is_count(value):
            raise DataError(f"grouping(): {name}={value!r}; give a whole number >= 1")
    if not is_count(seed, least=0):
        raise DataError(f"grouping(): seed={seed!r}; give a whole number >= 0")
    if not isinstance(channels, Channels):
        channels = channels_of(projection, given=channels)
    rows = CHUNK + 2  # one more, and one of the layer
    check_size(8.0 * len(COLUMNS) * rows * (1 + permutations), f"{permutations} permutations")
    across, along = _widths(projection, channels, channel_width, delay_width)
    planes = _planes(projection, channels, across, along, seed)
    chances, layer = _shuffled(planes, permutations, threads or len(os.sched_getaffinity(0)))
    tests = [compared(k, chances, layer) for k in range(len(COLUMNS))]
    table = projection.synapses
    nonzero = table.weight != 0
    return Groupings(
        projection=projection.name,
        tests=tuple(test for test in tests if test.layer.units),
        synapses=np.bincount(table.post[nonzero], minlength=table.post_size),
        zero=int(len(table) - np.count_nonzero(nonzero)),
        channels=channels.origin,
        ordered=channels.ordered,
        channel_width=across,
        delay_width=along,
        permutations=permutations,
        seed=seed,
    )


def _widths(
    projection: Projection, channels: Channels, across: Any, along: Any
) -> tuple[float | None, float | None]:
    """Of a neighbourhood; None along an axis that has no order or on which nothing differs."""
    name, table = projection.name, projection.synapses
    delayed = len(table) > 0 and float(np.ptp(table.delay)) > 0
    spacing = np.diff(np.unique(channels.position))
    ordered = channels.ordered and len(spacing) > 0
    for what, given, there in (
        ("channel_width", across, ordered),
        ("delay_width", along, delayed),
    ):
        if given is not None and (not is_number(given) or given <= 0):
            raise DataError(f"grouping(): {what}={given!r}; give a number > 0")
        if given is not None and not there:
            why = f"channels: {channels.origin}" if what == "channel_width" else "one delay"
            raise DataError(f"grouping(): {name!r} has no use for {what} ({why}); leave it out")
    if across is None and ordered:
        across = max(WIDTH * float(spacing.sum()), 2.0 * float(spacing.min()))
    if along is None and delayed:
        along = WIDTH * table.max_delay
    return across, along


def _planes(
    projection: Projection,
    channels: Channels,
    across: float | None,
    along: float | None,
    seed: int,
) -> Iterator[Plane]:
    """One per postsynaptic unit. What has one axis only has it across, whichever it is."""
    table = projection.synapses
    key = crc32(projection.name.encode())
    x = channels.position[table.pre] / across if across else np.zeros(len(table))
    y = table.delay / along if along else np.zeros(len(table))
    if not across:
        x, y = y, x
    order = np.lexsort((x, table.post))
    order = order[table.weight[order] != 0]
    ends = np.searchsorted(table.post[order], np.arange(table.post_size + 1))
    for unit in range(table.post_size):
        mine = order[ends[unit] : ends[unit + 1]]
        state = np.random.SeedSequence(seed, spawn_key=(key, unit)).generate_state(1, np.uint64)
        yield Plane(
            x[mine],
            y[mine],
            table.weight[mine],
            seed=int(state[0]),
            across=across is not None,
            along=along is not None,
        )


def _shuffled(
    planes: Iterator[Plane], permutations: int, threads: int
) -> tuple[list[Chance], np.ndarray]:
    """Each unit against chance, and the sums over units of each order, in the order of units."""
    found, sums = [], np.zeros((1 + permutations, len(COLUMNS)))
    library()  # built once, before the threads ask for it
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(planes, CHUNK)):
            for values in pool.map(lambda plane: plane.orders(permutations), some):
                found.append(Chance.of(values[0], values[1:]))
                sums += np.where(np.isnan(values), 0.0, values)
    return found, sums
