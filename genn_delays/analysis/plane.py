"""The synapses of one unit on the plane of channel and delay, and the statistics of their orders.

The compiled code of grouping.c computes them; what each is stands in grouping.py.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from genn_delays.support.compiler import load

LANES = 8
"""Orders that the C code takes together."""

WEIGHTS = ("moran_weight", "moran_sign", "nearest", "run_across", "run_along")
DELAYS = ("moran_weight", "moran_sign", "nearest", "run_along")
COLUMNS = (*(("weights", name) for name in WEIGHTS), *(("delays", name) for name in DELAYS))
"""Of the results: what is in another order, and the statistic."""


class _Unit(ctypes.Structure):
    """``Unit`` in grouping.c."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("synapses", "groups")),
        *((name, ctypes.c_void_p) for name in ("x", "y", "z", "s")),
        *((name, ctypes.c_void_p) for name in ("group", "first", "by_delay")),
        ("seed", ctypes.c_uint64),
        ("reach", ctypes.c_double),
        ("delays", ctypes.c_int64),
    )


class _Scratch(ctypes.Structure):
    """``Scratch`` in grouping.c."""

    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in ("y", "z", "s", "same", "other", "order", "cursor", "signs")
    )


@cache
def library() -> ctypes.CDLL:
    """The compiled code."""
    built = load(Path(__file__).with_name("grouping.c").read_text(encoding="utf-8"))
    built.arrange.restype = None
    return built


@dataclass(frozen=True, eq=False)
class Plane:
    """Synapses of one unit, those of weight 0 left out, in ascending order of ``x``.

    Attributes:
        x, y: places across and along, float64, in widths of a neighbourhood.
        weight: float64.
        seed: of the orders, of 64 bits.
        across, along: whether channels and delays tell synapses apart. Where only one does, it is
            ``x``, and ``y`` is 0.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    seed: int
    across: bool = True
    along: bool = True

    def __len__(self) -> int:
        return len(self.x)

    def defined(self) -> np.ndarray:
        """Whether each of COLUMNS has a value: weights that differ, and synapses of both signs."""
        positive = np.count_nonzero(self.weight > 0)
        both = len(self) > 2 and 0 < positive < len(self)
        differ = len(self) > 2 and bool(np.ptp(self.weight) > 0)
        has = dict.fromkeys(WEIGHTS, both and (self.across or self.along))
        has["moran_weight"] = differ and (self.across or self.along)
        has["run_across"], has["run_along"] = both and self.across, both and self.along
        other = self.across and self.along
        return np.array([has[name] and (what == "weights" or other) for what, name in COLUMNS])

    def orders(self, count: int) -> np.ndarray:
        """COLUMNS of orders 0, in which they are, to ``count``, float64, (1 + count, columns).

        NaN where a statistic has no value.
        """
        n = len(self)
        results = np.full((1 + count, len(COLUMNS)), np.nan)
        defined = self.defined()
        if not defined.any():
            return results
        by_delay = np.lexsort((np.arange(n), self.y)).astype(np.int32)
        values, group = np.unique(self.y, return_inverse=True)
        group = group.astype(np.int32)
        first = np.searchsorted(self.y[by_delay], values).astype(np.int32)
        signs = np.sign(self.weight)
        columns = [np.ascontiguousarray(c) for c in (self.x, self.y, self.weight, signs)]
        columns[2:] = [_standard(column) for column in columns[2:]]
        unit = _Unit(
            n,
            len(values),
            *(array.ctypes.data for array in (*columns, group, first, by_delay)),
            self.seed,
            self._reach(),
            self.across and self.along,
        )
        lanes = np.empty((5, n, LANES))
        order, cursor = np.empty((LANES, n), np.int32), np.empty(len(values), np.int32)
        run = np.empty(n)
        arrays = (*lanes, order, cursor, run)
        scratch = _Scratch(*(array.ctypes.data for array in arrays))
        library().arrange(
            ctypes.byref(unit),
            ctypes.byref(scratch),
            ctypes.c_int64(1 + count),
            ctypes.c_void_p(results.ctypes.data),
        )
        results[:, ~defined] = np.nan
        return results

    def _reach(self) -> float:
        """Where the nearest is mostly found: eight are, were the synapses spread evenly.

        It decides how long it takes, and nothing else.
        """
        sides = [max(float(np.ptp(place)), 1.0) for place in (self.x, self.y)]
        return min((4.0 * sides[0] * sides[1] / len(self)) ** 0.5, 1.0)


def _standard(values: np.ndarray) -> np.ndarray:
    """About the mean, of unit norm; 0 where all are the same."""
    centred = values - values.mean()
    norm = np.linalg.norm(centred)
    return centred / norm if norm > 0 else np.zeros(len(values))
