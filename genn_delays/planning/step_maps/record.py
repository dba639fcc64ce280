"""What a step leaves for the way back: numbers that are kept, and what is computed again from them.

The way back needs the state of a step for the slopes there only, which are often a few numbers in
the middle of the step: an exponential where that is all that curves. Which numbers are kept is
decided by counted operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from genn_delays.planning.step_maps.costs import GAIN, KEPT, operations
from genn_delays.planning.step_maps.program import Program, needed, numbered, renamed

Symbols = frozenset[sp.Symbol]


@dataclass(frozen=True)
class Record:
    """Programs of a step that leaves a record.

    Attributes:
        flow: as that of the step map; k0, k1, ...: what is kept.
        pull: as that of the step map, but from what is kept in place of the state.
        kept: numbers that are kept.
        cost: operations of a step, forwards and backwards.
    """

    flow: Program
    pull: Program
    kept: int
    cost: float


def record_of(both: Program) -> Record:
    """The cheapest record found.

    From two sides, everything computed again and nothing, one assignment after the other is
    computed again or not, as long as this makes the step cheaper.

    Args:
        both: a program with the outputs of flow and pull.
    """
    step = _Step(both)
    found = (step.improved(start) for start in (frozenset(step.forwards), Symbols()))
    return step.record(min(found, key=step.cost))


class _Step:
    """A program of both ways; a choice is the set of assignments that are computed again."""

    def __init__(self, both: Program) -> None:
        self.both, self.given = both, {s: e.free_symbols for s, e in both.assignments}
        self.of_flow = {n: e for n, e in both.outputs.items() if n.startswith("y")}
        self.of_pull = {n: e for n, e in both.outputs.items() if not n.startswith("y")}
        self.flown, self.pulled = _read(self.of_flow.values()), _read(self.of_pull.values())
        self.operations = {s: operations(e) for s, e in both.assignments}
        self.backwards = self._depending("a")
        self.moving = self._depending("x") - self.backwards
        self.forwards = [s for s, _ in both.assignments if s in self.moving]
        gained = sum(GAIN for n in self.of_pull if n.startswith("g"))
        self.fixed = gained + sum(map(operations, both.outputs.values()))

    def _depending(self, letter: str) -> set[sp.Symbol]:
        """Symbols that depend on inputs of a letter, and these inputs."""
        read = self.flown | self.pulled | set().union(*self.given.values())
        found = {s for s in read if s.name.startswith(letter)}
        for symbol, given in self.given.items():
            if given & found:
                found.add(symbol)
        return found

    def _behind(self, wanted: set[sp.Symbol], known: Symbols) -> set[sp.Symbol]:
        """What is needed for symbols, and these; not looking behind those that are known."""
        found: set[sp.Symbol] = set()
        left = set(wanted)
        while left:
            symbol = left.pop()
            found.add(symbol)
            if symbol in self.given and symbol not in known:
                left |= self.given[symbol] - found
        return found

    def kept(self, again: Symbols) -> list[sp.Symbol]:
        """What has to be kept where these are computed again."""
        known = Symbols(self.moving - again)
        behind = self._behind(self.pulled, known)
        return sorted(behind & known, key=lambda s: (s.name[0], len(s.name), s.name))

    def cost(self, again: Symbols) -> float:
        """Operations of a choice."""
        kept = self.kept(again)
        forth = self._behind(self.flown | set(kept), Symbols())
        back = self._behind(self.pulled, Symbols(kept)) - set(kept)
        done = sum(self.operations.get(s, 0) for way in (forth, back) for s in way)
        return self.fixed + done + KEPT * len(kept)

    def improved(self, again: Symbols) -> Symbols:
        """A choice that is made cheaper by one change after the other, until none does."""
        least, changed = self.cost(again), True
        while changed:
            changed = False
            for symbol in self.forwards:
                other = again ^ {symbol}
                if (cost := self.cost(other)) < least:
                    again, least, changed = other, cost, True
        return again

    def record(self, again: Symbols) -> Record:
        """The programs of a choice."""
        kept = self.kept(again)
        names = {s: numbered("k", k) for k, s in enumerate(kept)}
        outputs = self.of_flow | {names[s].name: s for s in kept}
        assignments = list(self.both.assignments)
        flow = renamed(needed(assignments, list(outputs.values())), outputs)
        pulled = {n: e.xreplace(names) for n, e in self.of_pull.items()}
        rest = [(s, e.xreplace(names)) for s, e in assignments if s not in names]
        pull = renamed(needed(rest, list(pulled.values())), pulled)
        return Record(flow, pull, len(kept), self.cost(again))


def _read(expressions: Iterable[sp.Expr]) -> set[sp.Symbol]:
    return set().union(*(e.free_symbols for e in expressions))
