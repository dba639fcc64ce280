"""What the native backend has for each gradient rule, by the name of the rule."""

from __future__ import annotations

from genn_delays.backends.native import eventprop, surrogate
from genn_delays.backends.native.engine import Rule
from genn_delays.planning.plan import Plan

RULES: dict[str, Rule] = {"eventprop": eventprop.RULE, "surrogate": surrogate.RULE}


def rule_for(plan: Plan) -> Rule:
    """The entry of a plan's gradient rule."""
    return RULES[plan.gradient.name]
