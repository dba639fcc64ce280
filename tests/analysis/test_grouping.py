"""Grouping of signs: what was planted is found, and nothing is found in what was not."""

from __future__ import annotations

import numpy as np
import planted
import pytest
from scipy.stats import binom

import genn_delays as gd
from genn_delays.analysis import grouping
from genn_delays.support.errors import DataError

Normal, Uniform = gd.init.Normal, gd.init.Uniform
BOTH = [
    *(("weights", name) for name in ("moran_weight", "moran_sign", "nearest")),
    *(("weights", name) for name in ("run_across", "run_along")),
    *(("delays", name) for name in ("moran_weight", "moran_sign", "nearest", "run_along")),
]


def found(rho, units, permutations, lengths=(4.0, 30.0), seed=1, **how):
    one, bands = planted.network(units, seed=seed, **how)
    planted.plant(one, bands, rho, seed, lengths)
    return grouping(one, channels=bands, permutations=permutations, seed=seed, threads=2)


def rates(groupings, level=0.05):
    """Share of the units that each test calls significant."""
    return {(t.shuffled, t.statistic): np.mean(t.chance.p <= level) for t in groupings.tests}


POWER = {("weights", "moran_weight"): 0.8, ("weights", "moran_sign"): 0.7} | dict.fromkeys(
    [("weights", "nearest"), *BOTH[5:8]], 0.8
)
"""The planted correlation at which each test finds at least 90 % of the units."""


@pytest.mark.parametrize(
    ("units", "permutations"), [(100, 99), pytest.param(1000, 999, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("rho", [0.7, 0.8])
def test_planted_grouping_is_found_in_nine_units_of_ten(rho, units, permutations):
    """240 synapses per unit, on fields of 4 channels and 30 ms, at p <= 0.05."""
    power = rates(found(rho, units, permutations))
    weak = {test: power[test] for test, least in POWER.items() if least <= rho + 1e-9}
    assert min(weak.values()) >= 0.9, weak


@pytest.mark.parametrize(
    ("lengths", "statistic"), [((4.0, np.inf), "run_across"), ((np.inf, 30.0), "run_along")]
)
def test_planted_stripes_make_long_runs(lengths, statistic):
    power = rates(found(0.9, 100, 99, lengths))
    assert power["weights", statistic] >= 0.9, power


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("how", "permutations"),
    [
        pytest.param({}, 999, marks=SLOW, id="dense"),
        pytest.param({"density": 0.2}, 999, marks=SLOW, id="sparse"),
        pytest.param({"kernel_count": 2, "density": 0.3}, 999, marks=SLOW, id="several"),
        pytest.param({"kernel_count": 2, "density": 0.1}, 99, id="reduced"),
    ],
)
def test_permuted_data_are_called_grouped_as_often_as_the_level_says(how, permutations):
    """1000 units without structure: within the 99.9 % interval of the binomial distribution.

    There are many such tests here, and their seeds were not chosen. Statistics that take few
    values reach a level less often.
    """
    repeats = 1000
    seen = rates(found(0.0, repeats, permutations, seed=2, **how))
    low, high = binom.interval(0.999, repeats, 0.05)
    assert set(seen) == set(BOTH)
    for (shuffled, statistic), rate in seen.items():
        least = low if statistic.startswith("moran_weight") else 0
        assert least <= repeats * rate <= high, (shuffled, statistic, rate)


@pytest.mark.slow
def test_layers_without_structure_are_called_grouped_as_often_as_the_level_says():
    """1000 layers of ten units: the p value of the layer, and any unit after correction."""
    layers = [found(0.0, 10, 99, seed=seed, bands=10) for seed in range(1000)]
    low, high = binom.interval(0.999, 1000, 0.05)
    for shuffled, statistic in BOTH:
        tests = [groupings[statistic, shuffled] for groupings in layers]
        reached = sum(t.layer.p <= 0.05 for t in tests)
        least = low if statistic == "moran_weight" else 0
        assert least <= reached <= high, (shuffled, statistic, reached)
        assert sum(bool(np.any(t.q <= 0.05)) for t in tests) <= high


def test_results_are_the_same_for_any_number_of_threads():
    one, bands = planted.network(70, density=0.2)
    first, second = (
        grouping(one, channels=bands, permutations=19, threads=threads) for threads in (1, 3)
    )
    for a, b in zip(first.tests, second.tests, strict=True):
        for name in ("observed", "mean", "sd", "z", "p"):
            np.testing.assert_array_equal(getattr(a.chance, name), getattr(b.chance, name))
        assert a.layer == b.layer
    other = grouping(one, channels=bands, permutations=19, seed=2)
    assert not np.array_equal(first.tests[0].chance.mean, other.tests[0].chance.mean)


def test_a_layer_is_the_mean_over_its_units():
    groupings = found(0.5, 30, 49)
    test = groupings["moran_sign", "weights"]
    assert test.layer.units == 30
    assert test.layer.observed == pytest.approx(test.chance.observed.mean())
    assert test.layer.chance == pytest.approx(test.chance.mean.mean())
    assert test.layer.z == pytest.approx(test.chance.z.mean())
    assert test.layer.p == 1 / 50
    assert test.layer.significant == np.mean(test.q <= 0.05)
    expected = (test.chance.observed - test.chance.mean) / (1 - test.chance.mean)
    np.testing.assert_allclose(test.effect, expected)


def hidden_onto(pre, **how):
    net = gd.Network(seed=3)
    net.add_population("input", gd.Input(), 30)
    net.add_population("hidden", gd.LIF(), 12)
    given = {"weight": Normal(0.1, 1.0), "delay": Uniform(0, 20), "max_delay": 20.0} | how
    return net.connect(pre, "hidden", **given)


def test_units_without_an_order_are_compared_by_delay_alone():
    groupings = grouping(hidden_onto("hidden"), permutations=19)
    names = [(t.statistic, t.shuffled) for t in groupings.tests]
    assert names == [
        (name, "weights") for name in ("moran_weight", "moran_sign", "nearest", "run_along")
    ]
    assert groupings.channel_width is None
    assert groupings.delay_width == 2.0
    assert "'hidden'" in groupings.channels


def test_synapses_without_delays_are_compared_by_channel_alone():
    one = hidden_onto("input", delay=0.0, max_delay=0.0)
    groupings = grouping(one, channels=np.arange(30), permutations=19)
    assert [t.statistic for t in groupings.tests] == [
        *("moran_weight", "moran_sign", "nearest", "run_across")
    ]
    assert groupings.delay_width is None
    assert grouping(one, permutations=19).tests == ()  # neither has an order


def test_synapses_of_weight_0_are_left_out_and_counted():
    one = hidden_onto("input")
    one.synapses.weight[one.synapses.post == 2] = 0.0
    groupings = grouping(one, channels=np.arange(30), permutations=19)
    assert groupings.zero == 30
    assert groupings.synapses.tolist() == [30, 30, 0, *[30] * 9]
    for test in groupings.tests:
        assert np.isnan(test.chance.p[2])
        assert np.isnan(test.q[2])
        assert test.layer.units == 11


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"permutations": 0}, "permutations=0"),
        ({"seed": -1}, "seed=-1"),
        ({"threads": 1.5}, "threads=1.5"),
        ({"channel_width": 0.0}, "channel_width=0.0"),
        ({"delay_width": "x"}, "delay_width='x'"),
        ({"channels": None, "channel_width": 2.0}, "no use for channel_width"),
        ({"permutations": 10**9}, "GENN_DELAYS_MEMORY_LIMIT"),
    ],
)
def test_impossible_settings_are_refused(given, said):
    with pytest.raises(DataError, match=said):
        grouping(hidden_onto("input"), **{"channels": np.arange(30), **given})
