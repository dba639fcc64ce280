"""Functions of whole vectors that the code of step maps calls, and how the engine writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import factorial, log
from typing import Any

from genn_delays.backends.code_printer import Dialect
from genn_delays.declaration.equations.functions import SERIES, SERIES_TERMS

NAMES = {
    **{
        name: name
        for name in ("above", "exprel", "exprel_bend", "exprel_slope", "magnitude", "power")
    },
    **{name: name for name in ("maximum", "minimum")},
    **{name: f"{name}_of" for name in ("exp", "tanh", "sqrt", "log", "sin", "cos")},
}
"""By what equations call them; some names are taken by the C library."""
NEEDS = {
    "exprel": ("exp",),
    "exprel_bend": ("exp",),
    "exprel_slope": ("exp",),
    "tanh": ("exp", "exprel"),
}
"""What they are made from."""
TERMS = {"float": (5, 9), "double": (10, 15)}
"""Of exp after 1 + r, for |r| up to log(2) / 2, and of the series below ``SERIES``: what is left
out is below a tenth and below a quarter of the last digit."""


STRAND = "@"
"""Stands for the number of a strand in code that is written once for each."""


def _symbol(name: str) -> str:
    """Element 3 of an array for ``x3``."""
    return name if name == "free" else f"{name[0]}[{name[1:]}]"


def _symbol_of_a_strand(name: str) -> str:
    """The same of a strand; constants are those of all."""
    if name == "free":
        return f"free{STRAND}"
    return f"{name[0]}{'' if name[0] == 'c' else STRAND}[{name[1:]}]"


def _symbol_of_a_unit(name: str) -> str:
    """The same; constants are numbers, which functions are not given."""
    return f"spread({_symbol(name)})" if name.startswith("c") else _symbol(name)


UNITS = Dialect(
    declare="const vec",
    number=lambda decimal: f"(real){decimal}",
    spread=lambda decimal: f"((vec){{0}} + (real){decimal})",
    symbol=_symbol,
    functions=NAMES,
)
"""Units in the lanes of a vector; states, adjoints and constants are the arrays x, a and c."""
STRANDS = replace(
    UNITS,
    declare="vec",
    symbol=_symbol_of_a_strand,
    temporary=lambda name: f"{name}_{STRAND}",
    together=frozenset({"exp"}),
)
"""The same for several strands of steps side by side; k is what a step has kept."""
TRIALS = replace(UNITS, symbol=_symbol_of_a_unit)
"""Trials in the lanes, with the same constants."""


def _after_one(terms: int) -> list[float]:
    """Coefficients of (exp(r) - 1 - r) / r^2 for |r| up to log(2) / 2.

    From a longer series by economisation: the highest power is taken out together with the
    Chebyshev polynomial that it leads, which is the smallest in the interval.
    """
    half = Fraction(log(2)) / 2
    left = [Fraction(1, factorial(k + 2)) for k in range(terms + 8)]
    while len(left) > terms:
        chebyshev = _chebyshev(len(left) - 1)
        of_highest = left[-1] / chebyshev[-1]
        degree = len(left) - 1
        left = [
            a - of_highest * t * half ** (degree - k)
            for k, (a, t) in enumerate(zip(left, chebyshev, strict=True))
        ][:-1]
    return list(map(float, left))


def _chebyshev(degree: int) -> list[int]:
    """Coefficients of T_n, by T_n+1 = 2 x T_n - T_n-1."""
    one, next_one = [1], [0, 1]
    for _ in range(degree):
        twice = [0, *(2 * t for t in next_one)]
        padded = [*one, *[0] * (len(twice) - len(one))]
        one, next_one = next_one, [a - b for a, b in zip(twice, padded, strict=True)]
    return one


def template_arguments(used: Iterable[str], real: str) -> dict[str, Any]:
    """What ``common/functions.c.j2`` needs to define these functions."""
    of_exp, of_exprel = TERMS[real]
    wanted = set(used)
    return {
        "functions": wanted | {other for name in wanted for other in NEEDS.get(name, ())},
        "terms": of_exp,
        "after_one": _after_one(of_exp),
        "small": SERIES,
        "series_terms": [coefficients[:of_exprel] for coefficients in SERIES_TERMS],
    }
