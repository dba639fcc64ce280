"""Arithmetic on symbols within bounds: whatever is written, it ends soon and is a real number.

Names stand for expressions, so a text of a few lines can grow without bound; every result is
measured here before anything is made of it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from operator import add, mul, sub, truediv
from typing import Any

import numpy as np
import sympy as sp

from genn_delays.declaration.equations.functions import FUNCTIONS, magnitude
from genn_delays.declaration.equations.numbers import as_function
from genn_delays.support.errors import NetworkError

MOST_BITS = 1000
"""Of a number, as a power of two."""
MOST_POWER = 100
"""Of an exponent that is a number."""
MOST_PARTS = 500
"""Numbers, names and operations of an expression."""
MOST_DEPTH = 30
"""Brackets, signs and functions within each other."""
_COMBINED = {"+": add, "-": sub, "*": mul, "/": truediv}
_NOT_REAL = (sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I)


def number(value: Any, where: str) -> sp.Expr:
    """A literal, as the decimal number that was written."""
    if not abs(value) < 2.0**MOST_BITS:
        raise NetworkError(f"{where}: a number is out of range")
    return bounded(sp.Rational(Fraction(str(value))), where)


def combine(operator: str, a: sp.Expr, b: sp.Expr, where: str) -> sp.Expr:
    """``a + b``, and so on for ``-``, ``*``, ``/`` and ``**``."""
    if operator == "**":
        return bounded(_power(a, b, where), where)
    if operator == "/" and b == 0:
        raise NetworkError(f"{where}: a division by zero")
    return bounded(_COMBINED[operator](a, b), where)


def call(name: str, arguments: list[sp.Expr], where: str) -> sp.Expr:
    """One of ``FUNCTIONS``; of numbers it is a number."""
    function = FUNCTIONS[name][1]
    if all(a.is_Rational for a in arguments):
        return _of_numbers(function, arguments, where)
    return bounded(function(*arguments), where)


def bounded(found: sp.Expr, where: str) -> sp.Expr:
    """The same expression, where it is a real number and not too long.

    Raises:
        NetworkError: it is not.
    """
    if found.has(sp.Abs):  # whose own derivative is no function
        found = found.replace(sp.Abs, magnitude)
    parts, depth, real = _extent(found)
    if parts > MOST_PARTS or depth > MOST_DEPTH:
        raise NetworkError(
            f"{where}: an expression of more than {MOST_PARTS} parts or {MOST_DEPTH} levels, with "
            "what its names stand for; make states of some of these"
        )
    if not real:
        raise NetworkError(f"{where}: a part of it is not a real number, or out of range")
    return found


def linear_parts(
    expression: sp.Expr, variables: list[sp.Symbol]
) -> tuple[list[sp.Expr], sp.Expr] | None:
    """(coefficient of each variable, the rest) of what is linear as it is written; else None."""
    moving = set(variables)
    if not expression.free_symbols & moving:
        return [sp.Integer(0)] * len(variables), expression
    if expression in moving:
        return [sp.Integer(int(v == expression)) for v in variables], sp.Integer(0)
    if expression.is_Add:
        parts = [linear_parts(a, variables) for a in expression.args]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        columns = zip(*(coefficients for coefficients, _ in known), strict=True)
        return [sp.Add(*column) for column in columns], sp.Add(*(rest for _, rest in known))
    if expression.is_Mul:
        factors = [a for a in expression.args if a.free_symbols & moving]
        inner = linear_parts(factors[0], variables) if len(factors) == 1 else None
        if inner is not None:
            scale = sp.Mul(*(a for a in expression.args if a is not factors[0]))
            return [scale * c for c in inner[0]], scale * inner[1]
    return None


def _power(a: sp.Expr, b: sp.Expr, where: str) -> sp.Expr:
    if b.is_Rational and abs(b) > MOST_POWER:
        raise NetworkError(f"{where}: a power of {float(b):g} is out of range")
    if not a.is_Rational:
        return a**b
    if b.is_Integer and (a != 0 or b >= 0):
        return a**b
    if b.is_Rational:
        return _of_numbers(lambda x, y: x**y, [a, b], where)
    if a <= 0:
        raise NetworkError(f"{where}: a power of {float(a):g}; give a number > 0")
    return a**b


def _of_numbers(function: Any, arguments: list[sp.Expr], where: str) -> sp.Expr:
    names = [f"z{k}" for k in range(len(arguments))]
    expression = function(*(sp.Symbol(name, real=True) for name in names))
    with np.errstate(all="ignore"):
        found = as_function(expression, tuple(names))(*(np.float64(a) for a in arguments))
    if not np.isfinite(found):
        raise NetworkError(f"{where}: a part of it is not a real number, or out of range")
    return number(float(found), where)


@lru_cache(maxsize=4096)
def _extent(expression: sp.Expr) -> tuple[int, int, bool]:
    """(parts, levels, every number is real and in range)."""
    if expression.is_Rational:
        return (
            1,
            1,
            max(abs(expression.p).bit_length(), expression.q.bit_length()) <= MOST_BITS + 10,
        )
    if not expression.args:
        return 1, 1, expression not in _NOT_REAL
    parts, depths, reals = zip(*map(_extent, expression.args), strict=True)
    return 1 + sum(parts), 1 + max(depths), all(reals)
