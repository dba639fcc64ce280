"""Gradient rules: the functions they are made of, and what each of them refuses."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import PlanError


def network(
    neuron: gd.Neuron | None = None, projection: dict | None = None, **population
) -> gd.Network:
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", neuron or gd.LIF(), 3, **population)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=1.0, max_delay=3.0, **projection or {})
    net.connect("hidden", "output", weight=1.0)
    return net


SURROGATE_ONLY = {
    "normalise": network(normalise=gd.BatchNorm()),
    "bias": network(bias=0.5),
    "dropout": network(dropout=0.5),
    "tail": network(tail=1.0),
    "a delay kernel": network(projection={"kernel": gd.kernels.Gaussian(1.0)}),
    "lag=0": network(projection={"lag": 0}),
    "a neuron that exists on a time grid only": network(gd.DiscreteLIF(5.0)),
}


@pytest.mark.parametrize("what", SURROGATE_ONLY)
def test_eventprop_refuses_by_name_what_needs_the_surrogate_rule(what):
    net = SURROGATE_ONLY[what]
    with pytest.raises(PlanError, match=rf"'(input->)?hidden': {what} .*gd.Surrogate\(\)"):
        gd.compile(net, gradient=gd.EventProp(), steps=5, backend="reference")
    gd.compile(net, gradient=gd.Surrogate(), steps=5, backend="reference").close()


def test_batch_statistics_over_time_need_a_population_that_does_not_hear_itself():
    net = network(normalise=gd.BatchNorm())
    net.connect("hidden", "hidden", weight=1.0)
    with pytest.raises(PlanError, match="'hidden': batch normalisation over time is not causal"):
        gd.compile(net, gradient=gd.Surrogate(), steps=5, backend="reference")


@pytest.mark.parametrize(
    ("rule", "arguments", "message"),
    [
        (gd.EventProp, {"min_slope": -1.0}, r"min_slope=-1.0\): must be > 0"),
        (gd.EventProp, {"min_slope": float("nan")}, r"min_slope=nan\): must be > 0"),
        (gd.Surrogate, {"function": "sigmod"}, "did you mean 'sigmoid'"),
        (gd.Surrogate, {"slope": 0.0}, r"slope=0.0\): must be > 0"),
        (gd.Surrogate, {"slope": -5.0}, r"slope=-5.0\): must be > 0"),
        (gd.Surrogate, {"slope": "5"}, r"slope='5'\): must be > 0"),
        (gd.Surrogate, {"detach_reset": 1}, r"detach_reset=1\): must be True or False"),
        (gd.Surrogate, {"smooth": "yes"}, r"smooth='yes'\): must be True or False"),
    ],
)
def test_settings_without_a_meaning_are_refused(rule, arguments, message):
    with pytest.raises(PlanError, match=message):
        rule(**arguments)


X = np.linspace(-2.0, 2.0, 81)
FUNCTIONS = {
    "arctan": lambda y: (np.arctan(np.pi / 2 * y) / np.pi + 0.5, 0.5 / (1 + (np.pi / 2 * y) ** 2)),
    "sigmoid": lambda y: (1 / (1 + np.exp(-y)), np.exp(-y) / (1 + np.exp(-y)) ** 2),
    "triangle": lambda y: (
        np.where(y < 0, (1 + np.clip(y, -1, 0)) ** 2 / 2, 1 - (1 - np.clip(y, 0, 1)) ** 2 / 2),
        np.maximum(0, 1 - np.abs(y)),
    ),
}


@pytest.mark.parametrize("slope", [0.5, 5.0])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_and_its_derivative_are_those_of_the_literature(function, slope):
    rule = gd.Surrogate(function=function, slope=slope)
    value, derivative = FUNCTIONS[function](slope * X)
    np.testing.assert_allclose(rule.value(X), value, atol=1e-14)
    np.testing.assert_allclose(rule.derivative(X), slope * derivative, atol=1e-13)
    single = rule.derivative(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, slope * derivative, rtol=1e-4, atol=1e-5)
    with np.errstate(over="raise"):
        assert np.all(np.isfinite(rule.derivative(1e3 * X)))


def test_defaults_are_those_of_the_published_networks():
    assert gd.EventProp().min_slope == 1e-4
    rule = gd.Surrogate()
    assert (rule.function, rule.slope, rule.detach_reset, rule.smooth) == (
        "arctan",
        5.0,
        True,
        False,
    )
