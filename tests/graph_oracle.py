"""A reasoner in plain numpy, edge by edge and step by step: what the engine has to give.

Rounded delays have no derivative, and the published gradient puts a trace in its place: here the
spike that an edge brings is s[t - 1 - d] + (x - x0) trace, with x the delay before the rounding and
trace, x0 and d those of a first run. With graded spikes (``smooth``) gradients are then those of
finite differences.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from genn_delays.graphs.graph import Graph
from genn_delays.graphs.parameters import Parameters
from genn_delays.graphs.queries import Queries
from genn_delays.graphs.reasoner import Reasoner


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


@dataclass
class Oracle:
    """Scores and gradients of a batch."""

    reasoner: Reasoner
    graph: Graph
    queries: Queries
    smooth: bool = False
    delay: np.ndarray | None = None
    x0: np.ndarray | None = None
    traces: np.ndarray | None = None
    kept: dict = field(default_factory=dict)

    def spike(self, v):
        over = v - self.reasoner.threshold
        return sigmoid(self.reasoner.slope * over) if self.smooth else (over >= 0) * 1.0

    def scores(self, p: Parameters) -> np.ndarray:
        r, half = self.reasoner, self.reasoner.threshold / 2
        query = p["query"][self.queries.relation] * half + half
        if r.learns_delays:
            x = r.max_delay * sigmoid(
                np.einsum("rnm,qm->qrn", p["delay_weight"], query) + p["delay_bias"]
            )
        else:
            x = np.zeros((len(query), 2 * r.relations, r.neurons))
        if self.delay is None:
            self.delay, self.x0 = np.rint(x).astype(int), x
        spikes, voltages, sums, traces = self.run(p, query, x)
        if self.traces is None:
            self.traces = traces
        code = np.tensordot(r.code_weights(), spikes, 1)
        rows = np.arange(len(query))[:, None]
        features = np.concatenate(
            [
                code[rows, self.queries.target],
                np.repeat(query[:, None], self.queries.target.shape[1], 1),
            ],
            axis=2,
        )
        hidden = np.maximum(features @ p["hidden_weight"].T + p["hidden_bias"], 0)
        self.kept = {"query": query, "x": x, "s": spikes, "v": voltages, "a": sums}
        self.kept |= {"f": features, "h": hidden}
        return hidden @ p["score_weight"] + p["score_bias"]

    def run(self, p, query, x):
        """Spikes, voltages before the reset, sums of what arrived and traces, by step."""
        r, b = self.reasoner, len(query)
        shape = (r.steps, b, self.graph.entities, r.neurons)
        s, v, a, traces = (np.zeros(shape) for _ in range(4))
        current, after, drive = np.zeros(shape[1:]), np.zeros(shape[1:]), np.zeros(shape[1:])
        drive[np.arange(b), self.queries.source] = query
        for t in range(r.steps):
            v[t] = drive
            if t:
                for q in range(b):
                    for head, relation, tail in self.graph.doubled:
                        for n, d in enumerate(self.delay[q, relation]):
                            if t - 1 - d >= 0:
                                a[t, q, tail, n] += s[t - 1 - d, q, head, n]
                                if self.traces is not None:
                                    change = x[q, relation, n] - self.x0[q, relation, n]
                                    a[t, q, tail, n] += change * self.traces[t - 1 - d, q, head, n]
                arrived = r.scale * (a[t] @ p["map_weight"].T + p["map_bias"])
                current = r.keep() * current + r.height() * arrived
                v[t] += r.keep() * after + current
            s[t] = self.spike(v[t])
            after = v[t] * (1 - s[t])
            traces[t] = sum(r.trace_weights()[t - u] * s[u] for u in range(t + 1))
        return s, v, a, traces

    def gradients(self, p: Parameters, d_score: np.ndarray) -> dict[str, np.ndarray]:
        r, k = self.reasoner, self.kept
        n, query, x = r.neurons, k["query"], k["x"]
        d_hidden = d_score[..., None] * p["score_weight"] * (k["h"] > 0)
        d_features = d_hidden @ p["hidden_weight"]
        found = {
            "hidden_weight": np.einsum("qmi,qmj->ij", d_hidden, k["f"]),
            "hidden_bias": d_hidden.sum((0, 1)),
            "score_weight": np.einsum("qm,qmi->i", d_score, k["h"]),
            "score_bias": d_score.sum(keepdims=True).reshape(1),
        }
        d_code = np.zeros(k["s"].shape[1:])
        np.add.at(
            d_code, (np.arange(len(query))[:, None], self.queries.target), d_features[..., :n]
        )
        d_query = d_features[..., n:].sum(1)
        found |= {"map_weight": np.zeros((n, n)), "map_bias": np.zeros(n)}
        d_x = np.zeros_like(x)
        d_a = np.zeros_like(k["a"])
        d_current = d_after = np.zeros_like(d_code)
        for t in reversed(range(r.steps)):
            d_s = d_code * r.code_weights()[t]
            for q in range(len(query)):
                for head, relation, tail in self.graph.doubled:
                    for m, d in enumerate(self.delay[q, relation]):
                        if t + 1 + d < r.steps:
                            back = d_a[t + 1 + d, q, tail, m]
                            d_s[q, head, m] += back
                            d_x[q, relation, m] += back * self.traces[t, q, head, m]
            s, v = k["s"][t], k["v"][t]
            f = sigmoid(r.slope * (v - r.threshold))
            d_v = d_after * (1 - s) + (d_s - d_after * v) * r.slope * f * (1 - f)
            d_query += d_v[np.arange(len(query)), self.queries.source]
            d_after = r.keep() * d_v
            if t:
                d_current = d_v + r.keep() * d_current
                d_u = r.scale * r.height() * d_current
                found["map_weight"] += np.einsum("qei,qej->ij", d_u, k["a"][t])
                found["map_bias"] += d_u.sum((0, 1))
                d_a[t] = d_u @ p["map_weight"]
        if r.learns_delays:
            d_drive = d_x * x * (1 - x / r.max_delay)
            found["delay_weight"] = np.einsum("qrn,qm->rnm", d_drive, query)
            found["delay_bias"] = d_drive.sum(0)
            d_query += np.einsum("qrn,rnm->qm", d_drive, p["delay_weight"])
        found["query"] = np.zeros_like(p["query"])
        np.add.at(found["query"], self.queries.relation, d_query * r.threshold / 2)
        return found
