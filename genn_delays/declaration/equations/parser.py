"""Text to symbols. The text is looked at as a tree of Python's grammar and never run.

Lines are ``dV/dt = expression``, with ``(unless refractory)`` behind it where a spike holds the
state, or ``name = expression``, which stands for the expression in all lines below. ``#`` begins a
comment; a trailing ``: 1``, as in Brian2, may stay. Times are in ms, and nothing has a unit.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass

import sympy as sp

from genn_delays.declaration.equations.arithmetic import (
    bounded,
    call,
    combine,
    number,
)
from genn_delays.declaration.equations.functions import FUNCTIONS
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError, short, suggest

MOST_TEXT = 10_000
"""Characters of a text, far more than any neuron has."""
MOST_NESTED = 100
"""Brackets, signs and operators within each other."""
RESERVED = ("t", "dt", "refractory", "bias", "gain", "running_mean", "running_variance")
"""Names that mean something else: time, and what a population of any neuron may have."""
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
        raise NetworkError(f"{where}: {quoted(text)} is not a comparison such as 'V >= theta'")
    sides = [_expression(side, known, where) for side in (tree.left, tree.comparators[0])]
    kind = type(tree.ops[0])
    if kind not in (ast.GtE, ast.Gt, ast.LtE, ast.Lt):
        raise NetworkError(f"{where}: {quoted(text)}: compare with >= or >")
    larger, smaller = sides if kind in (ast.GtE, ast.Gt) else reversed(sides)
    return larger, smaller


def parse_assignments(
    text: str, states: Collection[str], known: dict[str, sp.Expr], where: str
) -> dict[str, sp.Expr]:
    """New values by state of ``V = V_r; w += b``; each line sees what those before it did."""
    values = {state: known[state] for state in states}
    for line in _lines(text, where, ends=r";|\n"):
        match = re.fullmatch(r"(\w+)\s*([-+*/]?)=\s*(.+)", line)
        if not match:
            raise NetworkError(f"{where}: {quoted(line)} is not of the form 'V = V_r' or 'w += b'")
        name, operator, right = match.groups()
        if name not in values:
            raise NetworkError(f"{where}: {name!r} has no equation; {suggest(name, states)}")
        value = parse_expression(right, {**known, **values}, where)
        values[name] = combine(operator, values[name], value, where) if operator else value
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
    return _expression(_tree(text, where), known, where, later)


def quoted(text: object) -> str:
    """What was written, for messages."""
    return repr(short(text, 60) if isinstance(text, str) else text)


def _lines(text: str, where: str, ends: str = "\n") -> list[str]:
    _check_text(text, where)
    lines = (line.split("#")[0].strip() for line in re.split(ends, text))
    return [line for line in lines if line]


def _check_text(text: str, where: str) -> None:
    if not isinstance(text, str):
        raise NetworkError(f"{where}: {text!r} is not a text")
    if len(text) > MOST_TEXT:
        raise NetworkError(f"{where}: {len(text)} characters, at most {MOST_TEXT} are read")


def _sides(line: str, where: str) -> tuple[str, str, str, bool]:
    """(state, or name, right-hand side, held by a spike) of a line."""
    left, equals, right = line.partition("=")
    flagged = bool(_FLAG.search(right))
    right = _FLAG.sub("", right).strip()
    right, colon, unit = right.partition(":")
    if colon and unit.strip() != "1":
        raise NetworkError(
            f"{where}: {quoted(line)}: times are in ms and nothing has a unit; leave "
            f"{quoted(':' + unit)} out"
        )
    derivative = _DERIVATIVE.fullmatch(left.strip())
    if not equals or not (derivative or left.strip().isidentifier()):
        raise NetworkError(
            f"{where}: {quoted(line)} is not of the form 'dV/dt = ...' or 'name = ...'"
        )
    if flagged and not derivative:
        raise NetworkError(f"{where}: {quoted(line)}: only a line 'dV/dt = ...' can be held")
    state = derivative[1] if derivative else ""
    return state, "" if state else left.strip(), right.strip(), flagged


def _check_name(name: str, where: str) -> None:
    if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
        raise NetworkError(f"{where}: {quoted(name)} is not a name; use letters, digits and '_'")
    if name in FUNCTIONS:
        raise NetworkError(f"{where}: {name!r} is a function; choose another name")
    if name in RESERVED or name.startswith("_") or keyword.iskeyword(name):
        raise NetworkError(f"{where}: {name!r} cannot be declared; choose another name")


def _tree(text: str, where: str) -> ast.expr:
    _check_text(text, where)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = short(getattr(error, "msg", None) or type(error).__name__, 80)
        raise NetworkError(f"{where}: {quoted(text)} is not an expression ({reason})") from None


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

    if depth > MOST_NESTED:
        raise NetworkError(f"{where}: more than {MOST_NESTED} levels; name a part on a line above")
    if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
        return combine(OPERATORS[type(tree.op)], inner(tree.left), inner(tree.right), where)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        value = inner(tree.operand)
        return bounded(-value, where) if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        _check_call(tree, tree.func.id, where)
        return call(tree.func.id, [inner(a) for a in tree.args], where)
    if isinstance(tree, ast.Name):
        return _named(tree.id, known, later, where)
    if isinstance(tree, ast.Constant) and is_number(tree.value):
        return number(tree.value, where)
    raise NetworkError(
        f"{where}: {quoted(ast.unparse(tree))} is not arithmetic; use numbers, names, + - * / ** "
        f"(a power) and {', '.join(FUNCTIONS)}"
    )


def _check_call(tree: ast.Call, name: str, where: str) -> None:
    if name not in FUNCTIONS:
        raise NetworkError(
            f"{where}: there is no function {quoted(name)}; {suggest(name, FUNCTIONS)}"
        )
    count = FUNCTIONS[name][0]
    if tree.keywords or len(tree.args) != count:
        raise NetworkError(f"{where}: {name} takes {count} argument{'s' * (count > 1)}")


def _named(name: str, known: dict[str, sp.Expr], later: Collection[str], where: str) -> sp.Expr:
    if name in known:
        return known[name]
    if name in later:
        raise NetworkError(f"{where}: {name!r} is declared below; move its line up")
    if name in FUNCTIONS:
        raise NetworkError(f"{where}: the function {name!r} has no arguments")
    raise NetworkError(
        f"{where}: {quoted(name)} is nowhere declared; {suggest(name, known)}, or give it a value "
        "in parameters"
    )
