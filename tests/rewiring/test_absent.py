"""Which pairs are free, which of them are drawn, and how many a unit has room for."""

from __future__ import annotations

import numpy as np
import pytest
from sparse_networks import sparse

from genn_delays.rewiring.absent import absent_keys, considered, draw_absent, keys_of, rank_within
from genn_delays.rewiring.growth import room_in_rows
from genn_delays.rewiring.rigl import largest
from genn_delays.support.errors import ConfigError

NAME = "input->output"


def table_of(pre: list[int], post: list[int]):
    """A table of 7 x 5 units with these pairs."""
    table = sparse(1.0).projections[NAME].synapses
    wanted = np.isin(keys_of(table), np.multiply(pre, 5) + post)
    table.keep(wanted)
    return table


def test_parallel_synapses_join_one_pair():
    table = sparse(0.3).projections[NAME].synapses
    once = keys_of(table)
    table.add(table.pre.copy(), table.post.copy(), 0.0, 1.0)
    assert len(table) == 2 * len(once)
    np.testing.assert_array_equal(keys_of(table), once)
    np.testing.assert_array_equal(absent_keys(table), np.setdiff1d(np.arange(35), once))


def test_as_many_are_drawn_as_rows_have_room_for_wherever_that_is():
    """All rows but one are full: what a plain draw would mostly miss."""
    table = table_of(*np.divmod(np.arange(5, 35), 5))
    table.keep(table.post < 3)
    for seed in range(20):
        drawn = draw_absent(table, 3, np.random.default_rng(seed), row=3)
        assert len(drawn) == 3
        assert np.all(drawn < 5)


def test_units_without_a_synapse_have_room_for_a_whole_row():
    table = table_of([0, 0, 1], [0, 1, 2])
    drawn = draw_absent(table, 35, np.random.default_rng(0), row=2)
    np.testing.assert_array_equal(np.bincount(drawn // 5, minlength=7), [0, 1, 2, 2, 2, 2, 2])
    keys = np.array([2, 8, 9, 30, 31, 32])
    assert room_in_rows(table, keys, np.array([5, 4, 3, 2, 1, 0]), 2).tolist() == [5, 4, 2]


def test_no_limit_leaves_the_order_as_it_is():
    order = np.array([2, 0, 1])
    np.testing.assert_array_equal(
        room_in_rows(table_of([0], [0]), np.arange(1, 4), order, None), order
    )


def test_all_free_pairs_are_considered_or_as_many_as_are_asked_for():
    table, rng = sparse(0.3).projections[NAME].synapses, np.random.default_rng(0)
    np.testing.assert_array_equal(considered(table, None, 3, rng), absent_keys(table))
    assert len(considered(table, 4, 3, rng)) == 4
    assert len(considered(table, 4, 6, rng)) == 6  # at least those that are to be grown


def test_pairs_beyond_the_limit_on_memory_are_not_listed(monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    assert len(absent_keys(sparse(0.0, pre=341, post=341).projections[NAME].synapses)) == 341**2
    with pytest.raises(ConfigError, match="among all pairs of 342 x 342 units"):
        absent_keys(sparse(0.0, pre=342, post=342).projections[NAME].synapses)


def test_of_equal_values_the_earlier_counts_first():
    """Longer than what numpy sorts by insertion, which is stable by itself."""
    group = np.tile([1, 0, 2], 200)
    np.testing.assert_array_equal(rank_within(group), np.repeat(np.arange(200), 3))
    values = np.tile([1.0, 0.0, 2.0], 200)
    np.testing.assert_array_equal(largest(values, 100), np.arange(2, 300, 3))
    np.testing.assert_array_equal(largest(values, 600)[200:400], np.arange(0, 600, 3))
    assert largest(values, 0).tolist() == []
