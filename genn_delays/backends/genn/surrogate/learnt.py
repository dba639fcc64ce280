"""What is learnt of a linear neuron: its step becomes a program here, as that of all others."""

from __future__ import annotations

from dataclasses import replace

from genn_delays.planning.dynamics import PlannedPopulation, numbers_of
from genn_delays.planning.plan import Plan


def with_learning_maps(plan: Plan) -> Plan:
    """The plan in which every population that learns a time constant has a step map.

    Elsewhere the surrogate rule takes dL/d time constants from dL/dP. The numbers of the step are
    those of P.
    """
    return replace(plan, populations=tuple(_mapped(p, plan) for p in plan.populations))


def _mapped(p: PlannedPopulation, plan: Plan) -> PlannedPopulation:
    learn = tuple(name for name in p.learn if name in p.neuron.learnable)
    if p.step_map is not None or not learn:
        return p

    from genn_delays.planning.step_maps.step_map import make_step_map  # sympy takes long

    step = make_step_map(p.neuron, learn, p.size, p.holds, plan.dt, plan.discretisation)
    constants, changes = numbers_of(step, p.neuron, learn, p.size)
    return replace(p, step_map=step, constants=constants, changes=changes)
