"""A graph of facts, as arrays: its edges in both directions, and the same without some of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genn_delays.support.checks import extremes, is_count, taken_over
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

EDGE = 48
"""Bytes of a fact in memory: two edges, each by its head and by its tail, and the orders."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of a graph, sorted by head and once more by tail.

    Attributes:
        entities, relations: how many there are; relations with the inverse ones.
        out_start, in_start: int64, shape (entities + 1,): edges of entity k are start[k] to
            start[k + 1].
        out_tail, out_relation, in_head, in_relation: int32, shape (edges,).
    """

    entities: int
    relations: int
    out_start: np.ndarray
    out_tail: np.ndarray
    out_relation: np.ndarray
    in_start: np.ndarray
    in_head: np.ndarray
    in_relation: np.ndarray


class Graph:
    """Facts (head, relation, tail), each an edge and, by its inverse relation, an edge back.

    Attributes:
        entities: number of entities.
        relations: number of relations as given; the inverse of r is r + relations.
        facts: int64, shape (facts, 3): head, relation, tail; read-only.
    """

    def __init__(self, facts: np.ndarray, entities: int, relations: int) -> None:
        """Raises DataError for an entity or a relation that there is not."""
        if not (is_count(entities) and is_count(relations)):
            raise DataError(f"a graph of {entities} entities and {relations} relations")
        facts = np.asarray(facts)
        if facts.ndim != 2 or facts.shape[1] != 3 or facts.dtype.kind not in "iu":
            raise DataError(
                f"facts of shape {facts.shape} and type {facts.dtype}; give whole numbers "
                "(facts, 3): head, relation, tail"
            )
        check_size(EDGE * len(facts) + 16 * entities, f"a graph of {len(facts)} facts")
        self.entities, self.relations = int(entities), int(relations)
        bounds = zip(("head", "relation", "tail"), (entities, relations, entities), strict=True)
        for column, (name, bound) in zip(facts.T, bounds, strict=True):
            low, high = extremes(column)
            if low < 0 or high >= max(bound, 1):
                raise DataError(
                    f"facts: a {name} {low if low < 0 else high} outside 0 to {bound - 1}"
                )
        self.facts = taken_over(np.ascontiguousarray(facts, np.int64))

    def __len__(self) -> int:
        return len(self.facts)

    def __repr__(self) -> str:
        return f"Graph({len(self)} facts, {self.entities} entities, {self.relations} relations)"

    @cached_property
    def doubled(self) -> np.ndarray:
        """Facts and behind them their inverse ones, int64, shape (2 facts, 3)."""
        head, relation, tail = self.facts.T
        back = np.stack([tail, relation + self.relations, head], axis=1)
        return np.concatenate([self.facts, back])

    @cached_property
    def _orders(self) -> tuple[np.ndarray, np.ndarray]:
        head, _, tail = self.doubled.T
        return np.argsort(head, kind="stable"), np.argsort(tail, kind="stable")

    @cached_property
    def edges(self) -> Edges:
        """All edges."""
        by_head, by_tail = self._orders
        head, relation, tail = self.doubled.T
        return Edges(
            self.entities,
            2 * self.relations,
            *(_starts(head, self.entities), _narrow(tail[by_head]), _narrow(relation[by_head])),
            *(_starts(tail, self.entities), _narrow(head[by_tail]), _narrow(relation[by_tail])),
        )

    def without(self, facts: np.ndarray) -> Edges:
        """The edges but for those of the facts of these numbers."""
        if not len(facts):
            return self.edges
        keep = np.ones(len(self), bool)
        keep[facts] = False
        keep = np.concatenate([keep, keep])
        all_edges, (by_head, by_tail) = self.edges, self._orders
        out, into = keep[by_head], keep[by_tail]
        return Edges(
            self.entities,
            2 * self.relations,
            *(_shortened(all_edges.out_start, out), all_edges.out_tail[out]),
            all_edges.out_relation[out],
            *(_shortened(all_edges.in_start, into), all_edges.in_head[into]),
            all_edges.in_relation[into],
        )

    def find(self, facts: np.ndarray) -> np.ndarray:
        """Numbers of the facts of this graph that are among these, shape (n, 3)."""
        return self._exact.find(self._key(facts))

    def between(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Numbers of the facts that join two entities in either direction."""
        pairs = np.concatenate([first * self.entities + second, second * self.entities + first])
        return self._pairs.find(pairs)

    def tails(self, heads: np.ndarray, relations: np.ndarray) -> list[np.ndarray]:
        """Tails of each (head, relation); relations may be inverse ones."""
        return self._answers.rows(heads * 2 * self.relations + relations)

    def _key(self, facts: np.ndarray) -> np.ndarray:
        head, relation, tail = np.asarray(facts, np.int64).T
        return (head * self.relations + relation) * self.entities + tail

    @cached_property
    def _exact(self) -> _Index:
        return _Index(self._key(self.facts))

    @cached_property
    def _pairs(self) -> _Index:
        return _Index(self.facts[:, 0] * self.entities + self.facts[:, 2])

    @cached_property
    def _answers(self) -> _Index:
        head, relation, tail = self.doubled.T
        return _Index(head * 2 * self.relations + relation, tail)


class _Index:
    """Rows by a key, some of which may share one."""

    def __init__(self, keys: np.ndarray, values: np.ndarray | None = None) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.values = keys[order], order if values is None else values[order]

    def rows(self, keys: np.ndarray) -> list[np.ndarray]:
        """The values of each key."""
        first = np.searchsorted(self.keys, keys, "left")
        last = np.searchsorted(self.keys, keys, "right")
        return [self.values[a:b] for a, b in zip(first, last, strict=True)]

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The values of all of these keys."""
        return np.concatenate([self.values[:0], *self.rows(np.unique(keys))])


def _starts(entity: np.ndarray, entities: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(entity, minlength=entities))]).astype(
        np.int64
    )


def _shortened(start: np.ndarray, keep: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)[start]


def _narrow(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.int32)
