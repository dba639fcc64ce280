"""Permutation p values, their correction, and the test over runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from genn_delays.analysis.chance import Chance, at_least, benjamini_hochberg, sign_flips


def test_a_p_value_counts_what_reaches_the_observed_and_is_never_0():
    shuffled = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [2.0, 8.0]])
    np.testing.assert_allclose(at_least(np.array([2.0, 9.0]), shuffled), [4 / 5, 1 / 5])


def test_what_differs_by_a_rounding_is_the_same():
    assert at_least(np.array(0.3), np.array([0.1 + 0.2, 0.3 - 1e-15, 0.2])) == 3 / 4


def test_z_counts_standard_deviations_and_is_nan_where_nothing_varies():
    found = Chance.of(np.array([3.0, 1.0, np.nan]), np.array([[1.0, 1.0, 2.0], [2.0, 1.0, 3.0]]))
    np.testing.assert_allclose(found.z, [3.0, np.nan, np.nan])
    np.testing.assert_allclose(found.p, [1 / 3, 1.0, np.nan])


def test_q_values_are_those_of_benjamini_and_hochberg():
    p = np.random.default_rng(1).uniform(size=50) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))
    holed = np.insert(p, [0, 20], np.nan)
    np.testing.assert_allclose(benjamini_hochberg(holed)[1:21], false_discovery_control(p)[:20])


@pytest.mark.parametrize(("n", "least"), [(1, 1.0), (3, 0.25), (6, 2 / 64), (20, 0.0)])
def test_flipped_signs_cannot_say_more_than_there_are_combinations(n, least):
    assert sign_flips(np.arange(1.0, n + 1)) == pytest.approx(least, abs=1e-4)
    assert sign_flips(-np.arange(1.0, n + 1)) == pytest.approx(least, abs=1e-4)


def test_flipped_signs_find_nothing_in_what_is_even():
    assert sign_flips(np.array([1.0, -1.0, 2.0, -2.0])) == 1.0
    assert np.isnan(sign_flips(np.zeros(0)))
