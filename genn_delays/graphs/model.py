"""A reasoner with its parameters: scores of queries, ranks of facts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from genn_delays.graphs.engine import Engine
from genn_delays.graphs.graph import Graph
from genn_delays.graphs.knowledge import Asked
from genn_delays.graphs.negatives import directed
from genn_delays.graphs.parameters import Parameters, draw
from genn_delays.graphs.queries import Queries, Scorer
from genn_delays.graphs.ranking import Ranks
from genn_delays.graphs.reasoner import Reasoner
from genn_delays.support.errors import ConfigError, suggest

Precision = Literal["float32", "float64"]
DTYPES: dict[str, Any] = {"float32": np.float32, "float64": np.float64}
AT_ONCE = 1 << 22
"""Numbers of the hidden layer of the readout that are made at once."""


class Model:
    """A reasoner that can be asked.

    Attributes:
        reasoner: its settings.
        parameters: what it has learnt.
        precision: of voltages, scores and adjoints.
    """

    def __init__(
        self,
        reasoner: Reasoner,
        parameters: Parameters | None = None,
        *,
        seed: int = 1,
        precision: Precision = "float32",
        threads: int | None = None,
    ) -> None:
        """Without ``parameters``, first values are drawn from ``seed``."""
        if precision not in DTYPES:
            raise ConfigError(f"precision={precision!r}: {suggest(str(precision), DTYPES)}")
        self.reasoner, self.precision = reasoner, precision
        self.parameters = draw(reasoner, seed) if parameters is None else parameters
        self.scorer = Scorer(Engine(reasoner, DTYPES[precision], threads), self.parameters)

    def delays(self, relation: int) -> np.ndarray:
        """Delays in steps under a query relation, int, shape (relations with inverse, neurons)."""
        return self.scorer.delays(np.array([relation]))[0].astype(np.int64)

    def scores(
        self,
        graph: Graph,
        source: np.ndarray,
        relation: np.ndarray,
        target: np.ndarray | None = None,
    ) -> np.ndarray:
        """Logits of the probability that (source, relation, target) is true.

        Args:
            graph: what is given.
            source: entity of each query, shape (queries,).
            relation: of each query; r + relations asks for the head of r.
            target: entities that are asked about, (queries, targets); None for all entities.

        Returns:
            Shape (queries, targets), or (queries, entities).
        """
        source, relation = np.asarray(source), np.asarray(relation)
        if target is None:
            target = np.broadcast_to(np.arange(graph.entities), (len(source), graph.entities))
        target = np.asarray(target)
        each = 2 * self.reasoner.neurons * max(target.shape[1], 1)
        size = max(1, AT_ONCE // each)
        parts = [
            self.scorer.forward(graph.edges, Queries(source[part], relation[part], target[part]))
            for part in (slice(at, at + size) for at in range(0, len(source), size))
        ]
        return np.concatenate([np.zeros((0, target.shape[1]), np.float32), *parts])

    def rank(self, asked: Asked, known: Graph | None = None) -> Ranks:
        """Ranks of the tails and then of the heads of facts, among all entities of their graph.

        Args:
            asked: the facts and their graph.
            known: facts that count as true; by default those of ``asked``.
        """
        source, relation, answer = directed(asked.facts, self.reasoner.relations)
        known = asked.known if known is None else known
        size = max(1, AT_ONCE // (2 * self.reasoner.neurons * asked.graph.entities))
        parts = []
        for at in range(0, len(source), size):
            part = slice(at, at + size)
            score = self.scores(asked.graph, source[part], relation[part])
            parts.append(Ranks.of(score, answer[part], known.tails(source[part], relation[part])))
        return Ranks.joined(parts)

    def close(self) -> None:
        """End the threads."""
        self.scorer.engine.close()
