"""EventProp on the embedded engine: one neuron per lane, spikes as events."""

from __future__ import annotations

from genn_delays.backends.native.engine import Rule
from genn_delays.backends.native.eventprop.codegen import render
from genn_delays.backends.native.eventprop.memory import estimate
from genn_delays.backends.native.eventprop.simulation import EventPropEngine
from genn_delays.planning.plan import Plan


def check(plan: Plan) -> None:
    """Every plan runs."""


RULE = Rule(EventPropEngine, render, estimate, check)
