"""What chance would give: permutation tests, and many of them at once.

Of n orders drawn at random, c reach the observed statistic. Their p value is (1 + c) / (1 + n),
which is never 0 and rejects no oftener than it says (Phipson and Smyth 2010, Stat. Appl. Genet.
Mol. Biol. 9, 39). Over many units, q values bound the share of false discoveries (Benjamini and
Hochberg 1995, J. R. Stat. Soc. B 57, 289).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

TOLERANCE = 1e-12
"""Relative difference below which two values are the same, whatever order they were summed in."""
EXACT = 16
"""Most runs of which all combinations of signs are gone through."""
DRAWN = 1 << 16
"""Combinations that are drawn where there are more."""


@dataclass(frozen=True, eq=False)
class Chance:
    """Observed values against the same statistic of shuffled data; arrays of one shape.

    Attributes:
        observed: as it is; NaN where the statistic has no value.
        mean, sd: of the shuffled data.
        z: (observed - mean) / sd, NaN where nothing varies.
        p: one-sided: how often shuffled data are at least as large.
    """

    observed: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    z: np.ndarray
    p: np.ndarray

    @staticmethod
    def of(observed: np.ndarray, shuffled: np.ndarray) -> Chance:
        """From observed values, and those of shuffled data along one more axis, the first."""
        shown = np.asarray(observed, dtype=np.float64)
        mean, sd = shuffled.mean(axis=0), shuffled.std(axis=0)
        varies = sd > TOLERANCE * (1.0 + np.abs(mean))
        z = np.full(shown.shape, np.nan)
        np.divide(shown - mean, sd, out=z, where=varies)
        p = at_least(shown, shuffled)
        return Chance(shown, mean, sd, z, np.where(np.isnan(shown), np.nan, p))


def at_least(observed: np.ndarray, shuffled: np.ndarray) -> np.ndarray:
    """(1 + c) / (1 + n) with c of the n shuffled values along the first axis >= observed."""
    reached = shuffled >= observed - TOLERANCE * (1.0 + np.abs(observed))
    return (1.0 + np.count_nonzero(reached, axis=0)) / (1.0 + len(shuffled))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """The q values of p values, float64 of the same shape; NaN is no test and stays.

    Calling all with q <= a significant, the expected share of false ones is at most a.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    p = np.asarray(p, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def sign_flips(values: np.ndarray) -> float:
    """Two-sided p value of a mean of 0, by flipping the signs of the values.

    All combinations of signs up to 16 values, which with n values cannot give less than 2 / 2^n;
    else 65,536 drawn ones. NaN without values.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return float("nan")
    if len(values) <= EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(values))))
        sums = np.abs(signs @ values)
        return float(np.mean(sums >= sums[0] - TOLERANCE * np.abs(values).sum()))
    signs = np.random.default_rng(len(values)).choice((1.0, -1.0), (DRAWN, len(values)))
    sums, shown = np.abs(signs @ values), np.abs(values.sum())
    return float(at_least(shown, sums))
