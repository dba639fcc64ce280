"""Links of one kind, such as citations: read, split, and told from pairs that are no links."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from genn_delays.datasets.files import FolderFiles
from genn_delays.graphs.graph import Graph
from genn_delays.graphs.knowledge import Asked, KnowledgeGraph, records
from genn_delays.graphs.model import Model
from genn_delays.graphs.ranking import auroc, average_precision
from genn_delays.support.errors import DataError
from genn_delays.support.paths import expanded

logger = logging.getLogger(__name__)

SHARES = (85, 5, 10)
"""Of train, valid and test, in percent."""
DRAWS = 1000
"""How often pairs are drawn anew until none is a link: mostly once or twice."""


def read_links(path: Path | str, seed: int = 0) -> KnowledgeGraph:
    """A graph of one relation, its links split by chance into 85, 5 and 10 %.

    All three parts are asked for in the graph of the first. A pair that is listed twice, in either
    direction, is one link, and a node's link to itself is none; how many lines that leaves out is
    logged.

    Args:
        path: a text file with two names per line and a tab between them, as ``cora.cites``.
        seed: of the split.

    Raises:
        DataError: the file is missing or damaged, or holds fewer than 20 links.
    """
    path = expanded(path, "the file of links", DataError)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of links; check the path")
    nodes: dict[str, int] = {}
    pairs = set()
    lines = 0
    what = "two names with a tab between them"
    for _, names in records(FolderFiles(path.parent).read(path.name), str(path), 2, what):
        first, second = sorted(nodes.setdefault(name, len(nodes)) for name in names)
        lines += 1
        if first != second:
            pairs.add((first, second))
    if lines > len(pairs):
        logger.warning(
            "%s: %d lines repeat a link or join a node to itself", path, lines - len(pairs)
        )
    return split_links(
        np.array(sorted(pairs), np.int64).reshape(-1, 2), tuple(nodes), seed, str(path)
    )


def split_links(
    links: np.ndarray, nodes: tuple[str, ...], seed: int = 0, where: str = "links"
) -> KnowledgeGraph:
    """The same from an array of distinct pairs, shape (links, 2)."""
    count = len(links)
    if count < 20:
        raise DataError(f"{where}: {count} links are too few to be split; 20 are needed")
    order = np.random.default_rng(seed).permutation(count)
    facts = np.stack([links[:, 0], np.zeros(count, np.int64), links[:, 1]], axis=1)[order]
    ends = [share * count // 100 for share in np.cumsum(SHARES)[:2]]
    train, valid, test = np.split(facts, ends)
    graph, known = (Graph(some, len(nodes), 1) for some in (train, facts))
    parts = Asked(graph, train, graph), Asked(graph, valid, known), Asked(graph, test, known)
    return KnowledgeGraph(*parts, ("link",), nodes, nodes)


def link_metrics(model: Model, asked: Asked, seed: int = 0) -> dict[str, float]:
    """How well links are told from as many pairs that are none: ``auroc`` and ``ap``.

    The score of a pair is the mean of those from either end.

    Args:
        model: of one relation.
        asked: the links and their graph.
        seed: of the pairs, drawn uniformly from all that are no link.

    Raises:
        DataError: hardly any pair is no link.
    """
    links = asked.facts[:, [0, 2]]
    pairs = np.concatenate([links, _no_links(asked.known, len(links), seed)])
    zero = np.zeros(len(pairs), np.int64)
    ends = [
        model.scores(asked.graph, pairs[:, end], zero + end, pairs[:, [1 - end]])[:, 0]
        for end in (0, 1)
    ]
    score = np.mean(ends, axis=0)
    true = np.arange(len(pairs)) < len(links)
    return {"auroc": auroc(score, true), "ap": average_precision(score, true)}


def _no_links(known: Graph, count: int, seed: int) -> np.ndarray:
    """Pairs of different nodes that no link joins, shape (count, 2)."""
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, known.entities, (count, 2))
    linked = np.sort(known.facts[:, 0] * known.entities + known.facts[:, 2])
    for _ in range(DRAWS):
        bad = pairs[:, 0] == pairs[:, 1]
        for first, second in (pairs.T, pairs.T[::-1]):
            bad |= np.isin(first * known.entities + second, linked)
        if not bad.any():
            return pairs
        pairs[bad] = rng.integers(0, known.entities, (bad.sum(), 2))
    raise DataError("hardly any pair of nodes is without a link; there is nothing to tell apart")
