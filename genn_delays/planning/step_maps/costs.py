"""What a program costs, counted in operations of whole vectors."""

from __future__ import annotations

import sympy as sp

from genn_delays.planning.step_maps.program import Program

FUNCTION, DIVISION, ROOT, ONE_BY_ONE = 18, 10, 20, 100
"""An exponential and what is made of it; those that engines compute number by number."""
FEW = {"above": 2, "magnitude": 1, "maximum": 3, "minimum": 3}
SLOW = (sp.sin, sp.cos, sp.log)
KEPT = 12
"""Of a number that is kept: to write it, to read it again, and its way through the caches."""
GAIN = 6
"""Of a gradient that is summed in float64, beside the gradient itself."""


def cost(program: Program) -> float:
    """Of all assignments and outputs."""
    expressions = [*(e for _, e in program.assignments), *program.outputs.values()]
    return sum(map(operations, expressions))


def operations(expression: sp.Expr) -> float:
    """Of an expression as it stands; a product that is added takes no addition."""
    inside = sum(map(operations, expression.args))
    if expression.is_Add:
        fused = sum(1 for e in expression.args if _is_product(e))
        return inside + len(expression.args) - 1 - min(fused, len(expression.args) - 1)
    if expression.is_Mul:
        signs = sum(1 for e in expression.args if e == -1)
        return inside + len(expression.args) - 1 - signs
    if expression.is_Pow:
        return inside + _of_power(expression.exp)
    if expression.is_Function:
        name = type(expression).__name__
        return inside + FEW.get(name, ONE_BY_ONE if isinstance(expression, SLOW) else FUNCTION)
    return inside


def _is_product(expression: sp.Expr) -> bool:
    return expression.is_Mul and sum(1 for e in expression.args if e != -1) > 1


def _of_power(exponent: sp.Expr) -> float:
    if not exponent.is_Rational:
        return ONE_BY_ONE
    division = DIVISION if exponent < 0 else 0
    whole = abs(int(exponent.p)) // int(exponent.q)
    root = ROOT if exponent.q == 2 else 0 if exponent.q == 1 else ONE_BY_ONE
    return division + root + max(whole.bit_length() + whole.bit_count() - 2, 0)
