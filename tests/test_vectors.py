"""Every width of the engine's vectors computes the same."""

from __future__ import annotations

import numpy as np
import pytest
import test_parity
import test_surrogate_parity
from networks import KINDS, batch
from surrogate_cases import KINDS as SURROGATE_KINDS
from surrogate_cases import batch as surrogate_batch

import genn_delays as gd
from genn_delays.backends.native import vectors
from genn_delays.backends.native.vectors import WIDTHS, lanes_of, vector_bytes
from genn_delays.planning.plan import make_plan
from genn_delays.support.compiler import Target
from genn_delays.support.errors import BackendError

SLOW = pytest.mark.slow
EVERY = [16, *(pytest.param(width, marks=SLOW) for width in WIDTHS if width != 16)]
"""Widths to be compared with the reference. All other tests run at that of the machine, so that at
every run the narrowest one is enough beside it."""


def plan_of(
    network: gd.Network, rule: gd.GradientRule | None = None, steps: int = 20, batch_size: int = 1
):
    settings = {"readout": gd.readouts.MeanVoltage(), "steps": steps, "batch_size": batch_size}
    return make_plan(network, gradient=rule or gd.EventProp(), dt=1.0, **settings)


@pytest.fixture(params=EVERY)
def width(request, monkeypatch):
    monkeypatch.setenv(vectors.VARIABLE, str(request.param))
    return request.param


@pytest.mark.parametrize("kind", KINDS)
def test_eventprop_equals_the_reference_at_every_width(kind, width):
    network, events = KINDS[kind](seed=3), batch(graded=kind == "looped")
    mean = test_parity.READOUTS["mean"]
    reference = test_parity.run(network, events, "reference", mean)
    test_parity.assert_same(reference, test_parity.run(network, events, "native", mean))


@pytest.mark.parametrize("kind", ["fcn24", pytest.param("rounded", marks=SLOW), "looped"])
def test_the_surrogate_rule_equals_the_reference_at_every_width(kind, width):
    network, events = SURROGATE_KINDS[kind](), surrogate_batch(trials=9, graded=True)
    test_surrogate_parity.assert_native_equals_reference(network, events)


def results(rule: gd.GradientRule, precision: str, width: int, monkeypatch):
    """Outputs and gradients of a network in which everything is walked in every way."""
    monkeypatch.setenv(vectors.VARIABLE, str(width))
    network, events = KINDS["looped"](seed=3), batch(trials=19, events=4000, graded=True)
    settings = {"steps": 80, "batch_size": 19, "precision": precision, "threads": 2}
    with gd.compile(network, gradient=rule, backend="native", **settings) as simulation:
        outputs = simulation.forward(events)
        gradients = simulation.backward(np.cos(np.arange(outputs.size)).reshape(outputs.shape))
    return outputs, [column for g in gradients.values() for column in (g.weight, g.delay)]


@pytest.mark.parametrize(
    ("precision", "widths"),
    [
        ("float32", (16, 64)),
        pytest.param("float32", WIDTHS, marks=SLOW),
        pytest.param("float64", (32, 64), marks=SLOW),
    ],
)
def test_eventprop_has_the_same_bits_at_every_width(precision, widths, monkeypatch):
    """But in float64 with vectors of 16 bytes, where fewer neurons are summed side by side."""
    found = [results(gd.EventProp(), precision, width, monkeypatch) for width in widths]
    for outputs, gradients in found[1:]:
        np.testing.assert_array_equal(outputs, found[0][0])
        for one, other in zip(gradients, found[0][1], strict=True):
            np.testing.assert_array_equal(one, other)


@SLOW
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_spikes_and_outputs_of_the_surrogate_rule_have_the_same_bits_at_every_width(
    precision, monkeypatch
):
    """Gradients are sums over trials, a vector of them at a time: their last digits differ."""
    found = [results(gd.Surrogate(), precision, width, monkeypatch) for width in WIDTHS]
    for outputs, _ in found[1:]:
        np.testing.assert_array_equal(outputs, found[0][0])


def test_an_engine_keeps_its_width_whatever_the_environment_says_later(monkeypatch):
    monkeypatch.setenv(vectors.VARIABLE, "16")
    plan = plan_of(KINDS["feedforward"]())
    assert lanes_of(plan) == 4
    monkeypatch.setenv(vectors.VARIABLE, "64")
    assert vector_bytes(plan) == 16
    assert vector_bytes(plan_of(KINDS["feedforward"]())) == 64


@pytest.mark.parametrize(
    ("macros", "expected"),
    [
        ({"__AVX512DQ__", "__AVX__"}, 64),
        ({"__AVX__"}, 32),
        ({"__SSE2__"}, 16),
        ({"__aarch64__"}, 16),
    ],
)
def test_vectors_are_as_wide_as_the_compiler_says_that_the_processor_has_them(
    macros, expected, monkeypatch
):
    monkeypatch.delenv(vectors.VARIABLE, raising=False)
    monkeypatch.setattr(vectors, "target", lambda command: Target((), frozenset(macros)))
    vectors._widest.cache_clear()
    try:
        assert vector_bytes(plan_of(KINDS["feedforward"]())) == expected
        for steps, trials, most in ((1000, 16, 32), (20, 16, 64), (20, 8, 32), (20, 2, 16)):
            plan = plan_of(KINDS["feedforward"](), gd.Surrogate(), steps, trials)
            assert vector_bytes(plan) == min(expected, most)
    finally:
        vectors._widest.cache_clear()


def test_a_width_that_there_is_no_code_for_is_refused(monkeypatch):
    monkeypatch.setenv(vectors.VARIABLE, "48")
    with pytest.raises(BackendError, match="GENN_DELAYS_VECTOR_BYTES='48'; give one of 16, 32, 64"):
        gd.compile(KINDS["feedforward"](), steps=20, backend="native")
