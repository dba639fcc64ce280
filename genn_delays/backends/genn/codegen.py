"""From a plan to GeNN models: every snippet is rendered from the propagator P, as declared data.

Nothing here needs PyGeNN: what comes out is text and names, which ``show-code`` prints, the
cache hashes and :mod:`genn_delays.backends.genn.model` hands to PyGeNN.

A model runs both passes on one time line: the steps of the trial, then those of the adjoint, going
back (see ``schedule``). Spikes and the states before them stay on the device in between. What
happens there depends on the gradient rule: ``eventprop`` and ``surrogate``.
"""

from __future__ import annotations

from types import ModuleType

from genn_delays.backends.genn.equations import check_names, constants_in, equations, render
from genn_delays.backends.genn.eventprop import snippets as eventprop
from genn_delays.backends.genn.snippets import (
    NeuronSnippet,
    SynapseSnippet,
    parameters,
    states_of,
)
from genn_delays.backends.genn.step_map import forward_arguments, ports_of
from genn_delays.backends.genn.surrogate import snippets as surrogate
from genn_delays.planning.plan import Plan, PlannedPopulation
from genn_delays.planning.timing import CLOSE

RULES: dict[str, ModuleType] = {"eventprop": eventprop, "surrogate": surrogate}
"""The snippets of each gradient rule."""


def neuron(plan: Plan, k: int, keeps: bool = False) -> NeuronSnippet:
    """The model of population ``k`` that trains; ``keeps`` the adjoint of its input, every step."""
    return RULES[plan.gradient.name].neuron(plan, k, keeps)


def synapse(plan: Plan, index: int) -> SynapseSnippet:
    """The model of projection ``index`` that trains."""
    return RULES[plan.gradient.name].synapse(plan, index)


def embedded_neuron(p: PlannedPopulation, offset: int = 0) -> NeuronSnippet:
    """The model of a population that only runs forwards, for models of the user's own.

    Args:
        offset: steps of the model before its own first one, in which a bias does not act yet, and
            what has a step map stays in the state in which a trial begins.

    Raises:
        PlanError: a name that GeNN code cannot have.
    """
    check_names(p)
    mapped, later = p.step_map is not None, offset > 0
    bias = "((rint(t / dt) < Offset) ? 0.0 : Bias)" if later and not mapped else "Bias"
    values = equations(p, f"(Isyn + {bias})" if p.has_bias else "Isyn")
    values |= forward_arguments(p) if mapped else {}
    code = render(f"common/{'embedded' if mapped else 'flow'}.j2", later=later, **values)
    threshold = f"{p.states[p.threshold_state]} >= threshold" if p.is_spiking else ""
    threshold += " && !held" if p.holds else ""
    reset = render("common/reset.j2", **equations(p)) if p.is_spiking else ""
    params, constants = constants_in(code + threshold + reset, p)
    if "Offset" in code:
        params = (*params, ("Offset", "scalar", offset))
    return NeuronSnippet(
        sim_code=code,
        threshold_code=threshold,
        reset_code=reset,
        params=params,
        variables=states_of(p),
        constants=(*constants, *(("Bias",) if p.has_bias else ())),
        inputs=tuple(f"Isyn{port.suffix}" for port in ports_of(p)[1:]),
    )


def embedded_synapse(max_delay_steps: int, extra: int = 0) -> SynapseSnippet:
    """The model of a projection that only runs forwards.

    Args:
        extra: steps that a spike takes besides 1 and its delay.
    """
    return SynapseSnippet(
        spike_code=render("common/deliver.j2", graded=False, extra=extra),
        arrive_code=render("common/arrive.j2"),
        variables=parameters(max_delay_steps),
    )


def adam_code(parameter: str) -> str:
    """The update code of Adam over ``"weight"`` or ``"delay"``."""
    return render("common/adam.j2", parameter=parameter, close=CLOSE)
