"""Programs of a step map as lines of C-like code, for every engine that generates some.

A dialect says how an engine writes types, numbers, inputs and functions; all else is the same:
integer powers are products, a reciprocal is a division, and a number is the nearest one to its
exact value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.printing.c import C99CodePrinter

from genn_delays.planning.step_maps import Program
from genn_delays.support.errors import PlanError

FUNCTIONS = {
    sp.Abs: "magnitude",
    sp.cos: "cos",
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.tanh: "tanh",
}
"""Functions of sympy by the name they have here; those of the package's own have their own name."""
OWN = ("above", "exprel", "exprel_bend", "exprel_slope", "magnitude", "maximum", "minimum")
CALL = "@call "
"""Begins the line of a call for all strands."""
LONGEST = 32
"""Largest whole power that is written as products; beyond it ``power`` is called."""


@dataclass(frozen=True)
class Dialect:
    """How an engine writes what a program consists of.

    Attributes:
        declare: the type of a temporary, as in ``const vec``.
        number: a literal, from its shortest decimal; it may stand beside a temporary in a sum.
        spread: a literal as a value of the type of temporaries, which functions are given.
        symbol: an input, from its name: ``x0``, ``a1``, ``c12`` or ``free``.
        functions: names in the engine, by ``exp``, ``sqrt``, ``power`` and so on; or, where it
            has none, an expression with ``{0}`` and ``{1}`` for the arguments.
        temporary: what is in between, from its name.
        together: functions that are called for all strands at once, as a line of its own with what
            they are given and give: ``CALL``, the function and the temporary.
    """

    declare: str
    number: Callable[[str], str]
    spread: Callable[[str], str]
    symbol: Callable[[str], str]
    functions: Mapping[str, str]
    temporary: Callable[[str], str] = str
    together: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Code:
    """A program as text.

    Attributes:
        lines: declarations of temporaries, in order.
        outputs: expressions by name.
        functions: which of the dialect's functions are called.
    """

    lines: tuple[str, ...]
    outputs: dict[str, str]
    functions: frozenset[str]


def print_program(program: Program, dialect: Dialect) -> Code:
    """The code of a program.

    Raises:
        PlanError: a function that engines have no code for.
    """
    printer = _Printer(dialect, {symbol for symbol, _ in program.assignments})
    for symbol, expression in program.assignments:
        printer.assign(symbol.name, expression)
    outputs = {name: printer.text(e) for name, e in program.outputs.items()}
    return Code(tuple(printer.lines), outputs, frozenset(printer.called))


class _Printer(C99CodePrinter):
    """Prints expressions, and declares temporaries where these need some.

    sympy calls the method that has the name of a class.
    """

    def __init__(self, dialect: Dialect, temporaries: set[sp.Symbol]) -> None:
        super().__init__()
        self.dialect, self.temporaries = dialect, temporaries
        self.lines: list[str] = []
        self.called: set[str] = set()
        self.depth: dict[sp.Symbol, int] = {}

    def assign(self, name: str, expression: sp.Expr) -> None:
        """Declare a temporary."""
        self.depth[sp.Symbol(name, real=True)] = 1 + self._depth_of(expression)
        self._declare(self.dialect.temporary(name), self.text(expression))

    def text(self, expression: sp.Expr) -> str:
        """An expression of the type of temporaries."""
        if expression.is_number:
            return self.dialect.spread(_decimal(expression))
        return self._print(expression)

    def _call(self, name: str, *arguments: sp.Expr) -> str:
        self.called.add(name)
        written = self.dialect.functions[name]
        if name in self.dialect.together:
            given = self._temporary(*map(self.text, arguments))
            self.lines.append(f"{CALL}{written} {given}")
            return given
        if "{0}" in written:  # an argument may stand there more than once
            return written.format(*map(self._named, arguments))
        return f"{written}({', '.join(map(self.text, arguments))})"

    def _print(self, expr, **settings):
        if isinstance(expr, sp.Expr) and expr.is_number:
            text = self.dialect.number(_decimal(expr))
            return f"({text})" if text.startswith("-") else text
        return super()._print(expr, **settings)

    def _print_Symbol(self, expr: sp.Symbol) -> str:  # noqa: N802
        known = expr in self.temporaries
        return self.dialect.temporary(expr.name) if known else self.dialect.symbol(expr.name)

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        """What is known first stands first, and a state that a change is added to last."""
        terms = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda e: (e.is_Symbol and e.name[0] in "ax", self._depth_of(e)))

    def _depth_of(self, expression: sp.Expr) -> int:
        """Temporaries that have to be known one after the other."""
        return max((self.depth.get(s, 0) for s in expression.free_symbols), default=0)

    def _print_Function(self, expr: sp.Function) -> str:  # noqa: N802
        kind = type(expr)
        name = FUNCTIONS.get(kind, kind.__name__)
        if kind not in FUNCTIONS and name not in OWN:
            raise PlanError(f"the function {name!r} in {expr} has no code; write it otherwise")
        return self._call(name, *expr.args)

    _print_Abs = _print_exp = _print_log = _print_Function  # noqa: N815
    _print_sin = _print_cos = _print_tanh = _print_Function

    def _print_sign(self, expr: sp.Expr) -> str:
        x, zero = expr.args[0], sp.Integer(0)
        return f"({self._call('above', x, zero)} - {self._call('above', zero, x)})"

    def _print_Pow(self, expr: sp.Pow) -> str:  # noqa: N802
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return f"({self.dialect.number('1.0')} / ({self._print(base**-exponent)}))"
        if exponent.is_Integer and exponent <= LONGEST:
            return self._product(base, int(exponent))
        if exponent.is_Rational and exponent.q == 2 and exponent < LONGEST:
            whole = self._product(base, int(exponent.p // 2)) + " * " if exponent.p > 1 else ""
            return f"({whole}{self._call('sqrt', base)})"
        return self._call("power", base, exponent)

    def _product(self, base: sp.Expr, count: int) -> str:
        """base**count: squares of squares, each a temporary."""
        factors, square = [], self._named(base)
        while count:
            if count % 2:
                factors.append(square)
            count //= 2
            if count:
                square = self._temporary(f"{square} * {square}")
        return factors[0] if len(factors) == 1 else f"({' * '.join(factors)})"

    def _named(self, expression: sp.Expr) -> str:
        text = self._print(expression)
        plain = expression.is_Symbol or expression.is_number
        return text if plain else self._temporary(text)

    def _temporary(self, text: str) -> str:
        name = self.dialect.temporary(f"p{len(self.lines)}")
        self._declare(name, text)
        return name

    def _declare(self, name: str, text: str) -> None:
        self.lines.append(f"{self.dialect.declare} {name} = {text};")


def _decimal(number: sp.Expr) -> str:
    """The shortest decimal of the nearest double."""
    exact = number.is_Rational
    return repr(int(number.p) / int(number.q) if exact else float(sp.N(number, 30)))
