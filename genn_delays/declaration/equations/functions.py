"""The functions that equations may use, and their derivatives.

``exprel(z)`` is (exp(z) - 1) / z, 1 at 0; ``above(a, b)`` is 1 where a > b and 0 elsewhere. At a
kink (``abs`` at 0, ``clip`` at its bounds) the derivative is that of the side ``above`` is 0 on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

SERIES = 0.5
"""|z| below which exprel and its derivative are summed as a series."""


class above(sp.Function):  # noqa: N801 - printed as it is called
    """1 where the first argument is larger than the second, else 0."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.Integer(0)


class maximum(sp.Function):  # noqa: N801 - printed as it is called
    """The larger of two."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        first = above(*self.args)
        return first if argindex == 1 else 1 - first


class minimum(sp.Function):  # noqa: N801 - printed as it is called
    """The smaller of two."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        first = above(*self.args)
        return 1 - first if argindex == 1 else first


class magnitude(sp.Function):  # noqa: N801 - printed as it is called
    """The absolute value."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return 2 * above(self.args[0], 0) - 1


class exprel(sp.Function):  # noqa: N801 - printed as it is called
    """(exp(z) - 1) / z."""

    nargs = 1

    @classmethod
    def eval(cls, z: sp.Expr) -> sp.Expr | None:
        return sp.Integer(1) if z == 0 else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return exprel_slope(self.args[0])


class exprel_slope(sp.Function):  # noqa: N801 - printed as it is called
    """d exprel(z) / dz."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return exprel_bend(self.args[0])


class exprel_bend(sp.Function):  # noqa: N801 - printed as it is called
    """d^2 exprel(z) / dz^2."""

    nargs = 1


def _clip(x: sp.Expr, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    return minimum(maximum(x, low), high)


FUNCTIONS: dict[str, tuple[int, Any]] = {
    "abs": (1, magnitude),
    "clip": (3, _clip),
    "cos": (1, sp.cos),
    "exp": (1, sp.exp),
    "exprel": (1, exprel),
    "log": (1, sp.log),
    "max": (2, maximum),
    "min": (2, minimum),
    "sin": (1, sp.sin),
    "sqrt": (1, sp.sqrt),
    "tanh": (1, sp.tanh),
}
"""What may be called in equations: how many arguments it takes, and what it stands for."""


def _exprel(z: np.ndarray) -> np.ndarray:
    small = np.abs(z) < SERIES
    away = np.where(small, 1.0, z)
    return np.where(small, _series(z, SERIES_TERMS[0]), np.expm1(away) / away).astype(_type(z))


def _exprel_slope(z: np.ndarray) -> np.ndarray:
    small = np.abs(z) < SERIES
    away = np.where(small, 1.0, z)
    far = (np.exp(away) - np.expm1(away) / away) / away
    return np.where(small, _series(z, SERIES_TERMS[1]), far).astype(_type(z))


def _exprel_bend(z: np.ndarray) -> np.ndarray:
    small = np.abs(z) < SERIES
    away = np.where(small, 1.0, z)
    slope = (np.exp(away) - np.expm1(away) / away) / away
    far = (np.exp(away) - 2.0 * slope) / away
    return np.where(small, _series(z, SERIES_TERMS[2]), far).astype(_type(z))


def _series(z: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    total = np.zeros_like(z)
    for coefficient in reversed(coefficients):
        total = total * z + coefficient
    return total


def _type(z: np.ndarray) -> np.dtype:
    return np.asarray(z).dtype


_COUNT = 15
SERIES_TERMS = (
    tuple(float(1 / sp.factorial(k + 1)) for k in range(_COUNT)),
    tuple(float((k + 1) / sp.factorial(k + 2)) for k in range(_COUNT)),
    tuple(float((k + 1) * (k + 2) / sp.factorial(k + 3)) for k in range(_COUNT)),
)
"""Coefficients of exprel and of its derivatives, below the precision of float64 at ``SERIES``."""

NUMPY = {
    "above": lambda a, b: (np.asarray(a) > b).astype(np.result_type(a, b)),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "magnitude": np.abs,
    "exprel": _exprel,
    "exprel_slope": _exprel_slope,
    "exprel_bend": _exprel_bend,
}
"""The functions above on arrays, by name."""
