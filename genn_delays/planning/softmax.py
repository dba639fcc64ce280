"""The softmax and its logarithm, operation for operation those of ``scipy.special``.

Written out because every command needs them, and importing scipy.special costs it more time than
all of this package.
"""

from __future__ import annotations

import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) / sum of exp(x) along an axis, of the shape and type of ``x``."""
    shifted = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return shifted / np.sum(shifted, axis=axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """log(softmax(x)), precise where softmax saturates; -inf stays -inf."""
    largest = np.max(x, axis=axis, keepdims=True)
    largest[~np.isfinite(largest)] = 0
    shifted = x - largest
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
