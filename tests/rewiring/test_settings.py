"""Settings of rewiring rules: what each of them is by default, and what it may be."""

from __future__ import annotations

import numpy as np
import pytest
from sparse_networks import context, sparse

import genn_delays as gd
from genn_delays.rewiring import FCN24, RULES, SET, Dale, DeepR, Growth, RigL, SoftDeepR
from genn_delays.support.errors import ConfigError

NAME = "input->output"
DEFAULTS = [
    (DeepR(), {"l1": 0.0, "temperature": 0.0, "constant": "projection"}),
    (SoftDeepR(), {"l1": 1e-4, "temperature": 1e-6, "floor": -0.1}),
    (SET(), {"fraction": 0.3, "every": 0, "weight_sd": 0.01}),
    (RigL(), {"fraction": 0.3, "every": 100, "end": 0.75, "anneal": "cosine"}),
    (RigL(), {"replace_update": True, "candidates": None}),
    (FCN24(), {"l1": 0.0, "temperature": 0.0, "candidates": None}),
    (Dale(), {"inhibitory": 0.2}),
    (Growth(), {"delay": "random", "value": 0.0}),
]


@pytest.mark.parametrize(("rule", "values"), DEFAULTS, ids=lambda value: type(value).__name__)
def test_defaults_are_those_of_the_documentation(rule, values):
    assert {name: getattr(rule, name) for name in values} == values
    assert getattr(rule, "projections", None) is None
    assert getattr(rule, "growth", Growth()) == Growth()


REFUSED = [
    (DeepR, {"temperature": -0.1}, "temperature is -0.1, it must be >= 0"),
    (SoftDeepR, {"floor": 0.1}, "floor is 0.1, it must be < 0"),
    (SoftDeepR, {"l1": -1.0}, "l1 is -1.0, it must be >= 0"),
    (SoftDeepR, {"growth": Growth("best")}, "grows at random, so no delay is the best; use fcn24"),
    (SET, {"fraction": -0.1}, "fraction is -0.1, it must be >= 0"),
    (SET, {"every": -1}, "every is -1, it must be >= 0"),
    (SET, {"weight_sd": -1.0}, "weight_sd is -1.0, it must be >= 0"),
    (SET, {"growth": Growth("best")}, "use rigl or fcn24"),
    (RigL, {"fraction": 1.1}, r"fraction is 1.1, it must be in \[0, 1\]"),
    (RigL, {"fraction": -0.1}, r"fraction is -0.1, it must be in \[0, 1\]"),
    (RigL, {"end": 1.1}, r"end is 1.1, it must be in \[0, 1\]"),
    (RigL, {"every": -1}, "every is -1, it must be > 0"),
    (FCN24, {"candidates": 0}, "FCN24: candidates is 0"),
    (FCN24, {"l1": -1.0}, "l1 is -1.0, it must be >= 0"),
    (Dale, {"inhibitory": -0.1}, "inhibitory is -0.1"),
    (Dale, {"inhibitory": 1.1}, "inhibitory is 1.1"),
    (Growth, {"delay": "fixe"}, "delay is 'fixe'; did you mean 'fixed'"),
    (Growth, {"delay": "best", "value": 1.0}, "value is 1.0 ms, but the delay is 'best'"),
]


@pytest.mark.parametrize(("rule", "arguments", "message"), REFUSED)
def test_settings_without_a_meaning_are_refused(rule, arguments, message):
    with pytest.raises(ConfigError, match=message):
        rule(**arguments)


def test_both_ends_of_each_range_are_allowed():
    for share in (0.0, 1.0):
        assert (SET(fraction=share).fraction, RigL(share, end=share).end) == (share, share)
    assert RigL(every=1, candidates=1).candidates == FCN24(candidates=1).candidates == 1
    for value in (0.0, 9.0):
        DeepR(growth=Growth("fixed", value)).check(sparse())


@pytest.mark.parametrize("value", [-0.1, 9.1])
def test_a_fixed_delay_has_to_fit_every_projection_that_is_rewired(value):
    rule = DeepR(growth=Growth("fixed", value))
    with pytest.raises(ConfigError, match=rf"value is {value} ms, outside \[0, 9\]"):
        rule.check(sparse())


@pytest.mark.parametrize("name", RULES)
def test_a_projection_that_does_not_learn_its_weight_is_neither_rewired_nor_may_be_named(name):
    network = sparse()
    network.connect("input", "output", weight=1.0, name="fixed", learn=("delay",))
    rule = RULES[name]()
    rule.check(network)
    assert [p.name for p in rule.chosen(network)] == [NAME]
    named = RULES[name](projections=("fixed",))
    with pytest.raises(ConfigError, match="projection 'fixed' does not learn its weight"):
        named.check(network)
    with pytest.raises(ConfigError, match=r"no projection 'fixd'; did you mean 'fixed'"):
        RULES[name](projections=("fixd",)).check(network)


def test_a_rule_leaves_the_projections_that_it_does_not_name_alone():
    network = sparse(0.4)
    network.connect("input", "output", weight=gd.init.Normal(0, 1), name="other", density=0.5)
    for rule in (DeepR(projections=("other",)), SET(0.5, every=1, projections=("other",))):
        rule.prepare(network)
        before = network.projections[NAME].synapses.weight.copy()
        network.projections["other"].synapses.weight[:3] *= -1.0
        changes = rule.step(context(network))
        assert set(changes) == {"other"}
        assert changes["other"].grown > 0
        np.testing.assert_array_equal(network.projections[NAME].synapses.weight, before)
