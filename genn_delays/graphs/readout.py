"""The score of an entity: a perceptron of one hidden layer on what it has sent and on the query.

h = W [code, query] + b,    score = w . max(h, 0) + c
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.graphs.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores with what the way back needs.

    Attributes:
        score: shape (queries, targets).
        code: (queries, targets, neurons).
        query: (queries, neurons).
        hidden: after the rectifier, (queries, targets, 2 neurons).
    """

    score: np.ndarray
    code: np.ndarray
    query: np.ndarray
    hidden: np.ndarray


def score(parameters: Parameters, code: np.ndarray, query: np.ndarray) -> Scored:
    """Scores of the targets of each query, in the precision of ``code``.

    Args:
        code: what targets have sent, (queries, targets, neurons).
        query: (queries, neurons).
    """
    neurons, dtype = code.shape[-1], code.dtype
    weight = parameters["hidden_weight"]
    of_query = query @ weight[:, neurons:].T + parameters["hidden_bias"]
    hidden = code @ weight[:, :neurons].T.astype(dtype)
    hidden += of_query[:, None].astype(dtype)
    np.maximum(hidden, 0.0, out=hidden)
    scores = hidden @ parameters["score_weight"].astype(dtype)
    return Scored(scores + parameters["score_bias"].astype(dtype), code, query, hidden)


def back(
    parameters: Parameters, scored: Scored, d_score: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """dL/d code, dL/d query, and dL/d parameters by name.

    Args:
        d_score: dL/d scores, (queries, targets).
    """
    neurons, weight = scored.code.shape[-1], parameters["hidden_weight"]
    d_score = d_score.astype(scored.code.dtype)
    d_hidden = d_score[..., None] * parameters["score_weight"].astype(d_score.dtype)
    d_hidden *= scored.hidden > 0
    of_query = d_hidden.sum(1)
    rows = d_hidden.reshape(-1, d_hidden.shape[-1])
    d_weight = np.concatenate(
        [rows.T @ scored.code.reshape(len(rows), neurons), of_query.T @ scored.query], axis=1
    )
    gradients = {
        "hidden_weight": d_weight,
        "hidden_bias": of_query.sum(0),
        "score_weight": scored.hidden.reshape(rows.shape).T @ d_score.ravel(),
        "score_bias": d_score.sum(keepdims=True).ravel(),
    }
    d_code = d_hidden @ weight[:, :neurons].astype(d_score.dtype)
    return d_code, of_query @ weight[:, neurons:], gradients
