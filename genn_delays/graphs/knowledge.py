"""Knowledge graphs in the plain layout: train.txt, valid.txt, test.txt of tab-separated triples.

An inductive data set has a second such folder of other entities and the same relations: its
train.txt is the graph in which the test facts, its test.txt, are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from genn_delays.datasets.files import Files, open_files
from genn_delays.graphs.graph import Graph
from genn_delays.support.errors import DataError, short
from genn_delays.support.limits import RECORDING, check_size
from genn_delays.support.paths import expanded

FILES = ("train.txt", "valid.txt", "test.txt")
LINE = 400
"""Bytes that a line takes while it is read."""
TRIPLE = "head, relation and tail with tabs between them"


@dataclass(frozen=True, eq=False)
class Asked:
    """Facts to be found, and the graph to find them in.

    Attributes:
        graph: what is given.
        facts: what is asked for, shape (facts, 3).
        known: all that is true; it is no wrong answer.
    """

    graph: Graph
    facts: np.ndarray
    known: Graph


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """Facts to learn from, to choose by, and to test on.

    Attributes:
        train, valid, test: each with its graph.
        relations: names of the relations.
        entities, test_entities: names of the entities of the graphs of train and of test.
    """

    train: Asked
    valid: Asked
    test: Asked
    relations: tuple[str, ...]
    entities: tuple[str, ...] = field(repr=False)
    test_entities: tuple[str, ...] = field(repr=False)


class _Names:
    """Numbers of names, in the order in which they come."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.number)

    def __call__(self, name: str) -> int:
        return self.number.setdefault(name, len(self.number))


def read_knowledge_graph(folder: Path | str, inductive: Path | str | None = None) -> KnowledgeGraph:
    """Read a knowledge graph.

    Args:
        folder: with train.txt, valid.txt and test.txt, or a zip archive of it.
        inductive: the same with the entities to be tested on; without it the test is test.txt of
            ``folder``, in the graph of its train.txt.

    Raises:
        DataError: a file is missing or damaged, or has a relation that train.txt has not.
    """
    relations = _Names()
    main = _Triples(folder, relations)
    train, valid = main.asked("train.txt"), main.asked("valid.txt")
    other = main if inductive is None else _Triples(inductive, relations)
    return KnowledgeGraph(
        train,
        valid,
        other.asked("test.txt"),
        tuple(relations.number),
        tuple(main.entities.number),
        tuple(other.entities.number),
    )


class _Triples:
    """A folder with its facts."""

    def __init__(self, folder: Path | str, relations: _Names) -> None:
        self.files: Files = open_files(expanded(folder, "the knowledge graph", DataError))
        self.entities, self.relations = _Names(), relations
        fresh = not len(relations)
        self.facts = {}
        for name in FILES:
            self.facts[name] = self._read(name, fresh and name == "train.txt")
            if not len(self.facts[name]):
                raise DataError(f"{self.files.path}: {name} holds no fact")

    @cached_property
    def graph(self) -> Graph:
        return Graph(self.facts["train.txt"], len(self.entities), len(self.relations))

    @cached_property
    def known(self) -> Graph:
        every = np.concatenate([self.facts[name] for name in FILES])
        return Graph(every, len(self.entities), len(self.relations))

    def asked(self, name: str) -> Asked:
        """The facts of a file."""
        return Asked(
            self.graph, self.facts[name], self.graph if name == "train.txt" else self.known
        )

    def _read(self, name: str, makes_relations: bool) -> np.ndarray:
        facts = []
        where = f"{self.files.path}: {name}"
        for number, (head, relation, tail) in records(self.files.read(name), where, 3, TRIPLE):
            if not makes_relations and relation not in self.relations.number:
                raise DataError(
                    f"{where}, line {number}: the relation {short(repr(relation), 60)} is in no "
                    "fact to learn from"
                )
            facts.append((self.entities(head), self.relations(relation), self.entities(tail)))
        return np.array(facts, np.int64).reshape(-1, 3)


def records(
    content: bytes, where: str, count: int, what: str
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number and names of each line of tab-separated text.

    Args:
        where: begins messages: the file.
        count: names of a line.
        what: what a line is to be, for messages.

    Raises:
        DataError: a line that is something else.
    """
    lines = content.split(b"\n")
    check_size(LINE * len(lines), where, default=8 * RECORDING)
    if lines[-1] == b"":  # behind the last end of line
        lines.pop()
    for number, raw in enumerate(lines, 1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise DataError(
                f"{where}, line {number}: not UTF-8 text; copy the file again"
            ) from None
        names = tuple(name.strip() for name in text.split("\t"))
        if len(names) != count or not all(names):
            raise DataError(f"{where}, line {number}: {short(repr(text), 80)} is not {what}")
        yield number, names
