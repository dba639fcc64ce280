"""What a GeNN model is made of, as data: code, names, types and values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.planning.plan import Plan, PlannedPopulation


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
        params: (name, type, value) of what all synapses share; the host may set them.
        pre, post: (name, type) of variables of the neurons at both ends.
        target: input of the neurons that it is handed to.
    """

    spike_code: str
    arrive_code: str
    event_condition: str = ""
    event_code: str = ""
    params: tuple[tuple[str, str, float], ...] = ()
    variables: tuple[Variable, ...] = ()
    pre: tuple[tuple[str, str], ...] = ()
    post: tuple[tuple[str, str], ...] = ()
    target: str = "Isyn"


GRADIENTS = (Variable("weight_gradient", "scalar"), Variable("delay_gradient", "scalar"))
"""What every synapse sums up going back."""


Params = tuple[tuple[str, str, float], ...]


def input_neuron(sim_code: str, params: Params, variables: tuple[Variable, ...]) -> NeuronSnippet:
    """A population whose events the host hands over, sorted by unit and step."""
    return NeuronSnippet(
        sim_code=sim_code,
        threshold_code="fired",
        params=params,
        dynamic=("Trial",),
        variables=variables,
        arrays=(("EventStart", "uint32_t"), ("EventStep", "uint32_t"), ("EventValue", "scalar")),
    )


def sums(plan: Plan) -> bool:
    """True where the device sums the voltages that a readout weights by their steps."""
    return plan.readout.weights(plan.steps, plan.dt) is not None


def observed(plan: Plan, k: int) -> tuple[tuple[str, str], ...]:
    """Arrays of population ``k`` for a readout of its voltage: every one, or sums of them."""
    if not plan.reads_voltage(k):
        return ()
    if sums(plan):
        return (("Output", "double"), ("OutputGradient", "scalar"), ("StepWeight", "double"))
    return (("Voltage", "scalar"), ("VoltageGradient", "scalar"))


def scalars(*names: str) -> tuple[Variable, ...]:
    """Variables of the model's precision."""
    return tuple(Variable(name, "scalar") for name in names)


def states_of(p: PlannedPopulation) -> tuple[Variable, ...]:
    """The state of a neuron under its own names, and ``Hold``: steps in which V is still held."""
    return scalars(*p.states) + ((Variable("Hold", "uint32_t"),) if p.holds else ())


def type_of(constant: str) -> str:
    """The type of a constant of the equations: steps are counted, in any precision."""
    return "uint32_t" if constant == "Refractory" else "scalar"


def parameters(max_delay_steps: int) -> tuple[Variable, ...]:
    """Weight and delay in steps; the delay in the smallest type that holds the largest."""
    kind = f"{np.min_scalar_type(max_delay_steps)}_t"
    return Variable("w", "scalar", "READ_ONLY"), Variable("d", kind, "READ_ONLY")
