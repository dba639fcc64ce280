"""A made family tree: who is whose mother and father is given, all else is to be found.

The relations to be found are compositions: the mother's and the father's mother and father. The
edges that are given lie alike for all four of them, so that only a model that tells mothers from
fathers, and in which order it meets them, can find them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from genn_delays.graphs.graph import Graph
from genn_delays.graphs.knowledge import Asked, KnowledgeGraph
from genn_delays.support.checks import is_count
from genn_delays.support.errors import DataError

RELATIONS = (
    *("mother", "father"),
    *("mother's mother", "mother's father", "father's mother", "father's father"),
)
GIVEN = 2
"""The first relations are given, the others asked for."""


@dataclass(frozen=True, eq=False)
class Family:
    """People of several generations.

    Attributes:
        mother, father: of each person, -1 of those of the first generation.
    """

    mother: np.ndarray
    father: np.ndarray

    def __len__(self) -> int:
        return len(self.mother)

    def given(self) -> np.ndarray:
        """Facts of mothers and fathers, shape (facts, 3)."""
        return np.concatenate([_facts(self.mother, 0), _facts(self.father, 1)])

    def found(self) -> np.ndarray:
        """Facts of all that follows from these."""
        both = (self.mother, self.father)
        grand = [np.where(near >= 0, far[near], -1) for near in both for far in both]
        return np.concatenate([_facts(other, GIVEN + k) for k, other in enumerate(grand)])


def _facts(other: np.ndarray, relation: int) -> np.ndarray:
    person = np.flatnonzero(other >= 0)
    return np.stack([person, np.full(len(person), relation), other[person]], axis=1)


def grow(generations: int, size: int, rng: np.random.Generator) -> Family:
    """A family of so many generations of ``size`` people each, half of them women.

    Each person's parents are a couple of the generation before, drawn from half as many couples as
    there could be, so that most have sisters and brothers.
    """
    people = np.arange(generations * size).reshape(generations, size)
    mother = np.full(people.size, -1)
    father = np.full(people.size, -1)
    for before, now in pairwise(people):
        women, men = rng.permutation(before[: size // 2]), rng.permutation(before[size // 2 :])
        couple = rng.integers(0, max(1, len(women) // 2), size)
        mother[now], father[now] = women[couple], men[couple]
    return Family(mother, father)


def family_tree(seed: int = 1, *, generations: int = 4, size: int = 24) -> KnowledgeGraph:
    """A family to learn from, one to choose by, and one to be tested on; nobody is in two of them.

    Args:
        seed: of the families.
        generations: of each, at least 3.
        size: people of a generation, at least 4.
    """
    if not (is_count(generations, 3) and is_count(size, 4)):
        raise DataError(
            f"family_tree(generations={generations!r}, size={size!r}): at least 3 generations of 4"
        )
    asked = []
    for k in range(3):
        family = grow(int(generations), int(size), np.random.default_rng([seed, k]))
        graph = Graph(family.given(), len(family), len(RELATIONS))
        facts = family.found()
        known = Graph(np.concatenate([family.given(), facts]), len(family), len(RELATIONS))
        asked.append(Asked(graph, facts, known))
    names = [tuple(f"{part}{k}" for k in range(a.graph.entities)) for part, a in zip(
        ("person", "person", "relative"), asked, strict=True
    )]  # fmt: skip
    train, valid, test = asked
    return KnowledgeGraph(train, valid, test, RELATIONS, names[0], names[2])
