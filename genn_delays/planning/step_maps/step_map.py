"""What engines need of a neuron whose flow is not linear, or of which something is learnt.

Where the flow is affine the step is exact, x <- P x + p; else it is a method's, x <- x + D(x). Its
transpose, and the derivatives by constants, follow from the same assignments.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from genn_delays.declaration.neurons import Equations, Neuron
from genn_delays.planning.step_maps.constants import (
    DT,
    Affine,
    Constants,
    Hoisted,
    augmented,
    augmented_change,
)
from genn_delays.planning.step_maps.methods import choose_method, step_changes
from genn_delays.planning.step_maps.program import (
    FREE,
    Assignment,
    Program,
    numbered,
    program,
    pullback,
)
from genn_delays.planning.step_maps.record import Record, record_of
from genn_delays.planning.step_maps.sums import as_sums


@dataclass(frozen=True)
class Collected:
    """Numbers of a neuron whose gradients training needs, in this order.

    Attributes:
        constants: of the step map, by number.
        matrix: entries of R. offset: rows of r.
        threshold: that of the neuron.
        initial: states at the beginning of a trial.
    """

    constants: tuple[int, ...] = ()
    matrix: tuple[tuple[int, int], ...] = ()
    offset: tuple[int, ...] = ()
    threshold: bool = False
    initial: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        parts = (self.constants, self.matrix, self.offset, self.initial)
        return sum(map(len, parts)) + self.threshold


@dataclass(frozen=True, eq=False)
class StepMap:
    """The step of a population as programs of the symbols in ``program.py``.

    Attributes:
        kind: ``"exact"``, ``"exponential_euler"``, ``"rk2"``, ``"rk4"`` or ``"euler"``.
        flow: y0, y1, ...: the state at the end of the flow of a step.
        pull: b0, b1, ...: the adjoint before the flow, from x before it and a after it; q0, ...:
            -da/dt of each input state at the end of the step before, in 1/ms; g0, ...: what
            ``collected.constants`` gain.
        record: flow and pull of a step that leaves a record for the way back.
        speed: f0, f1, ...: the flow in 1/ms; ``bend``: d^2/dt^2 of the thresholded state.
        constants: where c0, c1, ... come from.
        collected: what training needs the gradient of.
    """

    kind: str
    flow: Program
    pull: Program
    record: Record
    speed: Program
    constants: Constants
    collected: Collected


def make_step_map(
    neuron: Neuron, learn: tuple[str, ...], size: int, holds: bool, dt: float, discretisation: str
) -> StepMap:
    """The step map of a population.

    Args:
        learn: parameters of the neuron that training changes.
        holds: neurons may be refractory.
        dt: ms.
    """
    if neuron.is_affine:
        return _affine_map(neuron, learn, size, holds, dt, discretisation)
    assert isinstance(neuron, Equations)
    return _method_map(neuron, learn, size, holds, dt, discretisation)


def _collected(
    neuron: Neuron, learn: tuple[str, ...], size: int, constants: tuple[int, ...]
) -> Collected:
    matrix: set[tuple[int, int]] = set()
    offset: set[int] = set()
    initial: set[int] = set()
    threshold = False
    for parameter in learn:
        by = neuron.change(parameter, size)
        entries = np.argwhere(np.any(by.reset_matrix, axis=0))
        matrix |= {(int(i), int(j)) for i, j in entries}
        offset |= set(map(int, np.flatnonzero(np.any(by.reset_offset, axis=0))))
        initial |= set(map(int, np.flatnonzero(np.any(by.initial, axis=0))))
        threshold |= bool(np.any(by.threshold))
    return Collected(
        constants, tuple(sorted(matrix)), tuple(sorted(offset)), threshold, tuple(sorted(initial))
    )


def _affine_map(
    neuron: Neuron, learn: tuple[str, ...], size: int, holds: bool, dt: float, discretisation: str
) -> StepMap:
    count = len(neuron.states)
    source = Affine(dt, discretisation, _entries(neuron, learn, size, holds, dt, discretisation))
    x, a = _symbols("x", count), _symbols("a", count)
    held = neuron.states.index(neuron.threshold_state)
    follows = any(source.symbol("P", i, held) != 0 for i in range(count) if i != held)

    def row(matrix: str, i: int) -> sp.Expr:
        return sp.Add(*(source.symbol(matrix, i, j) * s for j, s in enumerate([*x, sp.Integer(1)])))

    def column(matrix: str, j: int) -> sp.Expr:
        return sp.Add(*(source.symbol(matrix, i, j) * s for i, s in enumerate(a)))

    def blended(free: sp.Expr, holding: sp.Expr) -> sp.Expr:
        return FREE * free + (1 - FREE) * holding

    ends = [row("P", i) for i in range(count)]
    shifts = [column("D", neuron.states.index(name)) for name in neuron.input_states]
    if holds:
        for i in range(count) if follows else [held]:
            ends[i] = blended(ends[i], row("H", i))
        inputs = [neuron.states.index(name) for name in neuron.input_states]
        shifts = [blended(s, column("G", j)) for s, j in zip(shifts, inputs, strict=True)]
    statements, parts, changing = _transposed(source, neuron, learn, size, [], ends, x, a)
    flown, pulled = _outputs("y", ends), _pulled(parts[:count], shifts, parts[count:])
    return StepMap(
        "exact",
        program([], flown),
        program(statements, pulled),
        record_of(program(statements, flown | pulled)),
        _speed(neuron, x, [row("M", i) for i in range(count)]),
        source,
        _collected(neuron, learn, size, changing),
    )


def _entries(
    neuron: Neuron, learn: tuple[str, ...], size: int, holds: bool, dt: float, discretisation: str
) -> tuple[tuple[str, int, int], ...]:
    """Entries of the matrices that are not 0 in every neuron, now or once something is learnt."""
    count = len(neuron.states)
    flow = augmented(neuron, size)
    there = np.any(flow != 0, axis=0)
    for parameter in learn:
        there |= np.any(augmented_change(neuron, parameter, size) != 0, axis=0)
    reach = np.eye(len(there), dtype=bool)
    if neuron.on_grid:
        reach |= np.any(neuron.propagator(size, dt, discretisation) != 0, axis=0)
    else:
        for _ in range(len(there)):  # what an exponential fills
            reach |= (reach.astype(int) @ there.astype(int)) > 0
            if discretisation == "euler":
                break
    matrices = {"P": reach, "D": reach, "M": there}
    if holds:
        matrices |= {"H": reach, "G": reach}
    return tuple(
        (matrix, int(i), int(j))
        for matrix, pattern in matrices.items()
        for i, j in np.argwhere(pattern)
        if i < count
    )


def _method_map(
    neuron: Equations,
    learn: tuple[str, ...],
    size: int,
    holds: bool,
    dt: float,
    discretisation: str,
) -> StepMap:
    system, x = neuron.system, _symbols("x", len(neuron.states))
    source = Hoisted(dt, map(system.parameter, system.parameters))
    names = dict(zip(system.state_symbols, x, strict=True)) | source.aside
    flow = [f.xreplace(names) for f in system.flow]
    method = choose_method(system, neuron.method, discretisation)
    written = step_changes(system, flow, method, neuron.substeps, holds, DT)
    forms = [written]
    if not learn:  # each weight of a sum would be a constant with a gradient to be summed
        forms.append(as_sums(*written, {*x, FREE}))
    maps = [_map_of(neuron, learn, size, dt, method, flow, *form) for form in forms]
    return min(maps, key=lambda one: one.record.cost)


def _map_of(
    neuron: Equations,
    learn: tuple[str, ...],
    size: int,
    dt: float,
    method: str,
    flow: list[sp.Expr],
    assignments: list[Assignment],
    changes: list[sp.Expr],
) -> StepMap:
    """From assignments and the changes of the states over a step."""
    count = len(neuron.states)
    x, a = _symbols("x", count), _symbols("a", count)
    source = Hoisted(dt, map(neuron.system.parameter, neuron.system.parameters))
    moving = {*x, FREE, *(s for s, _ in assignments)}
    assignments = [(s, source.hoist(e, moving)) for s, e in assignments]
    changes = [source.hoist(e, moving) for e in changes]
    speeds = [source.hoist(f, moving) for f in flow]
    statements, parts, changing = _transposed(
        source, neuron, learn, size, assignments, changes, x, a
    )
    flown = _outputs("y", [s + e for s, e in zip(x, changes, strict=True)])
    pulled = _pulled(
        [s + e for s, e in zip(a, parts, strict=False)],
        [
            parts[neuron.states.index(name)] / sp.Rational(Fraction(dt))
            for name in neuron.input_states
        ],
        parts[count:],
    )
    return StepMap(
        method,
        program(assignments, flown),
        program(statements, pulled),
        record_of(program(statements, flown | pulled)),
        _speed(neuron, x, speeds),
        source,
        _collected(neuron, learn, size, changing),
    )


def _transposed(
    source: Constants,
    neuron: Neuron,
    learn: tuple[str, ...],
    size: int,
    assignments: list[Assignment],
    ends: list[sp.Expr],
    x: list[sp.Symbol],
    a: list[sp.Symbol],
) -> tuple[list[Assignment], list[sp.Expr], tuple[int, ...]]:
    """The way back from ``ends``: assignments; parts of states, then of constants that learn."""
    used = {s for e in (*(e for _, e in assignments), *ends) for s in e.free_symbols}
    changing = _changing(source, neuron, learn, size)
    changing = tuple(k for k in changing if numbered("c", k) in used)
    learnt = [numbered("c", k) for k in changing]
    return (*pullback(assignments, ends, a, [*x, *learnt]), changing)


def _pulled(
    before: list[sp.Expr], shifts: list[sp.Expr], gradients: list[sp.Expr]
) -> dict[str, sp.Expr]:
    return _outputs("b", before) | _outputs("q", shifts) | _outputs("g", gradients)


def _speed(neuron: Neuron, x: list[sp.Symbol], flow: list[sp.Expr]) -> Program:
    slope = flow[neuron.states.index(neuron.threshold_state)]
    bend = sp.Add(*(slope.diff(s) * f for s, f in zip(x, flow, strict=True)))
    return program([], {**_outputs("f", flow), "bend": bend})


def _outputs(letter: str, expressions: list[sp.Expr]) -> dict[str, sp.Expr]:
    return {f"{letter}{k}": e for k, e in enumerate(expressions)}


def _changing(
    source: Constants, neuron: Neuron, learn: tuple[str, ...], size: int
) -> tuple[int, ...]:
    """Constants that depend on what is learnt."""
    if not learn:
        return ()
    derivatives = [source.derivative(neuron, parameter, size) for parameter in learn]
    there = np.any([np.any(d != 0, axis=0) for d in derivatives], axis=0)
    return tuple(map(int, np.flatnonzero(there)))


def _symbols(letter: str, count: int) -> list[sp.Symbol]:
    return [numbered(letter, k) for k in range(count)]
