"""The synapse table: nothing that belongs to a synapse is ever left behind."""

from __future__ import annotations

import networks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genn_delays as gd
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.support.errors import NetworkError

PRE, POST = 5, 4
pairs = st.tuples(st.integers(0, PRE - 1), st.integers(0, POST - 1))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(0, 2**32 - 1)),
        st.tuples(st.just("add"), st.lists(pairs, max_size=6)),
    ),
    max_size=8,
)


def make_table(synapses) -> SynapseTable:
    """The delay tells each synapse from all others."""
    pre, post = np.array(synapses, dtype=int).reshape(-1, 2).T
    delay = np.arange(len(synapses)) / 1000.0
    return SynapseTable(pre, post, delay * 3, delay, max_delay=1.0, pre_size=PRE, post_size=POST)


def rows(table: SynapseTable) -> list[tuple]:
    columns = (table.pre, table.post, table.weight, table.delay, table.state["moment"])
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(st.lists(pairs, max_size=12), steps)
def test_each_synapse_keeps_its_columns_through_any_rewiring(synapses, changes):
    table = make_table(synapses)
    table.attach("moment")[:] = table.delay * 7
    expected = sorted(rows(table), key=lambda row: row[:2])
    born = len(synapses)
    for kind, what in changes:
        if kind == "keep":
            mask = np.random.default_rng(what).random(len(table)) < 0.6
            table.keep(mask)
            expected = [row for row, kept in zip(expected, mask, strict=True) if kept]
        else:
            delay = (born + np.arange(len(what))) / 1000.0
            born += len(what)
            pre, post = np.array(what, dtype=int).reshape(-1, 2).T
            table.add(pre, post, delay * 3, delay)
            fresh = [(*pair, d * 3, d, 0.0) for pair, d in zip(what, delay.tolist(), strict=True)]
            expected = sorted(expected + fresh, key=lambda row: row[:2])
        assert rows(table) == expected
        assert all(len(column) == len(table) for column in table.state.values())
        assert all(column.flags.c_contiguous for column in (table.pre, table.weight, table.delay))


def test_several_synapses_of_a_pair_keep_their_order():
    table = make_table([(1, 1), (0, 0), (1, 1), (0, 0)])
    assert table.delay.tolist() == [0.001, 0.003, 0.0, 0.002]


def test_attached_columns_of_new_synapses_start_at_zero_or_as_given():
    table = make_table([(0, 0), (3, 3)])
    table.attach("sign", fill=1.0)
    table.attach("moment", fill=2.0)
    assert table.attach("sign") is table.state["sign"]
    table.add(1, 2, weight=0.5, sign=-1.0)
    assert table.state["sign"].tolist() == [1.0, -1.0, 1.0]
    assert table.state["moment"].tolist() == [2.0, 0.0, 2.0]


@pytest.mark.parametrize("at", [0, 2, 4])
@pytest.mark.parametrize(
    ("column", "bad", "message"),
    [
        ("pre", -1, "pre index -1 is outside the population of 5"),
        ("post", 5, "post index 5 is outside the population of 5"),
        ("weight", np.nan, "weight of synapse {at} -> {at} is nan; lower the learning rate"),
        ("weight", -np.inf, "weight of synapse {at} -> {at} is -inf"),
        ("delay", np.nan, "delay nan ms of synapse {at} -> {at} is outside"),
        ("delay", -1e-9, "delay -1e-09 ms of synapse {at} -> {at} is outside"),
        ("delay", 3.5, r"delay 3.5 ms of synapse {at} -> {at} is outside \[0, max_delay = 3 ms\]"),
    ],
)
def test_one_value_out_of_range_is_found_wherever_it_is(at, column, bad, message):
    each = np.arange(5)
    table = SynapseTable(each, each, each, each / 2, max_delay=3.0, pre_size=5, post_size=5)
    table.check("table")
    getattr(table, column)[at] = bad
    with pytest.raises(NetworkError, match="table: " + message.format(at=at)):
        table.check("table")


@pytest.mark.parametrize(("precision", "largest"), [("float32", 3.4e38), ("float64", 1.7e308)])
def test_weights_up_to_the_largest_number_of_the_precision_can_be_loaded(precision, largest):
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 1)
    table = net.connect("input", "output", weight=1.0).synapses
    with gd.compile(net, steps=5, backend="reference", precision=precision) as simulation:
        table.weight[1] = -largest
        simulation.load(net)
        if precision == "float32":
            table.weight[1] = -1.01 * largest
            with pytest.raises(NetworkError, match="a weight is too large for float32"):
                simulation.load(net)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda t: t.attach("weight"), "'weight' is a column of every table"),
        (lambda t: t.keep(np.array([1, 0])), r"boolean mask of shape \(2,\)"),
        (lambda t: t.keep(np.ones(3, bool)), r"boolean mask of shape \(2,\)"),
        (lambda t: t.add(0, 0, moment=1.0), r"no attached column \['moment'\]; attach it first"),
        (lambda t: t.add([0, 1], 0, weight=[1, 2, 3]), r"weight of shape \(3,\) for 2 synapses"),
        (lambda t: t.add(9, 0), r"add\(\): pre index 9 is outside the population of 5"),
        (lambda t: t.add(0, 0, delay=2.0), r"add\(\): delay 2 ms of synapse 0 -> 0 is outside"),
        (lambda t: make_table([(0, 4)]), "synapse table: post index 4 is outside"),
        (
            lambda t: SynapseTable(
                t.pre, t.post[:1], t.weight, t.delay, max_delay=1, pre_size=5, post_size=4
            ),
            "columns differ in length: .*'post': 1",
        ),
    ],
)
def test_impossible_changes_are_refused(act, message):
    with pytest.raises(NetworkError, match=message):
        act(make_table([(0, 0), (3, 3)]))


def test_a_refused_addition_leaves_the_table_as_it_was():
    table = make_table([(0, 0), (3, 3)])
    with pytest.raises(NetworkError):
        table.add([1, 9], [0, 0])
    assert table.pre.tolist() == [0, 3]
    table.check()


@pytest.mark.parametrize("pre", [[2**32 + 1], [0.7], [-1]])
def test_indices_are_never_wrapped_or_cut(pre):
    one = {"max_delay": 1.0, "pre_size": 3, "post_size": 3}
    with pytest.raises(NetworkError, match="ind"):
        SynapseTable(np.array(pre), np.array([0]), np.ones(1), np.ones(1), **one)
    table = SynapseTable(np.array([0]), np.array([0]), np.ones(1), np.ones(1), **one)
    with pytest.raises(NetworkError, match="ind"):
        table.add(np.array(pre), np.array([0]))
    assert len(table) == 1


def test_a_column_of_another_length_is_refused():
    one = {"max_delay": 1.0, "pre_size": 3, "post_size": 3}
    table = SynapseTable(np.array([0]), np.array([0]), np.ones(1), np.ones(1), **one)
    table.weight = np.ones(5)
    with pytest.raises(NetworkError, match="column 'weight' has shape"):
        table.check()


def permuted(table: SynapseTable) -> np.ndarray:
    """Put all columns of a table into another order; where each synapse went."""
    order = np.random.default_rng(0).permutation(len(table))
    for name in ("pre", "post", "weight", "delay"):
        setattr(table, name, getattr(table, name)[order])
    table.state = {name: column[order] for name, column in table.state.items()}
    return order


def test_sorting_takes_every_column_along():
    table = make_table([(4, 0), (1, 3), (1, 2), (1, 3), (0, 0)])
    table.attach("moment")[:] = table.delay * 7
    before = rows(table)
    table.pre, table.post = table.pre[::-1], table.post[::-1]
    table.weight, table.delay = table.weight[::-1], table.delay[::-1]
    table.state["moment"] = table.state["moment"][::-1]
    table.sort()
    assert sorted(rows(table)) == sorted(before)
    assert [row[:2] for row in rows(table)] == [row[:2] for row in before]
    table.check()


@pytest.mark.parametrize("swapped", [(0, 1), (1, 2), (3, 4), (0, 4)])
def test_synapses_out_of_order_are_found_wherever_they_are(swapped):
    table = make_table([(0, 1), (0, 3), (1, 0), (1, 2), (1, 3)])
    order = np.arange(5)
    order[list(swapped)] = swapped[::-1]
    table.pre, table.post = table.pre[order], table.post[order]
    with pytest.raises(NetworkError, match=r"table: .* order of \(pre, post\); call sort\(\)"):
        table.check("table")
    with pytest.raises(NetworkError, match=r"add\(\): .*call sort\(\)"):
        table.add(0, 0)


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
@pytest.mark.parametrize("backend", ["reference", "native"])
def test_an_unsorted_table_is_refused_and_sorted_it_runs_as_before(backend, rule):
    net = networks.recurrent()
    plan = {"gradient": rule, "steps": 80, "batch_size": 5, "backend": backend}
    with gd.compile(net, **plan) as simulation:
        outputs = simulation.forward(networks.batch())
        gradients = simulation.backward(np.ones_like(outputs))
        table = net.projections["adaptive->adaptive"].synapses
        permuted(table)
        with pytest.raises(NetworkError, match="'adaptive->adaptive': synapses are not in the ord"):
            simulation.load(net)
        table.sort()
        simulation.load(net)
        np.testing.assert_array_equal(simulation.forward(networks.batch()), outputs)
        again = simulation.backward(np.ones_like(outputs))
        for name, gradient in gradients.items():
            np.testing.assert_array_equal(again[name].weight, gradient.weight)


def test_indices_that_are_no_whole_numbers_are_refused():
    table = make_table([(0, 1), (0, 3)])
    table.post = table.post + 0.25
    with pytest.raises(NetworkError, match="post indices are float64; give whole numbers"):
        table.check()
