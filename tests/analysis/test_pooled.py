"""Over runs: a run counts once."""

from __future__ import annotations

import numpy as np
import planted
import pytest
from scipy.stats import ttest_1samp

from genn_delays.analysis import grouping, pooled


def runs(rho, seeds, units=15):
    found = []
    for seed in seeds:
        one, bands = planted.network(units, density=0.3, seed=seed)
        planted.plant(one, bands, rho, seed)
        groupings = grouping(one, channels=bands, permutations=29, seed=seed)
        found.append({one.name: groupings})
    return found


def test_each_run_is_its_mean_over_units_against_0():
    each = runs(0.8, range(1, 4))
    found = {(p.statistic, p.shuffled): p for p in pooled(each)}
    one = found["moran_sign", "weights"]
    effects = [run["input->hidden"]["moran_sign", "weights"].layer.effect for run in each]
    np.testing.assert_array_equal(one.effects, effects)
    assert one.mean == pytest.approx(np.mean(effects))
    assert one.sd == pytest.approx(np.std(effects, ddof=1))
    assert one.p_t == pytest.approx(ttest_1samp(effects, 0.0).pvalue)
    assert one.p_flip == 0.25  # no three runs can say more
    assert len(found) == 9


def test_of_one_run_there_is_no_deviation_and_no_p_value_of_student():
    one = pooled(runs(0.5, [1]))[0]
    assert np.isnan(one.sd)
    assert np.isnan(one.p_t)
    assert one.p_flip == 1.0


def test_runs_without_structure_have_no_effect_on_average():
    """Nor have statistics whose null is far from 0."""
    for one in pooled(runs(0.0, range(1, 21), units=8)):
        assert abs(one.mean) < 4 * one.sd / 20**0.5, (one.statistic, one.shuffled)
