"""Queries to learn from: facts with one end hidden, and entities that are no answer."""

from __future__ import annotations

import numpy as np

from genn_delays.graphs.graph import Graph
from genn_delays.graphs.queries import Queries
from genn_delays.support.errors import DataError


def directed(facts: np.ndarray, relations: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source, relation and answer of the queries for the tails of facts, then for their heads.

    Args:
        facts: shape (facts, 3).
        relations: without the inverse ones, by which a head is asked for.
    """
    head, relation, tail = facts.T
    return (
        np.concatenate([head, tail]),
        np.concatenate([relation, relation + relations]),
        np.concatenate([tail, head]),
    )


def questions(facts: np.ndarray, known: Graph, count: int, rng: np.random.Generator) -> Queries:
    """A query of each fact: the tails of the first half are asked for, the heads of the other.

    The first target is the answer; the others are drawn with replacement from all entities that
    answer it in no known fact.

    Args:
        facts: shape (queries, 3).
        known: with all facts that are true.
        count: wrong entities of each query.
        rng: what chance there is.

    Raises:
        DataError: every entity is an answer.
    """
    head, relation, tail = facts.T
    for_tail = np.arange(len(facts)) < len(facts) // 2
    source, answer = np.where(for_tail, head, tail), np.where(for_tail, tail, head)
    relation = np.where(for_tail, relation, relation + known.relations)
    target = np.empty((len(facts), 1 + count), np.int64)
    target[:, 0] = answer
    for k, true in enumerate(known.tails(source, relation)):
        wrong = np.ones(known.entities, bool)
        wrong[true] = wrong[answer[k]] = False
        candidates = np.flatnonzero(wrong)
        if not len(candidates):
            raise DataError(
                f"entity {source[k]}, relation {relation[k]}: every entity is an answer"
            )
        target[k, 1:] = candidates[rng.integers(0, len(candidates), count)]
    return Queries(source, relation, target)
