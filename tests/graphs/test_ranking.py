"""Ranks, losses and areas against their definitions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from genn_delays.graphs.loss import cross_entropy
from genn_delays.graphs.ranking import Ranks, among_sample, auroc, average_precision


def test_entities_of_the_same_score_stand_in_any_order_with_equal_chance():
    score = np.array([[0.3, 0.9, 0.3, 0.3, 0.1, 0.3]])
    ranks = Ranks.of(score, np.array([2]), [np.array([2, 5])])
    assert (ranks.above[0], ranks.equal[0], ranks.wrong[0]) == (1, 2, 4)
    places = [2 + order.index(2) for order in permutations([0, 2, 3])]
    found = ranks.metrics()
    assert found["mr"] == pytest.approx(np.mean(places))
    assert found["mrr"] == pytest.approx(np.mean([1 / place for place in places]))
    for k in (1, 3, 10):
        assert found[f"hits@{k}"] == pytest.approx(np.mean([place <= k for place in places]))


def test_a_model_that_scores_all_alike_gets_what_chance_would_get():
    ranks = Ranks.of(np.zeros((5, 20)), np.arange(5), [np.array([], int)] * 5)
    found = ranks.metrics()
    assert found["hits@1"] == pytest.approx(1 / 20)
    assert found["hits@10"] == pytest.approx(0.5)
    assert found["mr"] == pytest.approx(10.5)


def test_facts_that_are_known_do_not_push_the_true_entity_down():
    score = np.array([[5.0, 4.0, 3.0, 2.0]])
    assert Ranks.of(score, np.array([2]), [np.array([0, 1])]).metrics()["hits@1"] == 1.0
    assert Ranks.of(score, np.array([2]), [np.array([2])]).metrics()["hits@1"] == 0.0


def test_hits_among_a_sample_are_those_of_samples_that_are_drawn():
    rng, share = np.random.default_rng(0), 0.15
    drawn = rng.random((20000, 50)) < share
    assert among_sample(np.array([share])) == pytest.approx((drawn.sum(1) < 10).mean(), abs=0.01)
    assert among_sample(np.zeros(3)) == 1.0


def test_the_published_count_takes_ties_and_the_true_entity_against_it():
    ranks = Ranks(np.array([2]), np.array([1]), np.array([9]))
    assert ranks.as_published() == pytest.approx(among_sample(np.array([0.4])))


def test_areas_are_those_of_their_definitions():
    rng = np.random.default_rng(1)
    score, true = rng.integers(0, 6, 40) / 5.0, rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in score[true] for b in score[~true]]
    assert auroc(score, true) == pytest.approx(np.mean(pairs))
    area, before = 0.0, 0.0
    for level in sorted(set(score), reverse=True):
        at_least = score >= level
        recall = (true & at_least).sum() / true.sum()
        area += (recall - before) * (true & at_least).sum() / at_least.sum()
        before = recall
    assert average_precision(score, true) == pytest.approx(area)
    assert np.isnan(auroc(score, true | True))
    assert np.isnan(average_precision(score, true & False))


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_the_gradient_of_the_loss_is_that_of_finite_differences(temperature):
    score = np.random.default_rng(2).normal(size=(3, 5))
    _, slope = cross_entropy(score, temperature)
    weights = np.full((3, 4), 0.25)
    if temperature:
        weights = np.exp(score[:, 1:] / temperature)
        weights /= weights.sum(1, keepdims=True)

    def loss(score):  # with the weights of the wrong ones held
        right = np.log1p(np.exp(-score[:, 0]))
        return np.mean((right + (weights * np.log1p(np.exp(score[:, 1:]))).sum(1)) / 2)

    assert cross_entropy(score, temperature)[0] == pytest.approx(loss(score))
    for place in np.ndindex(score.shape):
        step = np.zeros_like(score)
        step[place] = 1e-6
        found = (loss(score + step) - loss(score - step)) / 2e-6
        assert slope[place] == pytest.approx(found, rel=1e-6, abs=1e-9)
