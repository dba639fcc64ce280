"""Milliseconds to steps: the roundings that every backend, file and export shares.

**The rule.** A time or delay counts in steps, q = time / dt. Where q is within ``CLOSE``
(relative; absolute below one step) of a multiple of half a step, it is that multiple: 0.3 / 0.1 is
3 and 0.15 / 0.1 is 1.5. Then an event belongs to step floor(q), and a delay has rint(q) steps, half
to even. Delays are kept in float64: one that is given in float32 is the number that float32 holds,
so 0.35 given so is not half-way between steps of 0.1.

A whole or half multiple that is reached by n correctly rounded float64 operations, those of dt and
of q included, is off by less than n 2^-53 of itself: 2^-50 leaves room for seven, as for steps
that become ms, then seconds, then ms again. Any other number would have to lie within 10^-15 of
itself below a multiple to be taken for it.

**Times in float32** stand for what they are, but the float32 number next to a multiple of dt is
that multiple, and so is its product in float32 arithmetic; see :func:`first_times`. This tells
steps apart as long as float32 does: up to 2^23 of them. Times that are made or read in float64
are narrowed by :func:`narrow`, which leaves each in its step.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from genn_delays.support.checks import all_finite, extremes
from genn_delays.support.errors import DataError, NetworkError

MAX_STEPS = np.iinfo(np.int32).max
CLOSE = 2.0**-50
"""A quotient this close to a multiple of a half, relative to it, is that multiple."""
RESOLVED = 1 << 23
"""Steps that float32 tells apart."""
PIECE = 1 << 18
"""Events that are narrowed at once, so that no second copy of a data set is held."""


def delay_to_steps(delay: np.ndarray, dt: float) -> np.ndarray:
    """Delays in steps, rounded half to even.

    Args:
        delay: delays in ms, any shape.
        dt: time step in ms.

    Returns:
        int32 array of the same shape.

    >>> delay_to_steps(np.array([0.5, 1.5, 2.5]), 1.0)
    array([0, 2, 2], dtype=int32)
    >>> delay_to_steps(np.array([0.15, 0.25, 0.35]), 0.1)
    array([2, 2, 4], dtype=int32)
    """
    quotient = np.asarray(delay, dtype=np.float64) / dt
    largest = max(map(abs, extremes(quotient)))
    if not np.isfinite(largest):
        raise NetworkError("a delay is NaN or infinite; delays are finite numbers of ms >= 0")
    if largest > MAX_STEPS:
        raise NetworkError(f"a delay has more than {MAX_STEPS} steps of {dt:g} ms; shorten it")
    return np.rint(_settled(quotient)).astype(np.int32)


def duration_to_steps(duration: float, dt: float) -> int:
    """Steps that cover a duration; a multiple of dt never takes one more.

    >>> duration_to_steps(0.3, 0.1), duration_to_steps(0.31, 0.1)
    (3, 4)
    """
    return int(np.ceil(_settled(np.array(duration / dt))))


def _settled(quotient: np.ndarray) -> np.ndarray:
    """Quotients, those close to a multiple of a half replaced by it."""
    half = 0.5 * np.rint(2.0 * quotient)
    close = np.abs(quotient - half) <= CLOSE * np.maximum(np.abs(half), 1.0)
    return np.where(close, half, quotient)


def time_to_steps(time: np.ndarray, dt: float) -> np.ndarray:
    """Steps that events belong to: floor(time / dt), a multiple of dt never below itself.

    Args:
        time: event times in ms; float32 times as in the head of this module.
        dt: time step in ms.

    Returns:
        int64 array of the same shape.

    >>> time_to_steps(np.array([0.3, 0.7, 0.75]), 0.1)
    array([3, 7, 7])
    >>> time_to_steps(np.array([1399.99995]), 1.0)
    array([1399])
    """
    time = np.asarray(time)
    exact = time.astype(np.float64)
    step = np.rint(exact / dt)
    if not all_finite(step):
        raise DataError("an event time is NaN or infinite; event times are finite ms")
    step -= exact < first_times(step, dt, time.dtype)
    return step.astype(np.int64)


def first_times(step: np.ndarray, dt: float, dtype: np.dtype | type) -> np.ndarray:
    """The time from which on events belong to a step; the engine has the same expressions.

    Args:
        step: float64, whole numbers.
        dt: ms.
        dtype: type of the times; in float32 the smaller of k dt rounded to it, and computed in it.

    Returns:
        ms, float64.
    """
    first = (step - CLOSE * np.maximum(step, 1.0)) * dt
    if dtype == np.float32:
        product = step.astype(np.float32) * np.float32(dt)
        first = np.minimum(first.astype(np.float32), product).astype(np.float64)
    return first


def end_of(steps: int, dt: float) -> float:
    """End of a trial in ms; a time below it belongs to the last step at the latest."""
    return min(steps * dt, float(steps * Fraction(repr(float(dt)))))


def at_or_after(time: np.ndarray, end: float) -> np.ndarray:
    """Whether times (ms) lie at the end of a trial or after it; one that is close is at it."""
    return time >= np.float64(end * (1.0 - CLOSE))


def from_seconds(seconds: np.ndarray, dt: float) -> np.ndarray:
    """Times in ms of recorded times in s, in any precision.

    Args:
        seconds: float64, float32 or float16. The float32 number next to a multiple of dt is that
            multiple; 16 bits are too few to mean one, and stand for what they are.
        dt: time step in ms.

    Returns:
        float64, of the same shape.

    >>> from_seconds(np.array([0.007, 0.0075], np.float32), 1.0)
    array([7.        , 7.49999983])
    """
    time = 1000.0 * seconds.astype(np.float64)
    if seconds.dtype != np.float32:
        return time
    step = np.rint(time / dt)
    multiple = seconds == (step * (dt / 1000.0)).astype(np.float32)
    multiple |= seconds == step.astype(np.float32) * np.float32(dt / 1000.0)
    return np.where(multiple, step * dt, time)


def elapsed(time: np.ndarray, origin: np.ndarray, dt: float) -> np.ndarray:
    """``time - origin``, ms, float64; from multiple to multiple of dt it is one, as in decimals."""
    passed = time - origin
    multiple = np.rint(passed / dt) * dt
    close = np.abs(passed - multiple) <= CLOSE * np.maximum(np.abs(time), np.abs(origin))
    return np.where(close, multiple, passed)


def narrow(time: np.ndarray, dt: float, end: float) -> np.ndarray:
    """Times in float32, each in the step that it has in float64.

    Where the nearest float32 number belongs to the next step, or lies at the end of the trial,
    the one before it is taken, and likewise the other way.

    Args:
        time: ms, float64, (events,).
        dt: time step in ms.
        end: duration of a trial in ms; times before it stay before it.

    Returns:
        float32; float64 as given where steps are too fine for float32.
    """
    if not max(map(abs, extremes(time))) < RESOLVED * dt:
        return time
    narrowed = time.astype(np.float32)
    for begin in range(0, len(time), PIECE):
        given, piece = time[begin : begin + PIECE], narrowed[begin : begin + PIECE]
        step = time_to_steps(given, dt).astype(np.float64)
        first, after = (first_times(k, dt, np.float32) for k in (step, step + 1.0))
        after = np.where(at_or_after(given, end), after, np.minimum(after, end))
        last = after.astype(np.float32)  # then the largest float32 number below `after`
        last = np.where(last < after, last, np.nextafter(last, np.float32(-np.inf)))
        np.clip(piece, first.astype(np.float32), last, out=piece)
        if not np.array_equal(time_to_steps(piece, dt), step):
            return time
    return narrowed
