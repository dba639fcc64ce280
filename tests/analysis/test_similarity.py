"""Similarity of networks up to the order of their hidden units."""

from __future__ import annotations

import numpy as np
import planted
import pytest

import genn_delays as gd
from genn_delays.analysis import channels_of, similarity
from genn_delays.support.errors import DataError

WIDTHS = {"channel_width": 4.0, "delay_width": 30.0}


def compared(one, two, bands, **how):
    channels = channels_of(one, given=bands)
    return similarity(one, two, channels=channels, **{**WIDTHS, "permutations": 29, **how})


def structured(seed, units=12):
    one, bands = planted.network(units, density=0.3, seed=seed)
    planted.plant(one, bands, 0.9, seed)
    return one, bands


def test_a_network_whose_units_are_in_another_order_is_the_same():
    one, bands = structured(1)
    two, _ = structured(1)
    order = np.random.default_rng(1).permutation(12)
    two.synapses.post = order[two.synapses.post].astype(np.int32)
    two.synapses.sort()
    found = compared(one, two, bands)
    assert found.mean == pytest.approx(1.0)
    np.testing.assert_array_equal(found.match, order)
    np.testing.assert_allclose(found.units, 1.0)
    assert found.p == 1 / 30
    assert found.z > 5


def test_networks_that_learnt_other_things_are_alike_by_chance_only():
    """Twenty pairs of networks: mean z within four standard errors of 0."""
    z = [compared(structured(2 * k)[0], *structured(2 * k + 1)).z for k in range(20)]
    assert abs(np.mean(z)) < 4 * np.std(z) / 20**0.5


def test_results_follow_from_the_seed():
    one, bands = structured(1)
    two, _ = structured(2)
    first = compared(one, two, bands)
    assert first.chance == compared(one, two, bands).chance
    assert first.chance != compared(one, two, bands, seed=2).chance


def test_delays_or_channels_alone_are_compared_too():
    one, bands = structured(1)
    for how in ({"channel_width": None}, {"delay_width": None}):
        assert compared(one, one, bands, **how).mean == pytest.approx(1.0)


def test_what_cannot_be_compared_is_refused():
    one, bands = structured(1)
    two, _ = planted.network(13)
    with pytest.raises(DataError, match="240 x 12 units up to 300 ms and 240 x 13"):
        compared(one, two, bands)
    net = gd.Network()
    net.add_population("hidden", gd.LIF(), 5)
    loop = net.connect("hidden", "hidden", weight=1.0)
    with pytest.raises(DataError, match="from an input"):
        compared(loop, loop, range(5))
    with pytest.raises(DataError, match="delay_width=0"):
        compared(one, one, bands, delay_width=0)
    with pytest.raises(DataError, match="permutations=0"):
        compared(one, one, bands, permutations=0)
