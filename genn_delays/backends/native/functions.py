"""Functions of whole vectors that the code of step maps calls, and how the engine writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import factorial
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
TERMS = {"float": (6, 9), "double": (12, 15)}
"""Of the series of exp after 1 + r, for |r| up to log(2) / 2, and of those below ``SERIES``: what
is left out is below a quarter of the last digit."""


def _symbol(name: str) -> str:
    """Element 3 of an array for ``x3``."""
    return name if name == "free" else f"{name[0]}[{name[1:]}]"


def _symbol_of_a_unit(name: str) -> str:
    """The same; constants are numbers, which functions are not given."""
    return f"spread({_symbol(name)})" if name.startswith("c") else _symbol(name)


VECTORS = Dialect(
    declare="const vec",
    number=lambda decimal: f"(real){decimal}",
    spread=lambda decimal: f"((vec){{0}} + (real){decimal})",
    symbol=_symbol,
    functions=NAMES,
)
"""The vectors of the engine; states, adjoints and constants are the arrays x, a and c."""
DIALECTS = {
    "units in lanes": VECTORS,
    "trials in lanes": replace(VECTORS, symbol=_symbol_of_a_unit),
}
"""By what lies in the lanes of a vector: each has constants of its own, or all of them the same."""


def template_arguments(used: Iterable[str], real: str) -> dict[str, Any]:
    """What ``common/functions.c.j2`` needs to define these functions."""
    of_exp, of_exprel = TERMS[real]
    wanted = set(used)
    return {
        "functions": wanted | {other for name in wanted for other in NEEDS.get(name, ())},
        "terms": of_exp,
        "inverse_factorials": [float(Fraction(1, factorial(k))) for k in range(of_exp + 2)],
        "small": SERIES,
        "series_terms": [coefficients[:of_exprel] for coefficients in SERIES_TERMS],
    }
