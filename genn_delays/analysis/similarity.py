"""How alike two networks listen to their inputs, whatever the order of their hidden units.

Units are compared by their smoothed receptive fields, excitation minus inhibition, with Pearson's
correlation over the cells. The assignment of the units of one network to those of the other with
the largest sum is found exactly (Hungarian algorithm), and the similarity is the mean correlation
of the pairs. So large a mean needs no likeness: the best of many assignments is never 0. Chance is
the same for a second network whose weights are shuffled within each unit, assigned anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from genn_delays.analysis.chance import Chance
from genn_delays.analysis.channels import Channels
from genn_delays.analysis.receptive_fields import averaging
from genn_delays.declaration.network import Projection
from genn_delays.declaration.neurons import Input
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

PERMUTATIONS = 100


@dataclass(frozen=True, eq=False)
class Similarity:
    """Two networks by one projection.

    Attributes:
        projection: its name.
        match: for each unit of the first network the one of the second, int64, (units,).
        units: correlation of each pair, float64, (units,).
        mean: of these.
        chance, chance_sd: mean and deviation for shuffled networks.
        z, p: see :class:`Chance`.
        permutations: how many were shuffled.
    """

    projection: str
    match: np.ndarray
    units: np.ndarray
    mean: float
    chance: float
    chance_sd: float
    z: float
    p: float
    permutations: int


def similarity(
    one: Projection,
    two: Projection,
    *,
    channels: Channels,
    channel_width: float | None,
    delay_width: float | None,
    permutations: int = PERMUTATIONS,
    seed: int = 1,
) -> Similarity:
    """Compare two networks by a projection from their inputs.

    Args:
        one, two: the projection of each; of the same sizes.
        channels: of the inputs.
        channel_width, delay_width: deviation of the Gaussian, in units of channels and in ms; cells
            are as wide. None for no smoothing across, or where there are no delays.
        permutations: shuffled networks.
        seed: of these.

    Raises:
        DataError: projections of unlike shapes, or not from an input, whose units are the same in
            both networks; an impossible setting.
    """
    _check(one, two, permutations, channel_width, delay_width)
    maps = [_Maps(p.synapses, channels, channel_width, delay_width) for p in (one, two)]
    first, second = (m.correlated(m.table.weight) for m in maps)
    match, units = _matched(first, second)
    rng = np.random.default_rng([seed, crc32(one.name.encode())])
    shuffled = np.empty(permutations)
    for k in range(permutations):
        _, pairs = _matched(first, maps[1].correlated(maps[1].shuffled(rng)))
        shuffled[k] = pairs.mean()
    found = Chance.of(np.array(units.mean()), shuffled)
    return Similarity(
        projection=one.name,
        match=match,
        units=units,
        mean=float(found.observed),
        chance=float(found.mean),
        chance_sd=float(found.sd),
        z=float(found.z),
        p=float(found.p),
        permutations=permutations,
    )


class _Maps:
    """Smoothed maps of all units of a table, for any weights of its synapses."""

    def __init__(
        self, table: SynapseTable, channels: Channels, across: float | None, along: float | None
    ) -> None:
        self.table = table
        position = channels.position - channels.position.min()
        rows = np.floor(position / across) if across else position
        values, row = np.unique(rows, return_inverse=True)
        column = (table.delay // along).astype(np.int64) if along else np.zeros(len(table), int)
        columns = int(table.max_delay // along) + 1 if along else 1
        self.shape = (table.post_size, len(values), columns)
        check_size(3 * 8.0 * np.prod(self.shape, dtype=np.float64), "maps of all units")
        self._across = averaging(values, 1.0 if across else 0.0)
        self._along = averaging(np.arange(float(columns)), 1.0 if along else 0.0)
        self._cell = np.ravel_multi_index((table.post, row[table.pre], column), self.shape)

    def correlated(self, weight: np.ndarray) -> np.ndarray:
        """Maps of unit norm about their mean, (units, cells): products are correlations."""
        raw = np.bincount(self._cell, weight, np.prod(self.shape)).reshape(self.shape)
        flat = (self._across @ raw @ self._along.T).reshape(self.shape[0], -1)
        flat -= flat.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.divide(flat, norm, out=np.zeros_like(flat), where=norm > 0)

    def shuffled(self, rng: np.random.Generator) -> np.ndarray:
        """The weights, in another order within each unit."""
        post = self.table.post
        weight = np.empty(len(post))
        by_unit = np.argsort(post, kind="stable")
        weight[by_unit] = self.table.weight[np.lexsort((rng.random(len(post)), post))]
        return weight


def _matched(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each unit of the first its partner, and their correlation."""
    from scipy.optimize import linear_sum_assignment  # takes long to import

    likeness = first @ second.T
    row, column = linear_sum_assignment(likeness, maximize=True)
    return column.astype(np.int64), likeness[row, column]


def _check(
    one: Projection, two: Projection, permutations: int, across: float | None, along: float | None
) -> None:
    name = one.name
    tables = one.synapses, two.synapses
    shapes = [(table.pre_size, table.post_size, table.max_delay) for table in tables]
    if shapes[0] != shapes[1]:
        told = " and ".join(f"{pre} x {post} units up to {ms:g} ms" for pre, post, ms in shapes)
        raise DataError(f"similarity(): {name!r} joins {told}; compare networks of one shape")
    if not isinstance(one.pre.neuron, Input):
        raise DataError(
            f"similarity(): {name!r} comes from {one.pre.name!r}, whose units are others in each "
            "network; give a projection from an input"
        )
    if not is_count(permutations):
        raise DataError(f"similarity(): permutations={permutations!r}; give a whole number >= 1")
    for what, width in (("channel_width", across), ("delay_width", along)):
        if width is not None and (not is_number(width) or width <= 0):
            raise DataError(f"similarity(): {what}={width!r}; give a number > 0, or None")
