"""A step of each rule against a literal transcription of its definition."""

from __future__ import annotations

import numpy as np
import pytest
from sparse_networks import Told, context, gradients_of, pairs, sparse

import genn_delays as gd
from genn_delays.rewiring import FCN24, SET, Dale, DeepR, Growth, RigL, SoftDeepR, Static
from genn_delays.rewiring.signs import signs_of
from genn_delays.training.schedules import Progress
from genn_delays.training.update_rules import SGD

NAME = "input->output"


def test_deep_r_is_algorithm_1_of_bellec_with_sgd():
    network, eta, alpha, temperature = sparse(0.4), 0.1, 0.3, 0.2
    rule = DeepR(l1=alpha, temperature=temperature)
    rule.prepare(network)
    table, gradients = network.projections[NAME].synapses, gradients_of(network)
    state = context(network, gradients)
    signs, before = table.state["sign"].copy(), table.weight.copy()
    active = list(zip(table.pre.tolist(), table.post.tolist(), strict=True))
    theta = signs * before
    assert np.all(theta >= 0)
    nu = np.random.default_rng([2, 0]).normal(size=len(theta))
    theta = theta - eta * signs * gradients[NAME].weight - eta * alpha
    theta = theta + np.sqrt(2 * eta * temperature) * signs * nu
    kept = {p: s * t for p, s, t in zip(active, signs, theta, strict=True) if t >= 0}

    rule.before_update(state)
    SGD(eta).update(table, "weight", gradients[NAME].weight)
    change = rule.step(state)[NAME]

    found = pairs(table)
    assert 0 < change.dropped == change.grown == len(active) - len(kept)
    assert len(table) == len(active)
    for pair, weight in kept.items():
        assert found[pair] == pytest.approx(weight)
    grown = set(found) - set(kept)
    assert all(found[pair] == 0.0 for pair in grown)
    assert len(grown) == change.grown
    sign = signs_of(network, network.projections[NAME], table.pre, table.post)
    np.testing.assert_array_equal(table.state["sign"], sign)


def test_deep_r_may_hold_the_number_of_the_whole_network():
    network = sparse(0.4)
    network.connect("input", "output", weight=gd.init.Normal(0, 1), density=0.1, name="second")
    rule = DeepR(constant="network")
    rule.prepare(network)
    total = sum(len(p.synapses) for p in network.projections.values())
    table = network.projections[NAME].synapses
    table.weight[:8] *= -1.0
    table.weight[:8] += 1e-9 * table.state["sign"][:8] * -1
    changes = rule.step(context(network))
    assert sum(c.dropped for c in changes.values()) == 8
    assert sum(c.grown for c in changes.values()) == 8
    assert sum(len(p.synapses) for p in network.projections.values()) == total
    assert changes["second"].grown > 0


def test_set_drops_the_smallest_of_either_sign_and_grows_as_many():
    network = sparse(0.6)
    table = network.projections[NAME].synapses
    before = pairs(table)
    positive = sorted((w, p) for p, w in before.items() if w > 0)
    negative = sorted((-w, p) for p, w in before.items() if w < 0)
    gone = {p for side in (positive, negative) for _, p in side[: int(0.3 * len(side))]}
    rule = SET(fraction=0.3, weight_sd=0.01)
    assert rule.step(context(network, batch=3)) == {}  # once per epoch
    change = rule.step(context(network, batch=9))[NAME]
    after = pairs(table)
    assert change.dropped == change.grown == len(gone)
    kept = set(before) - gone
    assert all(after[p] == before[p] for p in kept)
    assert all(abs(after[p]) < 0.1 for p in set(after) - kept)


def test_rigl_drops_by_magnitude_and_grows_by_gradient():
    network = sparse(0.5)
    table = network.projections[NAME].synapses
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(7, 5))
    gradients = gradients_of(network)
    gradients[NAME].weight[:] = matrix[table.pre, table.post]
    before = pairs(table)
    rule = RigL(fraction=0.5, every=10, end=1.0)
    share = 0.25 * (1 + np.cos(np.pi * 50 / 100))
    k = int(share * len(before))
    dropped = sorted(before, key=lambda p: abs(before[p]))[:k]
    kept = set(before) - set(dropped)
    outside = [(i, j) for i in range(7) for j in range(5) if (i, j) not in kept]
    winners = sorted(outside, key=lambda p: -abs(matrix[p]))[:k]
    rule.step(context(network, gradients, Told(matrix, network), batch=50))
    after = pairs(table)
    assert set(after) == kept | set(winners)
    for pair in winners:
        assert after[pair] == (before[pair] if pair in dropped else 0.0)
    assert any(pair in dropped for pair in winners)
    assert any(pair not in before for pair in winners)


def test_rigl_follows_its_schedule():
    rule = RigL(fraction=0.4, every=10, end=0.5)
    shares = [rule.share(Progress(batch, 10, 10)) for batch in range(100)]
    expected = [
        0.2 * (1 + np.cos(np.pi * b / 50)) if b in (10, 20, 30, 40) else 0 for b in range(100)
    ]
    np.testing.assert_allclose(shares, expected)
    assert rule.replaces_update(Progress(10, 10, 10))
    assert not RigL(every=10, replace_update=False).replaces_update(Progress(10, 10, 10))
    assert RigL(anneal="constant", every=10).share(Progress(20, 10, 10)) == 0.3


def test_fcn24_grows_where_theta_would_rise_most():
    network = sparse(0.4)
    rule = FCN24()
    rule.prepare(network)
    projection = network.projections[NAME]
    table = projection.synapses
    table.weight[[1, 4, 6]] *= -1.0
    matrix = np.random.default_rng(9).normal(size=(7, 5))
    kept = {p for k, p in enumerate(pairs(table)) if k not in (1, 4, 6)}
    absent = [(i, j) for i in range(7) for j in range(5) if (i, j) not in kept]
    pre, post = np.array(absent).T
    score = signs_of(network, projection, pre, post) * matrix[pre, post]
    wanted = {absent[k] for k in np.argsort(score)[:3]}
    change = rule.step(context(network, simulation=Told(matrix, network)))[NAME]
    assert change.dropped == change.grown == 3
    assert set(pairs(table)) == kept | wanted


def test_fcn24_grows_at_the_delay_where_theta_would_rise_most_not_where_the_gradient_is_largest():
    network = sparse(0.4)
    projection = network.projections[NAME]
    table = projection.synapses

    class Torn(Told):
        """The largest gradient, at 2 ms, would turn a sign; a smaller one, at 7 ms, would not."""

        def correlation(self, projection, pre, post, first, count):
            delay = first[:, None] + np.arange(count)
            sign = signs_of(network, network.projections[NAME], pre, post)
            return sign[:, None] * (
                5.0 * (delay == 2) - self.matrix[pre, post, None] * (delay == 7)
            )

    rule = FCN24(growth=Growth("best"))
    rule.prepare(network)
    table.weight[:6] *= -1.0
    rising = np.random.default_rng(4).uniform(1.0, 2.0, (7, 5))
    absent = np.ones((7, 5), bool)
    absent[table.pre[6:], table.post[6:]] = False
    wanted = np.sort(np.flatnonzero(absent)[np.argsort(-rising[absent])[:6]])
    old = set(zip(table.pre[6:].tolist(), table.post[6:].tolist(), strict=True))
    rule.step(context(network, simulation=Torn(rising, network)))
    new = [k for k, p in enumerate(pairs(table)) if p not in old]
    assert table.delay[new].tolist() == [7.0] * 6
    np.testing.assert_array_equal(table.pre[new] * 5 + table.post[new], wanted)


GROWING = [DeepR(), FCN24(), RigL(0.5, every=1, end=1.0), SET(0.5, every=1), SoftDeepR(0.0, 1.0)]


@pytest.mark.parametrize("rule", GROWING, ids=lambda rule: type(rule).__name__)
def test_no_rule_grows_more_than_a_row_has_room_for(rule):
    network = sparse(0.4)
    table = network.projections[NAME].synapses
    rule.prepare(network)
    table.weight[::2] *= -1.0
    held, before = np.bincount(table.pre, minlength=7), len(table)
    emptiest = np.full(5, np.argmin(held))
    steep = np.zeros((7, 5))
    steep[emptiest[0]] = -signs_of(network, network.projections[NAME], emptiest, np.arange(5))
    told = Told(steep, network)  # where all would grow if there were room
    told.row = 2
    change = rule.step(context(network, gradients_of(network), told, batch=5))[NAME]
    assert change.grown > 0
    assert len(table) == before - change.dropped + change.grown
    assert np.all(np.bincount(table.pre, minlength=7) <= np.maximum(held, 2))


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_dale_gives_every_presynaptic_unit_one_sign_and_keeps_it(share):
    network = sparse(0.8, pre=20)
    rule = Dale(inhibitory=share)
    rule.prepare(network)
    table, units = network.projections[NAME].synapses, network.populations["input"].units
    assert np.count_nonzero(units.sign < 0) == round(20 * share)
    table.weight[:] = np.random.default_rng(1).normal(size=len(table))
    rule.step(context(network))
    assert np.all(table.weight * units.sign[table.pre] >= 0)
    sign = signs_of(network, network.projections[NAME], np.arange(20), np.zeros(20, int))
    np.testing.assert_array_equal(sign, units.sign)


@pytest.mark.parametrize("other", [DeepR(l1=0.0), FCN24(l1=0.0), SoftDeepR(l1=0.0)])
def test_dale_holds_wherever_it_stands_in_the_list(other):
    first, last = sparse(0.8, pre=20), sparse(0.8, pre=20)
    for network, rules in ((first, (Dale(0.4), other)), (last, (other, Dale(0.4)))):
        for rule in rules:
            rule.prepare(network)
    units = last.populations["input"].units
    for network in (first, last):
        table = network.projections[NAME].synapses
        np.testing.assert_array_equal(table.state["sign"], units.sign[table.pre])
        np.testing.assert_array_equal(np.sign(table.weight), units.sign[table.pre])
    np.testing.assert_array_equal(table.weight, first.projections[NAME].synapses.weight)


def test_soft_deep_r_is_algorithm_2_of_bellec():
    network, eta, temperature, floor = sparse(0.4), 0.1, 0.5, -0.4
    rule = SoftDeepR(l1=0.2, temperature=temperature, floor=floor)
    rule.prepare(network)
    projection = network.projections[NAME]
    table, dormant = projection.synapses, projection.potential["theta"].copy()
    gradients = gradients_of(network)
    state = context(network, gradients)
    key = table.pre * 5 + table.post
    signs = signs_of(network, projection, *np.divmod(np.arange(35), 5))
    theta = np.where(np.isin(np.arange(35), key), 0.0, dormant)
    theta[key] = table.weight * signs[key]
    active = np.isin(np.arange(35), key)
    step = np.zeros(35)
    step[key] = eta * signs[key] * gradients[NAME].weight + eta * 0.2
    nu = np.random.default_rng([2, 0]).normal(0.0, np.sqrt(2 * eta * temperature), 35)
    theta = theta - step + nu
    theta[~active] = np.maximum(theta[~active], floor)
    rule.before_update(state)
    SGD(eta).update(table, "weight", gradients[NAME].weight)
    change = rule.step(state)[NAME]
    expected = {(k // 5, k % 5): signs[k] * theta[k] for k in range(35) if theta[k] >= 0}
    assert pairs(table) == pytest.approx(expected)
    assert change.dropped == np.count_nonzero(active & (theta < 0)) > 0
    assert change.grown == np.count_nonzero(~active & (theta >= 0)) > 0


def test_static_changes_nothing():
    network = sparse()
    before = pairs(network.projections[NAME].synapses)
    assert Static().step(context(network)) == {}
    assert pairs(network.projections[NAME].synapses) == before


def test_deep_r_grows_at_random_pairs_with_the_delay_at_which_each_would_help_most():
    network = sparse(0.4)
    projection = network.projections[NAME]
    table = projection.synapses
    peak = np.random.default_rng(3).integers(0, 10, (7, 5))

    class Peaked(Told):
        """Every pair helps most at a delay of its own."""

        def correlation(self, projection, pre, post, first, count):
            delay = first[:, None] + np.arange(count)
            sign = signs_of(network, network.projections[NAME], pre, post)
            return -sign[:, None] / (1.0 + np.abs(delay - peak[pre, post][:, None]))

    rule = DeepR(growth=Growth("best"))
    rule.prepare(network)
    before = {(int(i), int(j)) for i, j in zip(table.pre, table.post, strict=True)}
    table.weight[:6] *= -1.0
    gone = set(list(pairs(table))[:6])
    peaked = Peaked(np.ones((7, 5)), network)
    assert rule.step(context(network, simulation=peaked))[NAME].grown == 6
    new = [k for k, p in enumerate(pairs(table)) if p not in before - gone]
    np.testing.assert_array_equal(table.delay[new], peak[table.pre[new], table.post[new]])
