"""EventProp as GeNN snippets: the adjoint jumps at the spikes, which a tape keeps.

Going back only spikes visit their synapses, in the step before their own.
"""

from __future__ import annotations

from genn_delays.backends.genn.equations import check_names, constants_in, equations, render
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
from genn_delays.planning.gradients import EventProp
from genn_delays.planning.plan import Plan

_TRAVERSAL = (
    Variable("Next", "uint32_t"),
    Variable("Back", "uint8_t"),
    Variable("Left", "uint32_t"),
)
"""Place on the tape; whether the synapses are to be visited backwards; steps left to arrive in."""


def neuron(plan: Plan, k: int, keeps: bool = False) -> NeuronSnippet:
    """The model of population ``k`` that trains: both passes, with a tape in between.

    Args:
        keeps: write the adjoint of the input in every step to the array ``Adjoint``.
    """
    p, sends = plan.populations[k], bool(plan.out_of(k))
    voltage = plan.reads_voltage(k)
    first = k == plan.readout_population and plan.readout.reads == "first_spike"
    shared = (("Trial", "unsigned int", 0), ("Steps", "unsigned int", plan.steps))
    if p.is_input:
        variables = (Variable("Value", "scalar"), *_TRAVERSAL)
        return input_neuron(render("eventprop/input.j2"), shared, variables)
    check_names(p)
    tape = tuple((f"Tape_{s}", "scalar") for s in p.states) if p.is_spiking else ()
    arrays = (
        observed(plan, k)
        + ((("TapeCount", "uint32_t"), ("TapeStep", "uint32_t"), *tape) if p.is_spiking else ())
        + ((("TapeRelease", "scalar"),) if p.holds else ())
        + ((("SpikeDrive", "scalar"),) if p.is_spiking else ())
        + ((("FirstSpikeGradient", "scalar"),) if first else ())
        + ((("Adjoint", "scalar"),) if keeps else ())
    )
    adjoint = scalars(*(f"adjoint_{s}" for s in p.states))
    slots = scalars("Into", "Shift", "Moved", *(("Release",) if p.holds else ()))
    assert isinstance(plan.gradient, EventProp)
    room = (("Room", "unsigned int", 0), ("MinSlope", "scalar", plan.gradient.min_slope))
    read = {"voltage": voltage, "weighted": voltage and sums(plan), "first_spike": first}
    code = render("eventprop/neuron.j2", **read, sends=sends, keeps=keeps, **equations(p))
    params, constants = constants_in(code, p)
    return NeuronSnippet(
        sim_code=code,
        threshold_code="fired" if p.is_spiking else "",
        params=shared + (room if p.is_spiking else ()) + params,
        dynamic=("Trial", "Room") if p.is_spiking else ("Trial",),
        variables=(*states_of(p), *adjoint, *slots, *(_TRAVERSAL if p.is_spiking else ())),
        constants=constants,
        arrays=arrays,
        inputs=("ArrivalGradient",) if p.is_spiking else (),
    )


def synapse(plan: Plan, index: int) -> SynapseSnippet:
    """The model of projection ``index`` that trains."""
    projection = plan.projections[index]
    graded = plan.populations[projection.pre].is_input
    return SynapseSnippet(
        spike_code=render("common/deliver.j2", graded=graded, extra=0),
        arrive_code=render("common/arrive.j2"),
        event_condition="Back",
        event_code=render("eventprop/collect.j2", graded=graded, feedback=not graded),
        variables=(*parameters(projection.max_delay_steps), *GRADIENTS),
        pre=(("Back", "uint8_t"), ("Left", "uint32_t"))
        + ((("Value", "scalar"),) if graded else ()),
        post=(("Into", "scalar"), ("Shift", "scalar")),
    )
