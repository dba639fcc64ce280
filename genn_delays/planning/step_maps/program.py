"""Straight-line programs: assignments in order, and the transpose of their derivative.

Symbols are ``x0, x1, ...`` for states, ``a0, ...`` for adjoints, ``c0, ...`` for constants of a
neuron, ``k0, ...`` for what a step has kept, ``free``, 0 for a neuron that is refractory and else
1, and ``u0, ...`` for what is in between. Engines print them in their own language;
:meth:`Program.run` is numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from genn_delays.declaration.equations.numbers import as_function

Assignment = tuple[sp.Symbol, sp.Expr]
FREE = sp.Symbol("free", real=True)


def numbered(letter: str, k: int) -> sp.Symbol:
    """``x0``, ``c12``: the symbol of a state, an adjoint or a constant."""
    return sp.Symbol(f"{letter}{k}", real=True)


@dataclass(frozen=True)
class Program:
    """Assignments, each of symbols that are known before it.

    Attributes:
        assignments: symbol and expression.
        outputs: expressions by name.
    """

    assignments: tuple[Assignment, ...]
    outputs: dict[str, sp.Expr]

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Names of the inputs that are used."""
        used = set().union(*(e.free_symbols for e in self._expressions()))
        return frozenset(s.name for s in used - {s for s, _ in self.assignments})

    def _expressions(self) -> list[sp.Expr]:
        return [*(e for _, e in self.assignments), *self.outputs.values()]

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs as arrays, from arrays of the inputs by name."""
        known = dict(values)
        with np.errstate(all="ignore"):  # what blows up is named by the simulation
            for symbol, expression in self.assignments:
                known[symbol.name] = _value(expression, known)
            return {name: _value(e, known) for name, e in self.outputs.items()}


def _value(expression: sp.Expr, known: Mapping[str, np.ndarray]) -> np.ndarray:
    names = tuple(sorted(s.name for s in expression.free_symbols))
    return as_function(expression, names)(*(known[n] for n in names))


def program(assignments: Sequence[Assignment], outputs: Mapping[str, sp.Expr]) -> Program:
    """A program without what nothing needs, with common subexpressions computed once."""
    names, expressions = list(outputs), [e for _, e in assignments]
    shared, reduced = sp.cse(
        [*expressions, *outputs.values()], sp.numbered_symbols("w", real=True), order="none"
    )
    count = len(assignments)
    targets = [s for s, _ in assignments]
    ordered = _in_order(dict(shared), list(zip(targets, reduced[:count], strict=True)), reduced)
    results = dict(zip(names, reduced[count:], strict=True))
    return renamed(needed(ordered, list(results.values())), results)


def pullback(
    assignments: Sequence[Assignment],
    results: Sequence[sp.Expr],
    seeds: Sequence[sp.Symbol],
    inputs: Sequence[sp.Symbol],
) -> tuple[list[Assignment], list[sp.Expr]]:
    """(d results / d inputs)^T seeds, by going back through the assignments.

    A slope that moves is an assignment of its own. Along a chain, where one thing only depends on
    another, slopes are multiplied with each other, not with what comes back.

    Returns:
        The assignments, followed by those that go back; and one expression for each input.
    """
    moving = {s for s, _ in assignments} | set(inputs)
    way = _WayBack(moving)
    ends = [(numbered("y", k), e) for k, e in enumerate(results)]
    for (y, _), seed in zip(ends, seeds, strict=True):
        way.parts[y] = [(seed, sp.Integer(1))]
    for symbol, expression in reversed([*assignments, *ends]):
        if symbol in way.parts:
            way.go(symbol, expression)
    found = [way.total(s) for s in inputs]
    return [*assignments, *way.made], found


class _WayBack:
    """Assignments that go back, and the parts of what comes back to each symbol.

    Attributes:
        moving: symbols to which something comes back.
        parts: of a symbol, what comes back to another one and the slope it is multiplied by.
    """

    def __init__(self, moving: set[sp.Symbol]) -> None:
        self.moving = moving
        self.made: list[Assignment] = []
        self.parts: dict[sp.Symbol, list[tuple[sp.Symbol, sp.Expr]]] = {}

    def go(self, symbol: sp.Symbol, expression: sp.Expr) -> None:
        """From an assignment to what its expression depends on."""
        slopes = {s: expression.diff(s) for s in expression.free_symbols & self.moving}
        slopes = {s: slopes[s] for s in sorted(slopes, key=str) if slopes[s] != 0}
        if len(slopes) == 1 and len(self.parts[symbol]) == 1:
            after, factor = self.parts[symbol][0]
        else:
            after, factor = self._named(f"b_{symbol.name}", self.total(symbol)), sp.Integer(1)
        for source, slope in slopes.items():
            self.parts.setdefault(source, []).append((after, factor * slope))

    def total(self, symbol: sp.Symbol) -> sp.Expr:
        """What comes back to a symbol."""
        terms = []
        for after, slope in self.parts.get(symbol, []):
            sign, size = slope.as_coeff_Mul()
            if size.free_symbols & self.moving:
                size = self._named(f"d{len(self.made)}", size)
            terms.append(after * sign * size)
        return sp.Add(*terms)

    def _named(self, name: str, expression: sp.Expr) -> sp.Symbol:
        if expression.is_Symbol:
            return expression
        self.made.append((sp.Symbol(name, real=True), expression))
        return self.made[-1][0]


def _in_order(
    shared: dict[sp.Symbol, sp.Expr], assignments: list[Assignment], wanted: list[sp.Expr]
) -> list[Assignment]:
    """Shared subexpressions go before what uses them first."""
    done: list[Assignment] = []
    placed: set[sp.Symbol] = set()

    def place(expression: sp.Expr) -> None:
        for symbol in sorted(expression.free_symbols, key=str):
            if symbol in shared and symbol not in placed:
                place(shared[symbol])
                placed.add(symbol)
                done.append((symbol, shared[symbol]))

    for symbol, expression in assignments:
        place(expression)
        done.append((symbol, expression))
    for expression in wanted:
        place(expression)
    return done


def needed(assignments: list[Assignment], wanted: list[sp.Expr]) -> list[Assignment]:
    """Those assignments that some expressions need."""
    used = set().union(*(e.free_symbols for e in wanted))
    kept: list[Assignment] = []
    for symbol, expression in reversed(assignments):
        if symbol in used:
            kept.append((symbol, expression))
            used |= expression.free_symbols
    return kept[::-1]


def renamed(assignments: list[Assignment], outputs: dict[str, sp.Expr]) -> Program:
    """The program with its assignments as u0, u1, ..."""
    names = {s: numbered("u", k) for k, (s, _) in enumerate(assignments)}
    return Program(
        tuple((names[s], e.xreplace(names)) for s, e in assignments),
        {name: e.xreplace(names) for name, e in outputs.items()},
    )
