"""Milliseconds to steps: the two roundings that every backend, file and export shares."""

from __future__ import annotations

import numpy as np

from genn_delays.checks import all_finite, extremes
from genn_delays.errors import DataError, NetworkError

MAX_STEPS = np.iinfo(np.int32).max


def delay_to_steps(delay: np.ndarray, dt: float) -> np.ndarray:
    """Delays in steps, rounded half to even.

    Args:
        delay: delays in ms, any shape.
        dt: time step in ms.

    Returns:
        int32 array of the same shape: round(delay / dt).

    >>> delay_to_steps(np.array([0.5, 1.5, 2.5]), 1.0)
    array([0, 2, 2], dtype=int32)
    """
    steps = np.rint(np.asarray(delay, dtype=np.float64) / dt)
    largest = max(map(abs, extremes(steps)))
    if not np.isfinite(largest):
        raise NetworkError("a delay is NaN or infinite; delays are finite numbers of ms >= 0")
    if largest > MAX_STEPS:
        raise NetworkError(f"a delay has more than {MAX_STEPS} steps of {dt:g} ms; shorten it")
    return steps.astype(np.int32)


def time_to_steps(time: np.ndarray, dt: float) -> np.ndarray:
    """Steps that events belong to: floor(time / dt), a multiple of dt never below itself.

    A quotient that is within a few units in the last place of an integer counts as that
    integer, at the precision of the array: 0.3 / 0.1 = 2.999... is step 3.

    Args:
        time: event times in ms; float32 times are taken to be exact to float32 only.
        dt: time step in ms.

    Returns:
        int64 array of the same shape.

    >>> time_to_steps(np.array([0.3, 0.7, 0.75]), 0.1)
    array([3, 7, 7])
    """
    time = np.asarray(time)
    precision = np.finfo(np.float32 if time.dtype == np.float32 else np.float64).eps
    quotient = time.astype(np.float64) / dt
    if not all_finite(quotient):
        raise DataError("an event time is NaN or infinite; event times are finite ms")
    nearest = np.rint(quotient)
    on_grid = np.abs(quotient - nearest) <= 4.0 * precision * np.maximum(np.abs(nearest), 1.0)
    return np.where(on_grid, nearest, np.floor(quotient)).astype(np.int64)
