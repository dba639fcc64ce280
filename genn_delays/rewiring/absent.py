"""Pairs of a projection that no synapse joins: drawing some of them at random, or listing all."""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.synapses import SynapseTable
from genn_delays.support.errors import ConfigError
from genn_delays.support.limits import check_size

SPARSE = 0.5
"""Up to this density pairs are drawn and the taken ones thrown away; above it they are listed."""


def keys_of(table: SynapseTable) -> np.ndarray:
    """pre * post_size + post of each pair that is joined, ascending and unique."""
    keys = table.pre.astype(np.int64) * table.post_size + table.post
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def absent_keys(table: SynapseTable) -> np.ndarray:
    """Keys of all pairs that are not joined, ascending."""
    check_size(
        9 * table.pre_size * table.post_size,
        f"rewiring among all pairs of {table.pre_size} x {table.post_size} units",
        error=ConfigError,
    )
    free = np.ones(table.pre_size * table.post_size, bool)
    free[keys_of(table)] = False
    return np.flatnonzero(free)


def considered(
    table: SynapseTable, candidates: int | None, least: int, rng: np.random.Generator
) -> np.ndarray:
    """Keys of the absent pairs that growth considers: all, or ``candidates`` drawn at random.

    Args:
        least: considered at any rate, where so many are free.
    """
    if candidates is None:
        return absent_keys(table)
    return draw_absent(table, max(candidates, least), rng)


def draw_absent(
    table: SynapseTable, count: int, rng: np.random.Generator, row: int | None = None
) -> np.ndarray:
    """Keys of up to ``count`` pairs that are not joined, drawn without replacement, ascending.

    Args:
        count: fewer come back only where fewer are free.
        row: the most synapses a presynaptic unit may have; None for no limit.
    """
    taken = keys_of(table)
    total = table.pre_size * table.post_size
    count = min(count, total - len(taken))
    if row is not None or len(taken) + count > SPARSE * total:
        free = absent_keys(table)
        chosen = rng.permutation(free) if row is not None else rng.choice(free, count, False)
        return np.sort(_within_rows(table, chosen, count, row))
    found = np.zeros(0, np.int64)
    while len(found) < count:
        drawn = rng.integers(0, total, 2 * (count - len(found)) + 8)
        at = np.minimum(np.searchsorted(taken, drawn), max(len(taken) - 1, 0))
        fresh = drawn[taken[at] != drawn] if len(taken) else drawn
        # in the order they were drawn, the first of equal ones: uniform without replacement
        joined = np.concatenate([found, fresh])
        first = np.sort(np.unique(joined, return_index=True)[1])
        found = joined[first][:count]
    return np.sort(found)


def _within_rows(table: SynapseTable, keys: np.ndarray, count: int, row: int | None) -> np.ndarray:
    """The first ``count`` of the keys that leave no presynaptic unit with more than ``row``."""
    if row is None:
        return keys[:count]
    pre = keys // table.post_size
    held = np.bincount(table.pre, minlength=table.pre_size)
    return keys[rank_within(pre) + held[pre] < row][:count]


def rank_within(group: np.ndarray) -> np.ndarray:
    """How many entries of the same value stand before each entry.

    >>> rank_within(np.array([3, 1, 3, 3, 1]))
    array([0, 0, 1, 2, 1])
    """
    order = np.argsort(group, kind="stable")
    begin = np.searchsorted(group[order], group[order], side="left")
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - begin
    return rank
