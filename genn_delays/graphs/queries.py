"""Queries to a graph: (source, relation, ?), with the entities that are asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.graphs.engine import Drive, Engine
from genn_delays.graphs.graph import Edges
from genn_delays.graphs.parameters import Parameters
from genn_delays.graphs.readout import back, score


@dataclass(frozen=True, eq=False)
class Queries:
    """A batch.

    Attributes:
        source: entity of each query, (queries,).
        relation: of each query, inverse ones from ``relations`` on, (queries,).
        target: entities that get a score, (queries, targets).
    """

    source: np.ndarray
    relation: np.ndarray
    target: np.ndarray


class Scorer:
    """Scores of queries and the gradients of all parameters.

    Attributes:
        engine: with the settings of the reasoner.
        parameters: what is learnt; may be changed from batch to batch.
    """

    def __init__(self, engine: Engine, parameters: Parameters) -> None:
        self.engine, self.parameters = engine, parameters

    def forward(self, edges: Edges, queries: Queries) -> np.ndarray:
        """Scores, (queries, targets): logits of the probability that the fact is true."""
        query = self._query(queries.relation)
        gate, delay = self._delays(query)
        code = self.engine.forward(
            edges,
            Drive(
                queries.source,
                queries.target,
                query,
                delay,
                self.parameters["map_weight"],
                self.parameters["map_bias"],
            ),
        )
        self._gate, self._relation = gate, queries.relation
        self._scored = score(self.parameters, code, query)
        return self._scored.score

    def delays(self, relation: np.ndarray) -> np.ndarray:
        """Delays in steps under query relations, uint8, (queries, relations, neurons)."""
        return self._delays(self._query(relation))[1]

    def _query(self, relation: np.ndarray) -> np.ndarray:
        """What stands for a query, about half the threshold: (queries, neurons)."""
        half = self.engine.reasoner.threshold / 2
        return self.parameters["query"][relation] * half + half

    def _delays(self, query: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """Sigmoids and delays in steps of each query, (queries, relations, neurons)."""
        reasoner = self.engine.reasoner
        shape = (len(query), 2 * reasoner.relations, reasoner.neurons)
        if not reasoner.learns_delays:
            return None, np.zeros(shape, np.uint8)
        weight = self.parameters["delay_weight"].reshape(-1, reasoner.neurons)
        drive = (query @ weight.T).reshape(shape) + self.parameters["delay_bias"]
        gate = 0.5 + 0.5 * np.tanh(0.5 * drive)
        return gate, np.rint(reasoner.max_delay * gate).astype(np.uint8)

    def backward(self, d_score: np.ndarray) -> dict[str, np.ndarray]:
        """dL/d parameters of the batch that went forwards last, by name."""
        reasoner, parameters = self.engine.reasoner, self.parameters
        d_code, d_query, gradients = back(parameters, self._scored, d_score)
        found = self.engine.backward(d_code)
        d_query = d_query + found["current"]
        gradients |= {"map_weight": found["weight"], "map_bias": found["bias"]}
        if self._gate is not None:  # straight through the rounding
            d_drive = found["delay"] * (reasoner.max_delay * self._gate * (1.0 - self._gate))
            flat, query = d_drive.reshape(len(d_drive), -1), self._scored.query
            weight = parameters["delay_weight"]
            gradients["delay_weight"] = (flat.T @ query).reshape(weight.shape)
            gradients["delay_bias"] = d_drive.sum(0)
            d_query = d_query + flat @ weight.reshape(-1, reasoner.neurons)
        d_embedding = np.zeros_like(parameters["query"])
        np.add.at(d_embedding, self._relation, d_query * (reasoner.threshold / 2))
        return gradients | {"query": d_embedding}
