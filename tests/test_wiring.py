"""Sparse wirings: exact numbers, reproducible from the seed."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd

W = gd.wiring


def table(wiring: W.Wiring, pre: int = 12, post: int = 9, seed: int = 1) -> gd.SynapseTable:
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), pre)
    net.add_population("output", gd.LeakyReadout(), post)
    return net.connect("input", "output", weight=1.0, wiring=wiring).synapses


KINDS = [W.Density(0.21), W.InDegree(4), W.OutDegree(4), W.DistanceDependent(0.21, scale=0.1)]


@pytest.mark.parametrize("wiring", KINDS, ids=lambda w: type(w).__name__)
def test_a_wiring_has_its_exact_number_of_pairs_and_follows_the_seed(wiring):
    one, again, other = table(wiring), table(wiring), table(wiring, seed=2)
    expected = {W.InDegree: 36, W.OutDegree: 48}.get(type(wiring), round(0.21 * 108))
    assert len(one) == expected
    assert len(set(zip(one.pre.tolist(), one.post.tolist(), strict=True))) == expected
    np.testing.assert_array_equal(one.post, again.post)
    assert not np.array_equal(one.post, other.post) or not np.array_equal(one.pre, other.pre)


def test_degrees_are_the_same_for_every_unit():
    assert set(np.bincount(table(W.InDegree(4)).post)) == {4}
    assert set(np.bincount(table(W.OutDegree(4)).pre)) == {4}
    assert len(table(W.InDegree(0))) == 0
    assert len(table(W.OutDegree(9))) == 108


def test_near_units_are_joined_more_often_than_far_ones():
    found = table(W.DistanceDependent(0.1, scale=0.05), pre=100, post=100)
    distance = np.abs(found.pre - found.post) / 100
    assert np.mean(distance) == pytest.approx(0.05, abs=0.03)
    assert len(table(W.DistanceDependent(1.0, scale=1e-3))) == 108


@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.5, 0.95, 1.0])
def test_shares_of_a_global_density_add_up_to_it(density):
    shapes = [(700, 256), (256, 256), (256, 20)]
    shares = W.allocate(shapes, density)
    pairs = np.array([a * b for a, b in shapes])
    assert np.sum(shares * pairs) == pytest.approx(density * pairs.sum())
    assert 0.0 <= min(shares) <= max(shares) <= 1.0
    assert shares == sorted(shares)  # smaller layers are denser
    assert W.allocate(shapes, density, "uniform") == [density] * 3


def test_erdos_renyi_shares_follow_the_sum_over_the_product_of_the_sizes():
    first, second = W.allocate([(100, 100), (100, 10)], 0.1)
    assert first / second == pytest.approx((200 / 1e4) / (110 / 1e3))


BAD = [
    (lambda: W.Density(1.5), r"must be in \[0, 1\]"),
    (lambda: W.InDegree(-1), "InDegree"),
    (lambda: table(W.InDegree(13)), "only 12 units"),
    (lambda: W.DistanceDependent(0.1, 0.0), "scale=0.0"),
    (lambda: W.allocate([(2, 2)], 0.1, "erdos"), "did you mean 'erdos_renyi'"),
    (lambda: table(3), "give gd.wiring.InDegree"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_impossible_wirings_are_refused(make, message):
    with pytest.raises(gd.GennDelaysError, match=message):
        make()
