"""What every rule keeps to: rooms, ties, floors, settings."""

from __future__ import annotations

import numpy as np
import pytest
from sparse_networks import Told, context, gradients_of, pairs, sparse

import genn_delays as gd
from genn_delays.backends.gradient import Gradient
from genn_delays.rewiring import FCN24, SET, Change, Dale, DeepR, Growth, RigL, SoftDeepR
from genn_delays.rewiring.absent import absent_keys, keys_of
from genn_delays.rewiring.signs import signs_of

NAME = "input->output"


def test_a_rule_may_consider_some_pairs_only():
    network = sparse(0.2)
    matrix = np.random.default_rng(9).normal(size=(7, 5))
    for rule in (RigL(0.5, every=1, end=1.0, candidates=4), FCN24(candidates=4)):
        rule.prepare(network)
        table = network.projections[NAME].synapses
        table.weight[:2] *= -1.0
        gradients, told = gradients_of(network), Told(matrix, network)
        asked = []
        told.correlation = lambda name, pre, *rest, t=told, a=asked: (
            a.append(len(pre)) or Told.correlation(t, name, pre, *rest)
        )
        rule.step(context(network, gradients, told, batch=5))
        assert asked == [4]


def test_new_synapses_get_the_delay_that_growth_says():
    network = sparse(0.2)
    told = Told(np.ones((7, 5)), network)
    for growth, expected in ((Growth("fixed", 4.0), {4.0}), (Growth("best"), {0.0})):
        rule = FCN24(growth=growth)
        rule.prepare(network)
        table = network.projections[NAME].synapses
        old = set(pairs(table))
        table.weight[:3] = -2.0 * table.state["sign"][:3]
        gone = set(list(pairs(table))[:3])
        rule.step(context(network, simulation=told))
        new = [k for k, p in enumerate(pairs(table)) if p not in old - gone]
        assert len(new) == 3
        assert set(table.delay[new]) == expected
    delays = Growth("random").delays(
        network.projections[NAME], np.arange(500), np.random.default_rng(1)
    )
    assert 0 <= delays.min() < 1
    assert 8 < delays.max() <= 9


BAD = [
    (lambda: Growth("bets"), "did you mean 'best'"),
    (lambda: Growth("random", 3.0), "goes with delay: fixed"),
    (lambda: DeepR(l1=-1.0), "l1 is -1.0"),
    (lambda: SET(fraction=1.5), r"must be in \[0, 1\]"),
    (lambda: SET(growth=Growth("best")), "no delay is the best"),
    (lambda: SoftDeepR(floor=0.0), "floor is 0.0"),
    (lambda: RigL(every=0), "every is 0"),
    (lambda: RigL(candidates=0), "candidates is 0"),
    (lambda: FCN24(candidates=-1), "candidates is -1"),
    (lambda: Dale(inhibitory=2.0), r"must be in \[0, 1\]"),
    (lambda: DeepR(projections=("input->outptu",)).check(sparse()), "did you mean"),
    (lambda: RigL(growth=Growth("fixed", 99.0)).check(sparse()), r"outside \[0, 9\]"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(gd.GennDelaysError, match=message):
        make()


def test_a_projection_keeps_the_share_of_positive_weights_it_was_declared_with():
    network = sparse(0.5, pre=80, post=50)
    table = network.projections[NAME].synapses
    table.weight[:] = np.abs(table.weight)
    table.weight[::4] *= -1.0
    DeepR().prepare(network)
    assert np.mean(table.weight > 0) == pytest.approx(0.75, abs=0.03)
    pre, post = np.divmod(np.arange(4000), 50)
    sign = signs_of(network, network.projections[NAME], pre, post)
    assert np.mean(sign > 0) == pytest.approx(0.75, abs=0.03)


def test_rigl_may_grow_any_absent_pair_the_first_and_the_last_too():
    for place in range(5):
        network = sparse(0.2)
        table = network.projections[NAME].synapses
        absent = absent_keys(table)[[0, 1, 9, -2, -1]][place]
        matrix = np.zeros((7, 5))
        matrix.ravel()[absent] = 1.0
        rule = RigL(1 / len(table), every=1, end=1.0, anneal="constant")
        change = rule.step(context(network, gradients_of(network), Told(matrix, network), 1))
        assert change[NAME] == Change(dropped=1, grown=1, refused=0)
        assert divmod(int(absent), 5) in pairs(table)


TIED = 0.1 + np.arange(400) % 3
"""Of 20 x 20 pairs: many values alike, not next to each other."""


@pytest.mark.parametrize(
    "rule", [RigL(0.2, every=1, end=1.0, anneal="constant"), SET(0.2, every=1)]
)
def test_of_equal_synapses_the_earlier_is_dropped(rule):
    """Otherwise a run would depend on how a processor sorts."""
    network = sparse(0.5, pre=20, post=20)
    table = network.projections[NAME].synapses
    held = keys_of(table)
    table.weight[:] = TIED[held]
    gradients = {NAME: Gradient(np.zeros(200), np.zeros(200))}
    told = Told(np.ones((20, 20)), network)
    assert rule.step(context(network, gradients, told, batch=1))[NAME].dropped == 40
    left = keys_of(table)[table.weight == 0.1]  # no weight of a new synapse
    np.testing.assert_array_equal(left, held[TIED[held] == 0.1][40:])


def test_of_equal_pairs_the_earlier_is_grown():
    network = sparse(0.5, pre=20, post=20)
    rule = FCN24()
    rule.prepare(network)
    table = network.projections[NAME].synapses
    table.weight[:50] *= -1.0
    held = keys_of(table)[50:]
    free = np.setdiff1d(np.arange(400), held)
    signs = signs_of(network, network.projections[NAME], *np.indices((20, 20)))
    told = Told(-signs * TIED.reshape(20, 20), network)
    rule.step(context(network, simulation=told))
    steepest = free[TIED[free] == TIED.max()]
    np.testing.assert_array_equal(np.setdiff1d(keys_of(table), held), steepest[:50])


def test_soft_deep_r_wakes_what_has_reached_zero():
    network = sparse(0.4)
    rule = SoftDeepR(l1=0.0, temperature=0.0)
    rule.prepare(network)
    projection = network.projections[NAME]
    asleep = absent_keys(projection.synapses)
    projection.potential["theta"][asleep[:3]] = 0.0, -1e-300, 0.25
    assert rule.step(context(network))[NAME] == Change(dropped=0, grown=2, refused=0)
    found = pairs(projection.synapses)
    assert found[divmod(int(asleep[0]), 5)] == 0.0
    assert abs(found[divmod(int(asleep[2]), 5)]) == 0.25


def test_soft_deep_r_goes_on_from_where_a_synapse_fell_asleep_but_not_below_the_floor():
    network = sparse(0.4)
    rule = SoftDeepR(l1=0.0, temperature=0.0, floor=-0.4)
    rule.prepare(network)
    projection = network.projections[NAME]
    table = projection.synapses
    keys, signs = keys_of(table)[:2], table.state["sign"][:2].copy()
    table.weight[:2] = signs * [-0.25, -0.75]
    assert rule.step(context(network))[NAME].dropped == 2
    assert projection.potential["theta"][keys].tolist() == [-0.25, -0.4]


def test_set_leaves_weights_of_neither_sign_where_they_are():
    network = sparse(0.5)
    table = network.projections[NAME].synapses
    table.weight[:] = 0.0
    held = keys_of(table)
    assert SET(1.0, every=1).step(context(network))[NAME] == Change(0, 0, 0)
    np.testing.assert_array_equal(keys_of(table), held)


def test_a_change_is_nothing_unless_it_says_so():
    assert Change() == Change(dropped=0, grown=0, refused=0)
