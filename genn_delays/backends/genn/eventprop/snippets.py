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
from genn_delays.backends.genn.step_map import eventprop_arguments, suffix_of, sums_of
from genn_delays.planning.gradients import EventProp
from genn_delays.planning.plan import Plan, PlannedPopulation

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
    mapped = p.step_map is not None
    suffixes = [suffix_of(k) for k in range(len(p.input_states) or 1)]
    tape = tuple((f"Tape_{s}", "scalar") for s in p.states) if p.is_spiking else ()
    arrays = (
        observed(plan, k)
        + ((("TapeCount", "uint32_t"), ("TapeStep", "uint32_t"), *tape) if p.is_spiking else ())
        + ((("TapeRelease", "scalar"),) if p.holds else ())
        + ((("SpikeDrive", "scalar"),) if p.is_spiking else ())
        + ((("FirstSpikeGradient", "scalar"),) if first else ())
        + (tuple((f"Adjoint{s}", "scalar") for s in suffixes) if keeps else ())
        + (_mapped_arrays(p) if mapped else ())
    )
    adjoint = scalars(*(f"adjoint_{s}" for s in p.states))
    slots = scalars(*(name + s for s in suffixes for name in ("Into", "Shift", "Moved")))
    slots += scalars("Release") if p.holds else ()
    assert isinstance(plan.gradient, EventProp)
    room = (("Room", "unsigned int", 0), ("MinSlope", "scalar", plan.gradient.min_slope))
    read = {"voltage": voltage, "weighted": voltage and sums(plan), "first_spike": first}
    values = {**read, "sends": sends, "keeps": keeps, **equations(p)}
    values |= eventprop_arguments(p) if mapped else {}
    code = render(f"eventprop/{'mapped' if mapped else 'neuron'}.j2", **values)
    params, constants = constants_in(code, p)
    return NeuronSnippet(
        sim_code=code,
        threshold_code="fired" if p.is_spiking else "",
        params=shared + (room if p.is_spiking else ()) + params,
        dynamic=("Trial", "Room") if p.is_spiking else ("Trial",),
        variables=(*states_of(p), *adjoint, *slots, *(_TRAVERSAL if p.is_spiking else ())),
        constants=constants,
        arrays=arrays,
        inputs=(("ArrivalGradient",) if p.is_spiking else ())
        + tuple(f"Isyn{s}" for s in suffixes[1:]),
    )


def _mapped_arrays(p: PlannedPopulation) -> tuple[tuple[str, str], ...]:
    """Of a step map: the states before each flow, and what arrived with each spike."""
    starts = tuple((f"Start_{s}", "scalar") for s in p.states)
    ports = range(len(p.input_states)) if p.is_spiking else ()
    arrived = tuple((f"Tape_Arrived{suffix_of(k)}", "scalar") for k in ports)
    return (*starts, *arrived, *sums_of(p))


def synapse(plan: Plan, index: int) -> SynapseSnippet:
    """The model of projection ``index`` that trains."""
    projection = plan.projections[index]
    graded, suffix = plan.populations[projection.pre].is_input, suffix_of(projection.port)
    return SynapseSnippet(
        spike_code=render("common/deliver.j2", graded=graded, extra=0),
        arrive_code=render("common/arrive.j2"),
        event_condition="Back",
        event_code=render(
            "eventprop/collect.j2", graded=graded, feedback=not graded, suffix=suffix
        ),
        variables=(*parameters(projection.max_delay_steps), *GRADIENTS),
        pre=(("Back", "uint8_t"), ("Left", "uint32_t"))
        + ((("Value", "scalar"),) if graded else ()),
        post=((f"Into{suffix}", "scalar"), (f"Shift{suffix}", "scalar")),
        target=f"Isyn{suffix}",
    )
