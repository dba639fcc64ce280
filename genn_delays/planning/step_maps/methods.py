"""From a flow to the change of a step, as assignments: exponential Euler and Runge-Kutta.

Each takes the flow as a function of a point, and returns the change of each state over ``h`` ms. A
state that a refractory neuron holds has a flow of 0 throughout.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from genn_delays.declaration.equations.functions import exprel
from genn_delays.declaration.equations.system import System
from genn_delays.planning.step_maps.program import FREE, Assignment

Point = list[sp.Expr]
Flow = Callable[[Point], Point]


def euler(flow: Flow, x: Point, h: sp.Expr) -> Point:
    """dx = h f(x)."""
    return [h * f for f in flow(x)]


def rk2(flow: Flow, x: Point, h: sp.Expr) -> Point:
    """The midpoint rule."""
    middle = [u + h / 2 * f for u, f in zip(x, flow(x), strict=True)]
    return [h * f for f in flow(middle)]


def rk4(flow: Flow, x: Point, h: sp.Expr) -> Point:
    """The classical rule of fourth order."""
    k1 = flow(x)
    k2 = flow([u + h / 2 * f for u, f in zip(x, k1, strict=True)])
    k3 = flow([u + h / 2 * f for u, f in zip(x, k2, strict=True)])
    k4 = flow([u + h * f for u, f in zip(x, k3, strict=True)])
    return [h / 6 * (a + 2 * b + 2 * c + d) for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]


METHODS = {"euler": euler, "rk2": rk2, "rk4": rk4}


def choose_method(system: System, method: str, discretisation: str) -> str:
    """What ``"auto"`` stands for; ``"euler"`` where the plan says so."""
    if discretisation == "euler":
        return "euler"
    if method != "auto":
        return method
    return "exponential_euler" if system.is_linear_in_own else "rk2"


def step_changes(
    system: System, flow: list[sp.Expr], method: str, substeps: int, holds: bool, dt: sp.Expr
) -> tuple[list[Assignment], Point]:
    """The change of each state over a step of ``dt`` ms.

    Args:
        flow: that of the system, in the symbols of programs.
        method: of :func:`choose_method`.

    Returns:
        Assignments, and the changes as expressions of these and of the states ``x0, x1, ...``.
    """
    assignments: list[Assignment] = []
    states = [sp.Symbol(f"x{k}", real=True) for k in range(len(system.states))]
    held = system.states.index(system.threshold_state) if holds else -1

    def name(expression: sp.Expr) -> sp.Expr:
        if expression.is_Symbol or expression.is_number:
            return expression
        made = sp.Symbol(f"s{len(assignments)}", real=True)
        assignments.append((made, expression))
        return made

    def at(point: Point) -> Point:
        place = dict(zip(states, map(name, point), strict=True))
        values = [f.xreplace(place) for f in flow]
        return [name(f * FREE if k == held else f) for k, f in enumerate(values)]

    def exponential_euler(at: Callable[[Point], Point], x: Point, h: sp.Expr) -> Point:
        place = dict(zip(states, x, strict=True))
        rates = [f.diff(s).xreplace(place) for f, s in zip(flow, states, strict=True)]
        return [h * f * exprel(h * a) for f, a in zip(at(x), rates, strict=True)]

    def symplectic(_: Callable[[Point], Point], x: Point, h: sp.Expr) -> Point:
        changes: Point = []
        for k, f in enumerate(flow):
            place = dict(zip(states, x, strict=True))
            rate = f.diff(states[k]).xreplace(place)
            free = FREE if k == held else 1
            changes.append(name(h * free * f.xreplace(place) * exprel(h * rate)))
            x = [*x[:k], name(x[k] + changes[k]), *x[k + 1 :]]
        return changes

    rules = METHODS | {"exponential_euler": exponential_euler, "symplectic": symplectic}
    rule = rules[method]
    h, x, total = dt / substeps, list(states), [sp.Integer(0)] * len(states)
    for _ in range(substeps):
        change = [name(d) for d in rule(at, x, h)]
        total = [a + d for a, d in zip(total, change, strict=True)]
        x = [name(s + a) for s, a in zip(states, total, strict=True)]
    return assignments, total
