"""What rewiring keeps, and the course of signs over training."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.analysis import courses, kept


def network(**how):
    net = gd.Network(seed=2)
    net.add_population("input", gd.Input(), 20)
    net.add_population("hidden", gd.LIF(), 10)
    given = {"weight": gd.init.Normal(0.0, 1.0), "delay": gd.init.Uniform(0, 20)} | how
    net.connect("input", "hidden", **{"max_delay": 20.0, "density": 0.5, **given})
    return net


def test_wiring_that_stayed_is_not_listed():
    net = network()
    after = deepcopy(net)
    after.projections["input->hidden"].synapses.weight += 1.0
    assert kept(after, net) == {}


def test_survivors_are_told_by_weight_delay_and_sign():
    before = network()
    after = deepcopy(before)
    table = after.projections["input->hidden"].synapses
    strong = np.abs(table.weight) > np.quantile(np.abs(table.weight), 0.4)
    expected = strong[table.weight > 0].mean(), strong[table.weight < 0].mean()
    table.keep(strong)
    joined = set(zip(table.pre.tolist(), table.post.tolist(), strict=True))
    old = before.projections["input->hidden"].synapses
    joined |= set(zip(old.pre.tolist(), old.post.tolist(), strict=True))
    free = [(i, j) for i in range(20) for j in range(10) if (i, j) not in joined][:40]
    table.add(*np.array(free).T)
    found = kept(after, before)["input->hidden"]
    assert (found.before, found.after, found.kept, found.share) == (100, 100, 60, 0.6)
    assert found.chance == 0.5
    np.testing.assert_array_equal(found.by_weight.share, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(found.by_weight.synapses, [20] * 5)
    assert found.by_weight.difference > 1.0
    assert abs(found.by_delay.difference) < 0.6
    assert found.by_sign == pytest.approx(expected)


def test_a_pair_with_several_synapses_keeps_as_many_as_it_has_in_the_end():
    before = network(kernel_count=3)
    after = deepcopy(before)
    table = after.projections["input->hidden"].synapses
    mask = np.ones(len(table), bool)
    mask[0] = mask[1] = mask[3] = False  # two of the first pair, one of the second
    table.keep(mask)
    found = kept(after, before)["input->hidden"]
    assert (found.before, found.kept) == (300, 297)


def test_the_same_delay_everywhere_is_one_class():
    before = network(delay=3.0)
    after = deepcopy(before)
    after.projections["input->hidden"].synapses.keep(np.arange(100) < 30)
    found = kept(after, before)["input->hidden"].by_delay
    np.testing.assert_allclose(found.share, [0.3])
    assert np.isnan(found.difference)


def lines():
    excited = {"synapses": 5, "weight_mean": 1.0, "weight_sd": 0.1}
    signs = {"a->b": {"excitatory": excited, "inhibitory": {"synapses": 0}}}
    first = {"epoch": 1, "split": "train", "signs": signs}
    rewiring = {"a->b": {"synapses": 5, "initial": 4}}
    return [first, {"epoch": 1, "split": "validation"}, first | {"epoch": 2, "rewiring": rewiring}]


def test_a_course_has_a_value_per_epoch_and_nan_where_nothing_is_told():
    found = courses(lines())["a->b"]
    np.testing.assert_array_equal(found.epochs, [1, 2])
    np.testing.assert_array_equal(found.excitatory["weight_mean"], [1.0, 1.0])
    np.testing.assert_array_equal(found.inhibitory["synapses"], [0, 0])
    assert np.isnan(found.inhibitory["delay_mean"]).all()
    np.testing.assert_array_equal(found.initial, [np.nan, 4.0])


def test_runs_that_did_not_tell_signs_have_no_course():
    assert courses([{"epoch": 1, "split": "train", "loss": 1.0}]) == {}
