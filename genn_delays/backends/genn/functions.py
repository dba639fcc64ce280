"""How GeNN code writes what programs of step maps consist of.

GeNN knows no functions of users: those that it lacks are expressions.
"""

from __future__ import annotations

from genn_delays.backends.code_printer import Dialect
from genn_delays.declaration.equations.functions import SERIES, SERIES_TERMS


def _series(coefficients: tuple[float, ...]) -> str:
    """A polynomial of the first argument."""
    text = repr(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        text = f"({coefficient!r} + ({{0}} * {text}))"
    return text


def _relative(far: str, order: int) -> str:
    """A derivative of exprel: its series near 0."""
    return f"((fabs({{0}}) < {SERIES!r}) ? {_series(SERIES_TERMS[order])} : {far})"


_SLOPE = "((exp({0}) - (expm1({0}) / {0})) / {0})"

GENN = Dialect(
    declare="const scalar",
    number=str,
    spread=str,
    symbol=str,
    functions={
        **{name: name for name in ("cos", "exp", "log", "sin", "sqrt", "tanh")},
        "power": "pow",
        "magnitude": "fabs",
        "above": "(({0} > {1}) ? 1.0 : 0.0)",
        "maximum": "(({0} > {1}) ? {0} : (({1} >= {0}) ? {1} : ({0} + {1})))",
        "minimum": "(({0} < {1}) ? {0} : (({1} <= {0}) ? {1} : ({0} + {1})))",
        "exprel": _relative("(expm1({0}) / {0})", 0),
        "exprel_slope": _relative(_SLOPE, 1),
        "exprel_bend": _relative(f"((exp({{0}}) - (2.0 * {_SLOPE})) / {{0}})", 2),
    },
)
"""A number without a suffix is a ``scalar``; states, adjoints and constants are locals.
What is not a number stays so in maximum and minimum."""
