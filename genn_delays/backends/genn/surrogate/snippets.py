"""The surrogate rule as GeNN snippets: BPTT through every step, and its transpose.

Forwards the voltage of every step is kept (with an attached reset also the other states that a
reset reads, with a step map all of them). Going back, the neuron of own step t asks, in the step
before, for dL/d(sent): it emits an event, which visits all its synapses and reads a_in of their
arrival steps. So that no value is read before it is known, the gradient of a rounded delay is taken
one step further on: the visit for t serves the weight with what was sent at t, and the delay with
what was sent at t + 1, whose central difference needs a_in one step before its arrival.
"""

from __future__ import annotations

import numpy as np

from genn_delays.backends.genn import step_map
from genn_delays.backends.genn.equations import check_names, constants_in, equations, render
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.backends.genn.snippets import (
    GRADIENTS,
    NeuronSnippet,
    SynapseSnippet,
    Variable,
    input_neuron,
    observed,
    parameters,
    scalars,
    states_of,
    sums,
)
from genn_delays.backends.genn.step_map import ports_of, suffix_of, sums_of, surrogate_arguments
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.plan import Plan, PlannedPopulation

_SENT = (
    Variable("Value", "scalar"),
    Variable("LaterValue", "scalar"),
    Variable("Back", "uint8_t"),
    Variable("Left", "uint32_t"),
)
"""What was sent in the step that is visited, and in the one after it; whether to visit; how many
steps back the postsynaptic side has been going."""

SHAPES = ("gaussian", "triangle")
"""Delay kernels whose shape and slope the templates have."""


def rule_of(plan: Plan) -> Surrogate:
    """The gradient rule of a plan that has this one."""
    assert isinstance(plan.gradient, Surrogate)
    return plan.gradient


def kept_states(plan: Plan, p: PlannedPopulation) -> tuple[str, ...]:
    """States besides the voltage whose history is read, by a step map or an attached reset."""
    attached, v = not rule_of(plan).detach_reset, p.states[p.threshold_state]
    if p.step_map is not None:
        return tuple(s for s in step_map.kept_states(p, attached) if s != v)
    if not p.is_spiking or not attached:
        return ()
    read = np.any(p.reset_matrix != np.eye(len(p.states)), axis=(0, 1))
    return tuple(s for i, s in enumerate(p.states) if read[i] and s != v)


def neuron(plan: Plan, k: int, keeps: bool = False) -> NeuronSnippet:
    """The model of population ``k``: both passes, with the history of its steps in between.

    Args:
        keeps: write the adjoint of the input in every step to the array ``Adjoint``.
    """
    p, schedule = plan.populations[k], schedule_of(plan)
    shared: list[tuple[str, str, float]] = [
        ("Trial", "unsigned int", 0),
        ("Line", "unsigned int", schedule.forward),
    ]
    if p.is_input:
        variables = (Variable("Next", "uint32_t"), *_SENT)
        return input_neuron(render("surrogate/input.j2"), tuple(shared), variables)
    check_names(p)
    shared += [
        ("Steps", "unsigned int", plan.steps),
        ("Offset", "unsigned int", schedule.offsets[k]),
        ("Life", "unsigned int", plan.steps - p.tail),
    ]
    if p.is_spiking:
        shared.append(("Slope", "scalar", rule_of(plan).slope))
    code, ports = _code(plan, k, keeps), ports_of(p)
    params, constants = constants_in(code, p)
    return NeuronSnippet(
        sim_code=code,
        threshold_code="fired" if p.is_spiking else "",
        params=(*shared, *params),
        dynamic=("Trial",),
        variables=_variables(p),
        constants=(*constants, *(("Bias",) if p.has_bias else ())),
        arrays=_arrays(plan, k)
        + (tuple((f"Adjoint{port.suffix}", "scalar") for port in ports) if keeps else ()),
        inputs=(("ArrivalGradient",) if p.is_spiking else ())
        + tuple(f"Isyn{port.suffix}" for port in ports[1:]),
    )


def _code(plan: Plan, k: int, keeps: bool) -> str:
    p, read = plan.populations[k], plan.reads_voltage(k)
    attached = not rule_of(plan).detach_reset
    values = surrogate_arguments(p, attached) if p.step_map is not None else {}
    return render(
        "surrogate/neuron.j2",
        **values,
        read=read,
        weighted=read and sums(plan),
        recorded="Voltage" in dict(_arrays(plan, k)),
        sends=bool(plan.out_of(k)),
        keeps=keeps,
        kept=kept_states(plan, p),
        function=rule_of(plan).function,
        attached=attached,
        dropout=p.dropout > 0,
        tail=p.tail > 0,
        learns_bias="bias" in p.learn,
        **equations(p, "(Isyn + Bias)" if p.has_bias else "Isyn"),
    )


def _variables(p: PlannedPopulation) -> tuple[Variable, ...]:
    adjoint = scalars(*(f"adjoint_{s}" for s in p.states))
    suffixes = [port.suffix for port in ports_of(p)]
    slots = scalars(*(name + s for s in suffixes for name in ("Into", "Shift", "Into1", "Into2")))
    bias = scalars("bias_gradient") if "bias" in p.learn else ()
    return (*states_of(p), *adjoint, *slots, *bias, *(_SENT if p.is_spiking else ()))


def _arrays(plan: Plan, k: int) -> tuple[tuple[str, str], ...]:
    p, read = plan.populations[k], observed(plan, k)
    mapped = p.step_map is not None
    keeps = p.is_spiking or mapped
    names = ["Voltage"] if keeps and ("Voltage", "scalar") not in read else []
    names += [f"History_{s}" for s in kept_states(plan, p)]
    names += ["SpikeDrive"] if p.is_spiking else []
    names += ["Dropout"] if p.dropout else []
    arrays = read + tuple((name, "scalar") for name in names)
    arrays += (("Held", "uint8_t"),) if p.holds else ()
    arrays += sums_of(p) if mapped else ()
    return arrays + ((("TapeCount", "uint32_t"),) if p.is_spiking else ())


def synapse(plan: Plan, index: int) -> SynapseSnippet:
    """The model of projection ``index``: one tap without a kernel, else as many as it has."""
    projection, extra = plan.projections[index], schedule_of(plan).extras[index]
    pre = plan.populations[projection.pre]
    graded, spread = pre.is_input or pre.dropout > 0, projection.kernel is not None
    suffix = suffix_of(projection.port)
    values = {"graded": graded, "feedback": not pre.is_input, "extra": extra, "suffix": suffix}
    kind = (projection.kernel or "").lower()
    collect = "surrogate/kernel_collect.j2" if spread else "surrogate/collect.j2"
    deliver = "surrogate/kernel_deliver.j2" if spread else "common/deliver.j2"
    kernel = scalars("centre", "scale", "drift") if spread else ()
    slots = ("Into",) if spread else ("Into", "Shift")
    sent = ("Value",) if spread else ("Value", "LaterValue")
    return SynapseSnippet(
        spike_code=render(deliver, kernel=kind, **values),
        arrive_code=render("common/arrive.j2"),
        event_condition="Back",
        event_code=render(collect, kernel=kind, **values),
        params=(("Taps", "unsigned int", 1), ("Width", "scalar", 1.0)) if spread else (),
        variables=(
            *parameters(projection.max_delay_steps),
            *(Variable(v.name, v.type, "READ_ONLY") for v in kernel),
            *GRADIENTS,
        ),
        pre=(("Back", "uint8_t"), ("Left", "uint32_t"), *((name, "scalar") for name in sent)),
        post=tuple((name + suffix, "scalar") for name in slots),
        target=f"Isyn{suffix}",
    )
