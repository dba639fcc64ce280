"""Binary cross-entropy of one true entity and several wrong ones."""

from __future__ import annotations

import numpy as np


def cross_entropy(score: np.ndarray, temperature: float = 0.0) -> tuple[float, np.ndarray]:
    """Loss of a batch and dL/d score.

    The true entity has weight 1, and so have all the wrong ones together: each an equal part, or
    softmax(score / temperature), so that those count most that the model likes best (Sun et al.
    2019, ICLR, arXiv 1902.10197). No gradient goes through the weights.

    Args:
        score: logits, shape (queries, 1 + wrong); the true entity first.
        temperature: 0 for equal weights.
    """
    wrong = score[:, 1:].astype(np.float64)
    if temperature > 0.0:
        weight = np.exp((wrong - wrong.max(1, keepdims=True)) / temperature)
        weight /= weight.sum(1, keepdims=True)
    else:
        weight = np.full(wrong.shape, 1.0 / wrong.shape[1])
    weight = np.concatenate([np.ones((len(score), 1)), weight], axis=1) / (2.0 * len(score))
    signed = score.astype(np.float64)
    signed[:, 0] *= -1.0  # the loss of each is then log(1 + exp(signed))
    loss = np.sum(weight * np.logaddexp(0.0, signed))
    slope = weight * (0.5 + 0.5 * np.tanh(0.5 * signed))
    slope[:, 0] *= -1.0
    return float(loss), slope
