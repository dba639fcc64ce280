"""Numbers for symbols: expressions of parameters as arrays of one value per neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import sympy as sp

from genn_delays.declaration.equations.functions import NUMPY


@cache
def as_function(expression: sp.Expr, names: tuple[str, ...]):
    """A function of arrays, in the order of ``names``."""
    # names of its own: those of users may be names of functions
    own = {sp.Symbol(n, real=True): sp.Symbol(f"v{k}", real=True) for k, n in enumerate(names)}
    return sp.lambdify(list(own.values()), expression.xreplace(own), [NUMPY, "numpy"])


def evaluate(
    expressions: Sequence[sp.Expr], values: Mapping[str, np.ndarray], size: int
) -> np.ndarray:
    """Each expression for each neuron, float64, (size, expressions).

    Args:
        values: (size,) by name of the parameter.
    """
    result = np.zeros((size, len(expressions)))
    with np.errstate(all="ignore"):  # what is not finite is found by the plan, which names it
        for k, expression in enumerate(expressions):
            names = tuple(sorted(s.name for s in expression.free_symbols))
            result[:, k] = as_function(expression, names)(*(values[n] for n in names))
    return result
