"""What rewiring keeps of the wiring a run began with, and which synapses survive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.declaration.synapses import SynapseTable

BINS = 5


@dataclass(frozen=True, eq=False)
class Survival:
    """How many synapses of the beginning are there in the end, by what they were in the beginning.

    Attributes:
        edges: of the classes, which had as many synapses each where values differ, float64,
            (classes + 1,).
        synapses: in each class, int64.
        share: of them that survived; NaN in an empty class.
        difference: mean of survivors minus mean of the others, in standard deviations of all; NaN
            where all or none survived.
    """

    edges: np.ndarray
    synapses: np.ndarray
    share: np.ndarray
    difference: float


@dataclass(frozen=True, eq=False)
class Kept:
    """One projection.

    Attributes:
        projection: its name.
        before, after: synapses.
        kept: of the first, those whose pair is still joined; a pair with several synapses keeps as
            many as it has in the end. One that was dropped and grown again counts as kept.
        share: kept / before.
        chance: the share that wiring at random with as many synapses would keep, which is the
            density in the end.
        by_weight: survival by initial |weight|.
        by_delay: by initial delay, ms.
        by_sign: share kept of the initially excitatory (weight > 0) and inhibitory synapses; NaN
            where there were none.
    """

    projection: str
    before: int
    after: int
    kept: int
    share: float
    chance: float
    by_weight: Survival
    by_delay: Survival
    by_sign: tuple[float, float]


def kept(network: Network, initial: Network) -> dict[str, Kept]:
    """Of every projection whose wiring is another one than in the beginning, by name.

    Args:
        network: after learning.
        initial: the same network before.
    """
    found = {}
    for name, projection in network.projections.items():
        before = initial.projections.get(name)
        if before is not None and len(before.synapses) and _differs(projection, before):
            found[name] = _kept(projection.synapses, before.synapses, name)
    return found


def _differs(one: Projection, two: Projection) -> bool:
    columns = ("pre", "post")
    return not all(
        np.array_equal(getattr(one.synapses, c), getattr(two.synapses, c)) for c in columns
    )


def _kept(after: SynapseTable, before: SynapseTable, name: str) -> Kept:
    survived = np.isin(_keys(before, before, after), _keys(after, before, after))
    weight = before.weight
    density = len(np.unique(_pairs(after))) / (after.pre_size * after.post_size)
    return Kept(
        projection=name,
        before=len(before),
        after=len(after),
        kept=int(np.count_nonzero(survived)),
        share=float(survived.mean()),
        chance=density,
        by_weight=_survival(np.abs(weight), survived),
        by_delay=_survival(before.delay, survived),
        by_sign=(_share(survived[weight > 0]), _share(survived[weight < 0])),
    )


def _pairs(table: SynapseTable) -> np.ndarray:
    return table.pre.astype(np.int64) * table.post_size + table.post


def _keys(table: SynapseTable, *both: SynapseTable) -> np.ndarray:
    """A number for each synapse: its pair, and its place among those of the pair."""
    pair = _pairs(table)
    place = np.arange(len(pair)) - np.searchsorted(pair, pair)  # tables are sorted
    return pair * max(map(len, both)) + place


def _survival(value: np.ndarray, survived: np.ndarray) -> Survival:
    edges = np.unique(np.quantile(value, np.linspace(0, 1, BINS + 1)))
    if len(edges) < 2:
        edges = np.repeat(edges, 2)
    place = np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(place, minlength=len(edges) - 1)
    left = np.bincount(place, survived, len(edges) - 1)
    share = np.full(len(count), np.nan)
    np.divide(left, count, out=share, where=count > 0)
    sd = value.std()
    mixed = survived.any() and not survived.all() and sd > 0
    difference = (value[survived].mean() - value[~survived].mean()) / sd if mixed else np.nan
    return Survival(edges, count, share, float(difference))


def _share(survived: np.ndarray) -> float:
    return float(survived.mean()) if len(survived) else float("nan")
