"""The spiking part of a reasoner: the engine against the oracle, the oracle against differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graph_oracle import Oracle

from genn_delays.graphs.engine import Engine
from genn_delays.graphs.graph import Graph
from genn_delays.graphs.parameters import Parameters, draw
from genn_delays.graphs.queries import Queries, Scorer
from genn_delays.graphs.reasoner import Reasoner

SMALL = Reasoner(relations=3, neurons=5, steps=7, threshold=1.0, slope=2.0)


def graph(seed: int = 1, entities: int = 9, facts: int = 14, relations: int = 3) -> Graph:
    rng = np.random.default_rng(seed)
    sizes = (entities, relations, entities)
    return Graph(np.stack([rng.integers(0, k, facts) for k in sizes], 1), entities, relations)


def queries(seed: int = 2, count: int = 3, targets: int = 4, entities: int = 9) -> Queries:
    rng = np.random.default_rng(seed)
    return Queries(
        rng.integers(0, entities, count), rng.integers(0, 6, count),
        rng.integers(0, entities, (count, targets)),
    )  # fmt: skip


def lively(reasoner: Reasoner, seed: int = 3) -> Parameters:
    """Parameters with which many neurons spike, at delays of every length."""
    parameters = draw(reasoner, seed)
    parameters["map_weight"][:] += 0.3
    if reasoner.learns_delays:
        parameters["delay_weight"][:] *= 6.0
    return parameters


@pytest.mark.parametrize("delays", ["learnt", "none"])
def test_gradients_of_every_parameter_are_those_of_finite_differences_where_spikes_are_graded(
    delays,
):
    reasoner = replace(SMALL, delays=delays, steps=6)
    parameters, some = lively(reasoner), graph(facts=8)
    oracle = Oracle(reasoner, some, queries(count=2), smooth=True)
    oracle.scores(parameters)
    weights = np.random.default_rng(0).normal(size=oracle.scores(parameters).shape)
    found = oracle.gradients(parameters, weights)
    rng = np.random.default_rng(5)
    for name, gradient in found.items():
        direction = rng.normal(size=gradient.shape)
        value, step = parameters[name].copy(), 1e-5
        sides = []
        for sign in (1, -1):
            parameters[name][:] = value + sign * step * direction
            sides.append(np.sum(weights * oracle.scores(parameters)))
        parameters[name][:] = value
        slope = (sides[0] - sides[1]) / (2 * step)
        assert slope == pytest.approx(np.sum(gradient * direction), rel=1e-6, abs=1e-9), name
        assert np.abs(gradient).max() > 1e-6, name


def both(reasoner, some, asked, parameters, dtype=np.float64, threads=1):
    """(scores, gradients) of the engine and of the oracle."""
    scorer = Scorer(Engine(reasoner, dtype, threads), parameters)
    scores = scorer.forward(some.edges, asked)
    weights = np.random.default_rng(0).normal(size=scores.shape)
    oracle = Oracle(reasoner, some, asked)
    right = oracle.scores(parameters)
    oracle.scores(parameters)
    return (
        (scores, scorer.backward(weights)),
        (right, oracle.gradients(parameters, weights)),
        oracle,
    )


def agree(found, right, tolerance):
    np.testing.assert_allclose(found[0], right[0], rtol=0, atol=tolerance * np.abs(right[0]).max())
    assert found[1].keys() == right[1].keys()
    for name, gradient in right[1].items():
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(
            found[1][name], gradient, rtol=0, atol=tolerance * scale, err_msg=name
        )


@pytest.mark.parametrize("delays", ["learnt", "none"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_the_engine_gives_what_the_oracle_gives(delays, dtype, tolerance):
    reasoner = replace(SMALL, delays=delays)
    found, right, oracle = both(reasoner, graph(), queries(), lively(reasoner), dtype)
    assert 0.05 < oracle.kept["s"].mean() < 0.6
    agree(found, right, tolerance)


@pytest.mark.parametrize(
    ("change", "bias"),
    [
        ({"neurons": 33}, 0.0),
        ({"max_delay": 1}, 0.0),
        ({"max_delay": 9, "steps": 8}, 0.0),
        ({"scale": 0.1}, 0.0),
        ({}, 1.5),  # entities at rest spike by their bias alone
        ({"steps": 2}, 0.0),
    ],
    ids=str,
)
def test_the_engine_gives_what_the_oracle_gives_whatever_the_settings(change, bias):
    reasoner = replace(SMALL, **change)
    parameters = lively(reasoner)
    parameters["map_bias"][:] += bias
    found, right, _ = both(reasoner, graph(facts=10), queries(count=2), parameters)
    agree(found, right, 1e-12)


@pytest.mark.parametrize("width", ["16", "32"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_the_engine_gives_what_the_oracle_gives_at_every_width(
    width, dtype, tolerance, monkeypatch
):
    monkeypatch.setenv("GENN_DELAYS_VECTOR_BYTES", width)
    found, right, _ = both(SMALL, graph(), queries(), lively(SMALL), dtype)
    agree(found, right, tolerance)


def test_targets_that_no_spike_can_reach_and_lone_entities_are_at_rest():
    facts = np.array([[0, 0, 1], [3, 1, 4]])
    some = Graph(facts, 7, 3)
    asked = Queries(np.array([0, 6]), np.array([1, 2]), np.array([[1, 4, 6], [5, 6, 6]]))
    found, right, _ = both(SMALL, some, asked, lively(SMALL))
    agree(found, right, 1e-12)


def test_edges_that_are_left_out_are_as_if_they_had_never_been_there():
    some = graph(facts=20)
    gone = np.array([2, 3, 11])
    left = Graph(np.delete(some.facts, gone, axis=0), 9, 3)
    without = some.without(gone)
    for name in ("out_start", "out_tail", "out_relation", "in_start", "in_head", "in_relation"):
        np.testing.assert_array_equal(getattr(without, name), getattr(left.edges, name))


def test_the_number_of_threads_changes_no_bit():
    reasoner, asked = Reasoner(3), queries(count=9)
    found = [
        both(reasoner, graph(), asked, lively(reasoner), np.float32, threads)[0]
        for threads in (1, 2, 5)
    ]
    for scores, gradients in found[1:]:
        np.testing.assert_array_equal(scores, found[0][0])
        for name, gradient in gradients.items():
            np.testing.assert_array_equal(gradient, found[0][1][name])
