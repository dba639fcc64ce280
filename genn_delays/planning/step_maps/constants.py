"""Constants of a step map: what depends on parameters only, once per neuron, on the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import sympy as sp

from genn_delays.declaration.equations.numbers import evaluate
from genn_delays.declaration.neurons import Neuron
from genn_delays.declaration.neurons.base import exponential, exponential_derivative
from genn_delays.planning.step_maps.program import numbered

DT = sp.Symbol("dt", real=True)


class Constants(ABC):
    """Where the numbers c0, c1, ... of each neuron come from."""

    count: int

    @abstractmethod
    def values(self, neuron: Neuron, size: int) -> np.ndarray:
        """(size, count)."""

    @abstractmethod
    def derivative(self, neuron: Neuron, parameter: str, size: int) -> np.ndarray:
        """d values / d parameter, (size, count)."""


class Hoisted(Constants):
    """Expressions of parameters and the time step, found in the assignments of a program.

    Attributes:
        aside: what stands for each parameter in the assignments, whose own symbols it may not be.
        expressions: in the order of the constants.
    """

    def __init__(self, dt: float, parameters: Iterable[sp.Symbol]) -> None:
        self.dt = dt
        self.aside = {p: sp.Symbol(f"{p.name}'", real=True) for p in parameters}
        self._back = {aside: p for p, aside in self.aside.items()}
        self.expressions: list[sp.Expr] = []
        self._found: dict[sp.Expr, sp.Symbol] = {}

    @property
    def count(self) -> int:  # type: ignore[override]
        return len(self.expressions)

    def hoist(self, expression: sp.Expr, moving: set[sp.Symbol]) -> sp.Expr:
        """The expression with constants for its largest parts without a symbol of ``moving``."""
        if expression.is_number or expression in moving:
            return expression
        if not expression.free_symbols & moving:
            return self._constant(expression)
        if isinstance(expression, (sp.Add, sp.Mul)):
            fixed = [a for a in expression.args if not a.free_symbols & moving]
            rest = [self.hoist(a, moving) for a in expression.args if a.free_symbols & moving]
            part = expression.func(*fixed)
            return expression.func(part if part.is_number else self._constant(part), *rest)
        return expression.func(*(self.hoist(a, moving) for a in expression.args))

    def _constant(self, expression: sp.Expr) -> sp.Symbol:
        if expression not in self._found:
            self._found[expression] = numbered("c", len(self.expressions))
            self.expressions.append(expression.xreplace(self._back))
        return self._found[expression]

    def values(self, neuron: Neuron, size: int) -> np.ndarray:
        return self._numbers(self.expressions, neuron, size)

    def derivative(self, neuron: Neuron, parameter: str, size: int) -> np.ndarray:
        by = sp.Symbol(parameter, real=True)
        return self._numbers([e.diff(by) for e in self.expressions], neuron, size)

    def _numbers(self, expressions: list[sp.Expr], neuron: Neuron, size: int) -> np.ndarray:
        values = {**neuron.parameters(size), "dt": np.full(size, self.dt)}
        return evaluate(expressions, values, size)


@dataclass(frozen=True)
class Affine(Constants):
    """Entries of P and p of x <- P x + p, of D = (P - 1) / dt, and of M and m of x' = M x + m.

    H and G are what P and D are while the thresholded state is held.

    Attributes:
        entries: matrix, row and column of each constant; the column S is that of p and m.
    """

    dt: float
    discretisation: str
    entries: tuple[tuple[str, int, int], ...]

    @property
    def count(self) -> int:  # type: ignore[override]
        return len(self.entries)

    def symbol(self, matrix: str, row: int, column: int) -> sp.Expr:
        """The constant of an entry, 0 where it has none."""
        if (matrix, row, column) not in self.entries:
            return sp.Integer(0)
        return numbered("c", self.entries.index((matrix, row, column)))

    def values(self, neuron: Neuron, size: int) -> np.ndarray:
        flow = augmented(neuron, size)
        held = _held(neuron, flow)
        if neuron.on_grid:
            propagator = neuron.propagator(size, self.dt, self.discretisation)
        else:
            propagator = exponential(flow, self.dt, self.discretisation)
        unit = np.eye(flow.shape[-1])
        holding = exponential(held, self.dt, self.discretisation)
        return self._pick(propagator, propagator - unit, holding, holding - unit, flow)

    def derivative(self, neuron: Neuron, parameter: str, size: int) -> np.ndarray:
        flow, change = augmented(neuron, size), augmented_change(neuron, parameter, size)
        if not neuron.on_grid:
            of_step = exponential_derivative(flow, change, self.dt, self.discretisation)
        elif parameter in neuron.time_constants:
            of_step = neuron.propagator_derivative(parameter, size, self.dt, self.discretisation)
        else:
            of_step = np.zeros_like(change)
        holding = exponential_derivative(
            _held(neuron, flow), _held(neuron, change), self.dt, self.discretisation
        )
        return self._pick(of_step, of_step, holding, holding, change)

    def _pick(
        self,
        propagator: np.ndarray,
        moved: np.ndarray,
        holding: np.ndarray,
        moved_holding: np.ndarray,
        flow: np.ndarray,
    ) -> np.ndarray:
        found = {"P": propagator, "D": moved / self.dt, "M": flow}
        found |= {"H": holding, "G": moved_holding / self.dt}
        picked = [found[matrix][:, i, j] for matrix, i, j in self.entries]
        return np.stack(picked, axis=1) if picked else np.zeros((len(flow), 0))


def _held(neuron: Neuron, flow: np.ndarray) -> np.ndarray:
    """M where the thresholded state does not move."""
    held = flow.copy()
    held[:, neuron.states.index(neuron.threshold_state)] = 0.0
    return held


def augmented(neuron: Neuron, size: int) -> np.ndarray:
    """M with m beside it as the column of a further state that is always 1."""
    flow, drive = neuron.flow(size), neuron.drive(size)
    return _augmented(flow, drive) if np.any(drive) else flow


def augmented_change(neuron: Neuron, parameter: str, size: int) -> np.ndarray:
    """Its derivative by a parameter."""
    change = neuron.change(parameter, size)
    return _augmented(change.flow, change.drive) if np.any(neuron.drive(size)) else change.flow


def _augmented(flow: np.ndarray, drive: np.ndarray) -> np.ndarray:
    size, count = drive.shape
    result = np.zeros((size, count + 1, count + 1))
    result[:, :count, :count], result[:, :count, count] = flow, drive
    return result
