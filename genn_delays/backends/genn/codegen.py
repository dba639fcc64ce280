"""From a plan to GeNN models: every snippet is rendered from the propagator P, as declared data.

Nothing here needs PyGeNN: what comes out is text and names, which ``show-code`` prints, the
cache hashes and :mod:`genn_delays.backends.genn.model` hands to PyGeNN.

A model runs both passes on one time line of 2 T steps: step t < T is step t of the trial, step
T + s is step T - 1 - s of the adjoint, going back. Spikes and the states before them stay on the
device in between, on a tape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.backends.genn.equations import check_names, constants_in, equations, render
from genn_delays.gradients import EventProp
from genn_delays.plan import Plan, PlannedPopulation


@dataclass(frozen=True)
class Variable:
    """A variable of a group: ``access`` is the name of a ``pygenn.VarAccess``."""

    name: str
    type: str
    access: str = "READ_WRITE"


@dataclass(frozen=True)
class NeuronSnippet:
    """A neuron model.

    Attributes:
        params: (name, type, value) of what all neurons share.
        dynamic: params that the host sets while the model is loaded.
        constants: names of variables that hold a constant per neuron.
        arrays: (name, type of an element) of the extra global parameters.
        inputs: input variables besides ``Isyn``.
    """

    sim_code: str
    threshold_code: str
    reset_code: str = ""
    params: tuple[tuple[str, str, float], ...] = ()
    dynamic: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    constants: tuple[str, ...] = ()
    arrays: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class SynapseSnippet:
    """A weight update model and the postsynaptic model that hands its raw output over.

    Attributes:
        pre, post: (name, type) of variables of the neurons at both ends.
    """

    spike_code: str
    arrive_code: str
    event_condition: str = ""
    event_code: str = ""
    variables: tuple[Variable, ...] = ()
    pre: tuple[tuple[str, str], ...] = ()
    post: tuple[tuple[str, str], ...] = ()


def neuron(plan: Plan, k: int) -> NeuronSnippet:
    """The model of population ``k`` that trains: both passes, with a tape in between."""
    p = plan.populations[k]
    read, reads = k == plan.readout_population, plan.readout.reads
    voltage, first = read and reads == "voltage", read and reads == "first_spike"
    drives = bool(plan.out_of(k))
    shared = (("Trial", "unsigned int", 0), ("Steps", "unsigned int", plan.steps))
    if p.is_input:
        return NeuronSnippet(
            sim_code=render("input.j2"),
            threshold_code="fired",
            params=shared,
            dynamic=("Trial",),
            variables=(Variable("Value", "scalar"), *_TRAVERSAL),
            arrays=(
                ("EventStart", "uint32_t"),
                ("EventStep", "uint32_t"),
                ("EventValue", "scalar"),
            ),
        )
    check_names(p)
    tape = tuple((f"Tape_{s}", "scalar") for s in p.states) if p.is_spiking else ()
    arrays = (
        ((("Voltage", "scalar"), ("VoltageDrive", "scalar")) if voltage else ())
        + ((("TapeCount", "uint32_t"), ("TapeStep", "uint32_t"), *tape) if p.is_spiking else ())
        + ((("SpikeDrive", "scalar"),) if p.is_spiking else ())
        + ((("FirstDrive", "scalar"),) if first else ())
    )
    adjoint = tuple(Variable(f"adjoint_{s}", "scalar") for s in p.states)
    slots = tuple(Variable(name, "scalar") for name in ("Into", "Shift", "Later"))
    assert isinstance(plan.gradient, EventProp)
    room = (("Room", "unsigned int", 0), ("MinSlope", "scalar", plan.gradient.min_slope))
    code = render("neuron.j2", voltage=voltage, first_spike=first, drives=drives, **equations(p))
    params, constants = constants_in(code, p)
    return NeuronSnippet(
        sim_code=code,
        threshold_code="fired" if p.is_spiking else "",
        params=shared + (room if p.is_spiking else ()) + params,
        dynamic=("Trial", "Room") if p.is_spiking else ("Trial",),
        variables=(*_states(p), *adjoint, *slots, *(_TRAVERSAL if p.is_spiking else ())),
        constants=constants,
        arrays=arrays,
        inputs=("ArrivalGradient",) if p.is_spiking else (),
    )


def embedded_neuron(p: PlannedPopulation) -> NeuronSnippet:
    """The model of a population that only runs forwards, for models of the user's own."""
    check_names(p)
    code = render("flow.j2", **equations(p))
    threshold = f"{p.states[p.threshold_state]} >= threshold" if p.is_spiking else ""
    reset = render("reset.j2", **equations(p)) if p.is_spiking else ""
    params, constants = constants_in(code + threshold + reset, p)
    return NeuronSnippet(
        sim_code=code,
        threshold_code=threshold,
        reset_code=reset,
        params=params,
        variables=_states(p),
        constants=constants,
    )


def synapse(plan: Plan, index: int) -> SynapseSnippet:
    """The model of projection ``index`` that trains."""
    projection = plan.projections[index]
    graded = plan.populations[projection.pre].is_input
    return SynapseSnippet(
        spike_code=render("deliver.j2", graded=graded),
        arrive_code=render("arrive.j2"),
        event_condition="Back",
        event_code=render("collect.j2", graded=graded, feedback=not graded),
        variables=(
            *_parameters(projection.max_delay_steps),
            Variable("weight_gradient", "scalar"),
            Variable("delay_gradient", "scalar"),
        ),
        pre=(("Back", "uint8_t"), ("Left", "uint32_t"))
        + ((("Value", "scalar"),) if graded else ()),
        post=(("Into", "scalar"), ("Shift", "scalar")),
    )


def embedded_synapse(max_delay_steps: int) -> SynapseSnippet:
    """The model of a projection that only runs forwards."""
    return SynapseSnippet(
        spike_code=render("deliver.j2", graded=False),
        arrive_code=render("arrive.j2"),
        variables=_parameters(max_delay_steps),
    )


def adam_code(parameter: str) -> str:
    """The update code of Adam over ``"weight"`` or ``"delay"``."""
    return render("adam.j2", parameter=parameter)


_TRAVERSAL = (
    Variable("Next", "uint32_t"),
    Variable("Back", "uint8_t"),
    Variable("Left", "uint32_t"),
)
"""Place on the tape; whether the synapses are to be visited backwards; steps left to arrive in."""


def _states(p: PlannedPopulation) -> tuple[Variable, ...]:
    return tuple(Variable(state, "scalar") for state in p.states)


def _parameters(max_delay_steps: int) -> tuple[Variable, ...]:
    """Weight and delay in steps; the delay in the smallest type that holds the largest."""
    kind = f"{np.min_scalar_type(max_delay_steps)}_t"
    return Variable("w", "scalar", "READ_ONLY"), Variable("d", kind, "READ_ONLY")
