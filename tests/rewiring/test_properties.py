"""What every sequence of rewiring steps keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sparse_networks import context, sparse

from genn_delays.rewiring import SET, Dale, DeepR
from genn_delays.rewiring.absent import absent_keys, draw_absent, keys_of

NAME = "input->output"
DENSITIES = st.sampled_from([0.0, 1 / 35, 0.1, 0.5, 0.9, 1.0])


@settings(max_examples=60, deadline=None)
@given(
    density=DENSITIES,
    seed=st.integers(0, 99),
    dale=st.booleans(),
    rules=st.lists(st.sampled_from(["deep_r", "set"]), min_size=1, max_size=6),
)
def test_number_signs_order_and_state_survive_any_sequence_of_steps(density, seed, dale, rules):
    network = sparse(density, seed=seed)
    table = network.projections[NAME].synapses
    if dale:
        Dale(inhibitory=0.4).prepare(network)
    deep_r, evolve = DeepR(), SET(fraction=0.5, every=1)
    deep_r.prepare(network)
    sign_of = dict(zip(keys_of(table).tolist(), table.state["sign"], strict=True))
    table.attach("birth")[:] = keys_of(table) + 1.0
    count, rng = len(table), np.random.default_rng(seed)
    for batch, name in enumerate(rules):
        table.weight += rng.normal(0, 1.5, len(table)) * (name == "deep_r")
        rule = deep_r if name == "deep_r" else evolve
        before = dict(zip(keys_of(table).tolist(), table.weight, strict=True))
        change = rule.step(context(network, batch=batch, seed=seed)).get(NAME)
        keys = keys_of(table)
        assert len(table) == len(keys) == count - (change.refused if change else 0)
        assert np.all(np.diff(keys) > 0)
        table.check()
        for key, birth, weight in zip(
            keys.tolist(), table.state["birth"], table.weight, strict=True
        ):
            assert birth in (0.0, key + 1.0)  # its own column, or fresh
            if birth and key in before and name == "deep_r":
                assert weight in (before[key], 0.0)
        for key, sign in zip(keys.tolist(), table.state["sign"], strict=True):
            assert sign_of.setdefault(key, sign) == sign  # a sign is for ever
        count = len(table)


@settings(max_examples=100, deadline=None)
@given(density=DENSITIES, count=st.integers(0, 40), seed=st.integers(0, 99))
def test_drawn_pairs_are_free_and_different(density, count, seed):
    table = sparse(density, seed=seed).projections[NAME].synapses
    free = absent_keys(table)
    drawn = draw_absent(table, count, np.random.default_rng(seed))
    assert len(drawn) == min(count, len(free))
    assert np.all(np.diff(drawn) > 0)
    assert np.isin(drawn, free).all()


def test_every_free_pair_is_drawn_equally_often():
    table = sparse(0.3).projections[NAME].synapses
    free, rng, counts = absent_keys(table), np.random.default_rng(0), np.zeros(35)
    for _ in range(2000):
        counts[draw_absent(table, 5, rng)] += 1
    expected = 2000 * 5 / len(free)
    assert np.all(counts[keys_of(table)] == 0)
    assert np.abs(counts[free] - expected).max() < 5 * np.sqrt(expected)


@pytest.mark.parametrize("row", [2, 3])
def test_no_unit_gets_more_synapses_than_its_row_has_room_for(row):
    table = sparse(0.2).projections[NAME].synapses
    drawn = draw_absent(table, 30, np.random.default_rng(0), row)
    held = np.bincount(np.concatenate([table.pre, drawn // 5]), minlength=7)
    assert held.max() <= max(row, np.bincount(table.pre).max())
    assert len(drawn) == np.maximum(row - np.bincount(table.pre, minlength=7), 0).sum()
