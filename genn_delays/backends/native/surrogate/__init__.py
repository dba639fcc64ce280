"""Surrogate gradients on the embedded engine: one trial per lane, every step of every unit."""

from __future__ import annotations

from genn_delays.backends.native.engine import Rule
from genn_delays.backends.native.surrogate.codegen import render, rule_of
from genn_delays.backends.native.surrogate.memory import estimate
from genn_delays.backends.native.surrogate.simulation import SurrogateEngine
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import PlanError


def check(plan: Plan) -> None:
    """Spikes are spikes."""
    if rule_of(plan).smooth:
        raise PlanError(
            "Surrogate(smooth=True) is for checks by finite differences; run these with "
            "backend='reference', or leave smooth out"
        )


RULE = Rule(SurrogateEngine, render, estimate, check)
