"""A neuron as symbols: flow, threshold, reset and initial state, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy as sp

from genn_delays.declaration.equations.arithmetic import linear_parts
from genn_delays.declaration.equations.parser import (
    parse_assignments,
    parse_condition,
    parse_expression,
    parse_lines,
    quoted,
    symbol,
)
from genn_delays.support.errors import NetworkError, suggest


@dataclass(frozen=True)
class System:
    """What equations say, with ``S`` states.

    Attributes:
        states: names, in the order of their lines.
        parameters: names of what has a value.
        flow: dx/dt in 1/ms, S expressions of states and parameters.
        threshold: of ``threshold_state``, an expression of parameters; None without spikes.
        threshold_state: the state that is compared with it, or that readouts sample.
        reset_matrix, reset_offset: R and r of x <- R x + r at a spike, expressions of parameters.
        initial: the state that a trial begins in, expressions of parameters.
        holds: a refractory neuron holds the thresholded state.
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    flow: tuple[sp.Expr, ...]
    threshold: sp.Expr | None
    threshold_state: str
    reset_matrix: sp.Matrix
    reset_offset: sp.Matrix
    initial: tuple[sp.Expr, ...]
    holds: bool

    @property
    def state_symbols(self) -> list[sp.Symbol]:
        return [symbol(name) for name in self.states]

    def parameter(self, name: str) -> sp.Symbol:
        return symbol(name)

    @property
    def jacobian(self) -> sp.Matrix:
        """d flow / d states, (S, S)."""
        return sp.Matrix(self.flow).jacobian(self.state_symbols)

    @property
    def is_affine(self) -> bool:
        """The flow is M x + m."""
        return not self.jacobian.free_symbols & set(self.state_symbols)

    @property
    def is_linear(self) -> bool:
        """The flow is M x, from a state of 0."""
        at_rest = dict.fromkeys(self.state_symbols, 0)
        start = all(x == 0 for x in self.initial)
        return self.is_affine and start and not any(f.subs(at_rest) for f in self.flow)

    @property
    def is_linear_in_own(self) -> bool:
        """Every line is linear in the state whose derivative it gives, the others held."""
        pairs = zip(self.flow, self.state_symbols, strict=True)
        return all(linear_parts(f, [x]) is not None for f, x in pairs)


def make_system(
    text: str,
    threshold: str | None,
    reset: str,
    inputs: Collection[str],
    parameters: Collection[str],
    initial: Mapping[str, str | float],
    voltage: str | None,
    where: str,
) -> System:
    """Read and check what :class:`genn_delays.Equations` was given.

    Raises:
        NetworkError: with the line, the name and the nearest one that there is.
    """
    lines = parse_lines(text, parameters, where)
    states = tuple(lines.flow)
    known = {name: symbol(name) for name in (*states, *parameters)}
    for name in (*inputs, *initial, *([voltage] if voltage else [])):
        if name not in states:
            raise NetworkError(f"{where}: {name!r} has no equation; {suggest(name, states)}")
    level, watched = _threshold(threshold, states, known, where)
    if watched is None:
        watched = voltage or ("V" if "V" in states else states[0])
        if reset:
            raise NetworkError(f"{where}: reset without a threshold; give one, or leave reset out")
    if voltage not in (None, watched):
        raise NetworkError(f"{where}: voltage {voltage!r}, but the threshold is on {watched!r}")
    if set(lines.held) - {watched}:
        raise NetworkError(f"{where}: only {watched!r}, which has the threshold, can be held")
    used = set().union(*(f.free_symbols for f in lines.flow.values()))
    matrix, offset = _reset(reset, states, known, where)
    start = [
        _constant(str(initial.get(s, 0)), known, states, f"{where}: initial {s}") for s in states
    ]
    used |= matrix.free_symbols | offset.free_symbols | (level.free_symbols if level else set())
    used |= set().union(*(x.free_symbols for x in start))
    unused = [name for name in parameters if known[name] not in used]
    if unused:
        raise NetworkError(f"{where}: parameter {unused[0]!r} is used nowhere; leave it out")
    jacobian = sp.Matrix(list(lines.flow.values())).jacobian([known[s] for s in states])
    if jacobian.has(sp.I, sp.zoo, sp.nan, sp.oo):
        raise NetworkError(
            f"{where}: the derivative of the flow by the states is not a real number"
        )
    return System(
        states,
        tuple(parameters),
        tuple(lines.flow.values()),
        level,
        watched,
        matrix,
        offset,
        tuple(start),
        bool(lines.held),
    )


def _threshold(
    text: str | None, states: tuple[str, ...], known: dict[str, sp.Expr], where: str
) -> tuple[sp.Expr | None, str | None]:
    """(level, state) of ``state >= level``."""
    if text is None:
        return None, None
    where = f"{where}: threshold"
    larger, smaller = parse_condition(text, known, where)
    variables = {known[s] for s in states}
    if not (larger - smaller).free_symbols & variables:
        raise NetworkError(
            f"{where}: {quoted(text)} depends on no state; compare one of {list(states)}"
        )
    if larger not in variables or smaller.free_symbols & variables:
        raise NetworkError(
            f"{where}: {quoted(text)}: give one state on the larger side and parameters on the "
            "other; a threshold that moves becomes a state that is subtracted"
        )
    return smaller, str(larger)


def _reset(
    text: str, states: tuple[str, ...], known: dict[str, sp.Expr], where: str
) -> tuple[sp.Matrix, sp.Matrix]:
    values = parse_assignments(text, states, known, f"{where}: reset")
    variables = [known[s] for s in states]
    rows, offset = [], []
    for state in states:
        parts = linear_parts(values[state], variables)
        if parts is None:
            raise NetworkError(
                f"{where}: reset {quoted(text)}: the new {state!r} is not linear in the states"
            )
        rows.append(parts[0])
        offset.append(parts[1])
    return sp.Matrix(rows), sp.Matrix(offset)


def _constant(text: str, known: dict[str, sp.Expr], states: tuple[str, ...], where: str) -> sp.Expr:
    value = parse_expression(text, {n: s for n, s in known.items() if n not in states}, where)
    return value
