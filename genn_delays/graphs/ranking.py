"""How well scores single out what is true: filtered ranks, and areas under two curves.

Entities with the same score stand in any order with equal chance, and what is given is the
expectation: a model that scores all alike gets what chance would get.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

CLOSE = 1e-5
"""Scores are the same within this, relative to the larger of 1 and the score: sums of equal rows
may be rounded otherwise."""
HITS = (1, 3, 10)
SAMPLE = 50
"""Wrong entities of the published inductive rows."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Of the true entity of each query.

    Attributes:
        above: wrong entities that score higher.
        equal: wrong entities that score the same.
        wrong: wrong entities, those left out that answer the query in a known fact.
    """

    above: np.ndarray
    equal: np.ndarray
    wrong: np.ndarray

    @staticmethod
    def of(score: np.ndarray, answer: np.ndarray, known: list[np.ndarray]) -> Ranks:
        """From the scores of all entities.

        Args:
            score: shape (queries, entities).
            answer: the true entity of each query.
            known: entities that answer each query in a known fact.
        """
        rows = np.arange(len(score))
        right = score[rows, answer][:, None].astype(np.float64)
        margin = CLOSE * np.maximum(1.0, np.abs(right))
        wrong = np.ones(score.shape, bool)
        for k, entities in enumerate(known):
            wrong[k, entities] = False
        wrong[rows, answer] = False
        higher = score > right + margin
        same = (score >= right - margin) & ~higher
        return Ranks((higher & wrong).sum(1), (same & wrong).sum(1), wrong.sum(1))

    @staticmethod
    def joined(parts: list[Ranks]) -> Ranks:
        """The ranks of all parts."""
        columns = ((p.above, p.equal, p.wrong) for p in parts)
        return Ranks(*map(np.concatenate, zip(*columns, strict=True)))

    def metrics(self) -> dict[str, float]:
        """The expected ``mr``, ``mrr``, ``hits@1``, ``hits@3``, ``hits@10`` and ``hits@10_50``."""
        tied = self.equal + 1
        harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, self.wrong.max() + 2))])
        found = {
            "mr": np.mean(1.0 + self.above + self.equal / 2.0),
            "mrr": np.mean((harmonic[self.above + tied] - harmonic[self.above]) / tied),
        }
        for k in HITS:
            found[f"hits@{k}"] = np.mean(np.clip((k - self.above) / tied, 0.0, 1.0))
        share = (self.above + self.equal / 2.0) / np.maximum(self.wrong, 1)
        found[f"hits@10_{SAMPLE}"] = among_sample(share)
        return {name: float(value) for name, value in found.items()}

    def as_published(self) -> float:
        """``hits@10_50`` as the published code counts it.

        There a tie counts against the true entity, and so does, once, the true entity itself; and
        only facts of the graph that is given are known.
        """
        return among_sample((self.above + self.equal + 1) / (self.wrong + 1))


def among_sample(share: np.ndarray, place: int = 10, sample: int = SAMPLE) -> float:
    """Chance to be among the first ``place`` beside a sample of wrong entities.

    Args:
        share: of all wrong entities that are ahead of the true one, for each query.
        place, sample: the sample is drawn with replacement.
    """
    chances = [comb(sample, k) * share**k * (1.0 - share) ** (sample - k) for k in range(place)]
    return float(np.mean(np.sum(chances, axis=0)))


def auroc(score: np.ndarray, true: np.ndarray) -> float:
    """Area under the receiver operating characteristic; NaN where one kind is missing.

    It is the chance that a true one scores higher than a wrong one, equal ones counted half.

    >>> auroc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    true = np.asarray(true, bool)
    right, wrong = np.asarray(score)[true], np.sort(np.asarray(score)[~true])
    if not (len(right) and len(wrong)):
        return float("nan")
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / (2.0 * len(wrong)))


def average_precision(score: np.ndarray, true: np.ndarray) -> float:
    """Average precision: precision at each distinct score, weighted by the recall it adds.

    >>> average_precision(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.8333333333333333
    """
    order = np.argsort(-np.asarray(score), kind="stable")
    score, true = np.asarray(score)[order], np.asarray(true, bool)[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits = np.cumsum(true)[last]
    if not len(score) or not hits[-1]:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0) * hits / (last + 1)) / hits[-1])
