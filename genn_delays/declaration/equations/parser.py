"""Text to symbols. The text is looked at as a tree of Python's grammar and never run.

Lines are ``dV/dt = expression``, with ``(unless refractory)`` behind it where a spike holds the
state, or ``name = expression``, which stands for the expression in all lines below. ``#`` begins a
comment; a trailing ``: 1``, as in Brian2, may stay. Times are in ms, and nothing has a unit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from genn_delays.declaration.equations.functions import FUNCTIONS
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError, suggest

MOST_TEXT = 10_000
"""Characters of a text, far more than any neuron has."""
MOST_DEPTH = 50
"""Brackets and signs within each other."""
MOST_BITS = 1000
"""Of a number, as a power of two."""
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_DERIVATIVE = re.compile(r"d(\w+)\s*/\s*dt")
_FLAG = re.compile(r"\(\s*unless\s+refractory\s*\)\s*$")


@dataclass(frozen=True)
class Lines:
    """A text taken apart.

    Attributes:
        flow: right-hand sides by state, in order.
        held: states that a refractory neuron holds.
    """

    flow: dict[str, sp.Expr]
    held: tuple[str, ...]


def symbol(name: str) -> sp.Symbol:
    """The symbol of a state or parameter."""
    return sp.Symbol(name, real=True)


def parse_lines(text: str, parameters: Collection[str], where: str) -> Lines:
    """The equations of a text.

    Args:
        parameters: names that have a value.
        where: begins messages.

    Raises:
        NetworkError: a line that is no equation, or a name that is nowhere declared.
    """
    left: dict[str, str] = {}
    named: dict[str, str] = {}
    held: list[str] = []
    for line in _lines(text, where):
        state, name, right, flagged = _sides(line, where)
        if (state or name) in {*left, *named}:
            raise NetworkError(f"{where}: {state or name!r} has two equations; give one")
        if state:
            left[state] = right
            held += [state] if flagged else []
        else:
            named[name] = right
    if not left:
        raise NetworkError(f"{where}: no line of the form 'dV/dt = ...'")
    for name in (*left, *named, *parameters):
        _check_name(name, where)
    for name in parameters:
        if name in left or name in named:
            raise NetworkError(f"{where}: {name!r} has an equation and a value; give one of them")
    known = {name: symbol(name) for name in (*left, *parameters)}
    for name, right in named.items():
        known[name] = parse_expression(right, known, f"{where}: {name}", later=named)
    flow = {s: parse_expression(right, known, f"{where}: d{s}/dt") for s, right in left.items()}
    return Lines(flow, tuple(held))


def parse_condition(text: str, known: dict[str, sp.Expr], where: str) -> tuple[sp.Expr, sp.Expr]:
    """Both sides of ``V >= theta``, the larger one first."""
    tree = _tree(text, where)
    if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1):
        raise NetworkError(f"{where}: {text!r} is not a comparison such as 'V >= theta'")
    sides = [_expression(side, known, where) for side in (tree.left, tree.comparators[0])]
    kind = type(tree.ops[0])
    if kind not in (ast.GtE, ast.Gt, ast.LtE, ast.Lt):
        raise NetworkError(f"{where}: {text!r}: compare with >= or >")
    larger, smaller = sides if kind in (ast.GtE, ast.Gt) else reversed(sides)
    return larger, smaller


def parse_assignments(
    text: str, states: Collection[str], known: dict[str, sp.Expr], where: str
) -> dict[str, sp.Expr]:
    """New values by state of ``V = V_r; w += b``; each line sees what those before it did."""
    values = {state: known[state] for state in states}
    for line in _lines(text.replace(";", "\n"), where):
        match = re.fullmatch(r"(\w+)\s*([-+*/]?)=\s*(.+)", line)
        if not match:
            raise NetworkError(f"{where}: {line!r} is not of the form 'V = V_r' or 'w += b'")
        name, operator, right = match.groups()
        if name not in values:
            raise NetworkError(f"{where}: {name!r} has no equation; {suggest(name, states)}")
        value = parse_expression(right, {**known, **values}, where)
        old = values[name]
        values[name] = {
            "": value,
            "+": old + value,
            "-": old - value,
            "*": old * value,
            "/": old / value,
        }[operator]
    return values


def parse_expression(
    text: str,
    known: dict[str, sp.Expr],
    where: str,
    later: Collection[str] = (),
) -> sp.Expr:
    """An expression of known names.

    Args:
        later: names that are declared further down, for the message.
    """
    found = _expression(_tree(text, where), known, where, later)
    if found.has(sp.zoo, sp.nan, sp.oo, sp.I):
        raise NetworkError(f"{where}: {text!r} is not a real number")
    return found


def _lines(text: str, where: str) -> list[str]:
    if not isinstance(text, str):
        raise NetworkError(f"{where}: {text!r} is not a text")
    if len(text) > MOST_TEXT:
        raise NetworkError(f"{where}: {len(text)} characters, at most {MOST_TEXT} are read")
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _sides(line: str, where: str) -> tuple[str, str, str, bool]:
    """(state, or name, right-hand side, held by a spike) of a line."""
    left, equals, right = line.partition("=")
    flagged = bool(_FLAG.search(right))
    right = _FLAG.sub("", right).strip()
    right, colon, unit = right.partition(":")
    if colon and unit.strip() != "1":
        raise NetworkError(
            f"{where}: {line!r}: times are in ms and nothing has a unit; leave ':{unit}' out"
        )
    derivative = _DERIVATIVE.fullmatch(left.strip())
    if not equals or not (derivative or left.strip().isidentifier()):
        raise NetworkError(f"{where}: {line!r} is not of the form 'dV/dt = ...' or 'name = ...'")
    if flagged and not derivative:
        raise NetworkError(f"{where}: {line!r}: only a line 'dV/dt = ...' can be held")
    state = derivative[1] if derivative else ""
    return state, "" if state else left.strip(), right.strip(), flagged


def _check_name(name: str, where: str) -> None:
    if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
        raise NetworkError(f"{where}: {name!r} is not a name; use letters, digits and '_'")
    if name in FUNCTIONS:
        raise NetworkError(f"{where}: {name!r} is a function; choose another name")
    if name in ("t", "dt") or name.startswith("_"):
        raise NetworkError(f"{where}: {name!r} cannot be declared; choose another name")


def _tree(text: str, where: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or type(error).__name__
        raise NetworkError(f"{where}: {text!r} is not an expression ({reason})") from None


def _expression(
    tree: ast.expr,
    known: dict[str, sp.Expr],
    where: str,
    later: Collection[str] = (),
    depth: int = 0,
) -> sp.Expr:
    """What a tree says, of the few kinds of nodes that equations are made of."""

    def inner(node: ast.expr) -> sp.Expr:
        return _expression(node, known, where, later, depth + 1)

    if depth > MOST_DEPTH:
        raise NetworkError(f"{where}: more than {MOST_DEPTH} levels; name a part on a line above")
    if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
        return _binary(OPERATORS[type(tree.op)], inner(tree.left), inner(tree.right), where)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        value = inner(tree.operand)
        return -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.Call):
        return _call(tree, [inner(a) for a in tree.args], where)
    if isinstance(tree, ast.Name):
        return _named(tree.id, known, later, where)
    if isinstance(tree, ast.Constant) and is_number(tree.value):
        return _number(tree.value, where)
    raise NetworkError(
        f"{where}: {ast.unparse(tree)!r} is not arithmetic; use numbers, names, + - * / ** and "
        f"{', '.join(FUNCTIONS)}"
    )


def _binary(operator: str, a: sp.Expr, b: sp.Expr, where: str) -> sp.Expr:
    if operator == "/":
        if b == 0:
            raise NetworkError(f"{where}: a division by zero")
        return a / b
    if operator == "**":
        numbers = a.is_number and b.is_number
        if numbers and abs(float(b)) * abs(sp.log(abs(a) + 2, 2).evalf()) > MOST_BITS:
            raise NetworkError(f"{where}: {a}**{b} is out of range")
        return a**b
    return {"+": a + b, "-": a - b, "*": a * b}[operator]


def _call(tree: ast.Call, arguments: list[sp.Expr], where: str) -> sp.Expr:
    name = ast.unparse(tree.func)
    if name not in FUNCTIONS:
        raise NetworkError(f"{where}: there is no function {name!r}; {suggest(name, FUNCTIONS)}")
    count, function = FUNCTIONS[name]
    if tree.keywords or len(arguments) != count:
        raise NetworkError(f"{where}: {name} takes {count} argument{'s' * (count > 1)}")
    return function(*arguments)


def _named(name: str, known: dict[str, sp.Expr], later: Collection[str], where: str) -> sp.Expr:
    if name in known:
        return known[name]
    if name in later:
        raise NetworkError(f"{where}: {name!r} is declared below; move its line up")
    if name in FUNCTIONS:
        raise NetworkError(f"{where}: the function {name!r} has no arguments")
    raise NetworkError(
        f"{where}: {name!r} is nowhere declared; {suggest(name, known)}, or give it a value in "
        "parameters"
    )


def _number(value: Any, where: str) -> sp.Expr:
    """A literal, as the decimal number that was written."""
    if not abs(value) < 2.0**MOST_BITS:
        raise NetworkError(f"{where}: a number is out of range")
    return sp.Rational(Fraction(str(value)))
