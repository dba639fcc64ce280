"""Assignments as weighted sums: what is linear between two functions becomes one sum.

A sum has a weight for each *atom*: a state, what a function gives, or a product of several of
these. Weights depend on parameters only, so that the host computes them once per neuron, and the
step has one multiplication for each atom of a sum, however many stages a method has.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from genn_delays.planning.step_maps.program import Assignment

LONGEST = 200
"""Nodes of a weight as a tree; a sum with a longer one becomes an atom, so that no weight of many
substeps grows beyond all bounds."""

Weights = dict[sp.Expr, sp.Expr]
ONE = sp.Integer(1)


def as_sums(
    assignments: list[Assignment], ends: list[sp.Expr], moving: Iterable[sp.Symbol]
) -> tuple[list[Assignment], list[sp.Expr]]:
    """The same assignments and results, each a weighted sum of atoms.

    Args:
        moving: symbols that change from step to step; all others are parameters.
    """
    sums = _Sums(moving)
    for symbol, expression in assignments:
        sums.assign(symbol, expression)
    results = [_sum(sums.weights(e)) for e in ends]
    return sums.made, results


class _Sums:
    """Sums that are known, by symbol, and the assignments of atoms so far."""

    def __init__(self, moving: Iterable[sp.Symbol]) -> None:
        self.known: dict[sp.Symbol, Weights] = {s: {s: ONE} for s in moving}
        self.made: list[Assignment] = []
        self._atoms: dict[sp.Expr, sp.Symbol] = {}

    def assign(self, symbol: sp.Symbol, expression: sp.Expr) -> None:
        weights = self.weights(expression)
        if any(_nodes(w) > LONGEST for w in weights.values()):
            weights = {self._atom(_sum(weights)): ONE}
        self.known[symbol] = weights

    def weights(self, expression: sp.Expr) -> Weights:
        """An expression of symbols that are known, as a sum; the atom 1 has what does not move."""
        if not self._moves(expression):
            return {ONE: expression}
        if expression.is_Symbol:
            return self.known[expression]
        if expression.is_Add:
            return self._added([self.weights(e) for e in expression.args])
        fixed, rest = expression.as_independent(*self.known, as_Add=False)
        if not expression.is_Mul or fixed == 1:
            atom = self._atom(expression.func(*map(self._argument, expression.args)))
            return {atom: ONE}
        return {atom: fixed * w for atom, w in self.weights(rest).items()}

    def _moves(self, expression: sp.Expr) -> bool:
        return not self.known.keys().isdisjoint(expression.free_symbols)

    def _argument(self, expression: sp.Expr) -> sp.Expr:
        """What a function or a product is given: an atom of its own where it is a sum."""
        if not self._moves(expression):
            return expression
        weights = self.weights(expression)
        if len(weights) == 1 and (atom := next(iter(weights))) is not ONE and weights[atom] == 1:
            return atom
        return self._atom(_sum(weights))

    def _atom(self, expression: sp.Expr) -> sp.Symbol:
        if expression not in self._atoms:
            made = sp.Symbol(f"t{len(self.made)}", real=True)
            self._atoms[expression] = made
            self.known[made] = {made: ONE}
            self.made.append((made, expression))
        return self._atoms[expression]

    @staticmethod
    def _added(parts: list[Weights]) -> Weights:
        gathered: dict[sp.Expr, list[sp.Expr]] = {}
        for part in parts:
            for atom, weight in part.items():
                gathered.setdefault(atom, []).append(weight)
        sums = {atom: sp.Add(*weights) for atom, weights in gathered.items()}
        return {atom: weight for atom, weight in sums.items() if weight != 0}


def _sum(weights: Weights) -> sp.Expr:
    return sp.Add(*(weight * atom for atom, weight in weights.items()))


def _nodes(expression: sp.Expr) -> int:
    """Up to one more than are counted."""
    count = 0
    for count, _ in enumerate(sp.preorder_traversal(expression), 1):
        if count > LONGEST:
            break
    return count
