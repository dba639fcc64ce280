"""What counts as a number where a user may write anything, and whose an array is."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np


def is_number(value: Any) -> bool:
    """True for a finite real number; a truth value or a text is none.

    >>> is_number(1e-3), is_number(np.float32(2)), is_number(True), is_number("3")
    (True, True, False, False)
    >>> is_number(float("inf")), is_number(10**400)
    (False, False)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def extremes(array: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest value, both NaN if there is a NaN; (0, 0) of nothing.

    Both lie in a range exactly if all values do, without an array of truth values in between.

    >>> extremes(np.array([2.0, -1.0, np.inf]))
    (-1.0, inf)
    """
    return (array.min().item(), array.max().item()) if array.size else (0.0, 0.0)


def all_finite(array: np.ndarray) -> bool:
    """True if no value is NaN or infinite."""
    return all(map(isfinite, extremes(array)))


def own_copy(given: Any, dtype: Any = None) -> np.ndarray:
    """A copy of an array or of numbers that nobody can change, neither here nor at its origin."""
    return _locked(np.array(given, dtype=dtype))


def taken_over(array: np.ndarray) -> np.ndarray:
    """The array itself, read-only from now on; a copy where it is a view of writable memory.

    For arrays too large to be copied for nothing.

    >>> given = np.arange(3)
    >>> taken_over(given) is given, given.flags.writeable
    (True, False)
    """
    base = array.base
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return own_copy(array)
        base = base.base
    return _locked(array)


def _locked(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def is_count(value: Any, least: int = 1) -> bool:
    """True for a whole number that is at least ``least``.

    >>> is_count(3), is_count(3.0), is_count(3.5), is_count(0), is_count(0, least=0)
    (True, True, False, False, True)
    """
    return is_number(value) and int(value) == value and bool(value >= least)
