"""Programs of step maps: what a step leaves for the way back, and steps as weighted sums."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from equation_networks import WEIGHTS, adex, eif

from genn_delays.declaration.neurons.adex import adex as published_adex
from genn_delays.planning.step_maps.program import FREE, Program, numbered, program
from genn_delays.planning.step_maps.step_map import StepMap, make_step_map
from genn_delays.planning.step_maps.sums import as_sums

UNITS = 21
KINDS = [*WEIGHTS, "adex, nothing learnt"]


def made(kind: str) -> StepMap:
    if kind == "adex, nothing learnt":
        return make_step_map(adex(), (), UNITS, False, 1.0, "exact")
    neuron = WEIGHTS[kind][0]()
    holds = bool(np.any(neuron.refractory_period(UNITS)))
    return make_step_map(neuron, neuron.learnable, UNITS, holds, 1.0, "exact")


def inputs(step: StepMap, neuron_values: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    values = {f"{letter}{k}": rng.normal(0, 0.5, UNITS) for letter in "xa" for k in range(4)}
    values |= {f"c{k}": neuron_values[:, k] for k in range(neuron_values.shape[1])}
    return values | {"free": (rng.random(UNITS) > 0.3).astype(float)}


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]):
    for name, values in expected.items():
        scale = max(1.0, np.abs(values).max())
        np.testing.assert_allclose(found[name], values, atol=1e-12 * scale, rtol=0, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_goes_back_from_its_record_as_from_its_state(kind):
    step = made(kind)
    neuron = adex() if kind == "adex, nothing learnt" else WEIGHTS[kind][0]()
    values = inputs(step, step.constants.values(neuron, UNITS))
    forth = step.record.flow.run(values)
    assert_equal(forth, step.flow.run(values))
    kept = {f"k{k}": forth[f"k{k}"] for k in range(step.record.kept)}
    states = {name for name in values if name.startswith("x")}
    assert not states & step.record.pull.symbols
    assert_equal(step.record.pull.run(values | kept), step.pull.run(values))


@pytest.mark.parametrize(("neuron", "stages"), [(adex(), 2), (published_adex(), 2), (eif(), 2)])
def test_of_an_exponential_neuron_its_slopes_are_kept_and_none_is_computed_again(neuron, stages):
    record = make_step_map(neuron, (), UNITS, False, 1.0, "exact").record
    assert record.kept == stages
    assert exponentials(record.flow) == stages
    assert exponentials(record.pull) == 0


def test_a_step_that_nothing_curves_leaves_nothing():
    neuron = WEIGHTS["driven"][0]()
    assert make_step_map(neuron, (), UNITS, False, 1.0, "exact").record.kept == 0


def test_sums_are_the_same_step_with_fewer_operations():
    x, y, k, m = (*(numbered("x", i) for i in range(2)), *sp.symbols("k m", real=True))
    f = [sp.exp(k * x + m) - x + y * FREE, k * x * y - 3 * y]
    middle = [(sp.Symbol("s0"), x + m / 2 * f[0]), (sp.Symbol("s1"), y + m / 2 * f[1])]
    places = dict(zip((x, y), (s for s, _ in middle), strict=True))
    ends = [m * e.xreplace(places) for e in f]
    written, summed = ((middle, ends), as_sums(middle, ends, {x, y, FREE}))
    rng = np.random.default_rng(2)
    values = {name: rng.normal(size=9) for name in ("x0", "x1", "k", "m", "free")}
    results = [
        program(assignments, {"y0": e[0], "y1": e[1]}).run(values)
        for assignments, e in (written, summed)
    ]
    assert_equal(*results)
    atoms = {s for s, _ in summed[0]}
    for end in summed[1]:
        assert all(len(term.free_symbols & (atoms | {x, y})) <= 1 for term in sp.Add.make_args(end))


def exponentials(of: Program) -> int:
    expressions = [*(e for _, e in of.assignments), *of.outputs.values()]
    return sum(len(e.atoms(sp.exp)) for e in expressions)
