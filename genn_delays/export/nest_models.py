"""Populations as models of NEST that give the same spikes on the grid.

    iaf_psc_exp                 a membrane with one current and a reset to a value
    iaf_psc_exp_multisynapse    several currents, such as an adaptation
    iaf_psc_delta               DiscreteLIF, whose input goes into V; latches are delays

With ``C_m = tau_m`` currents have the unit of V. What a spike adds to a current is a synapse of
the neuron onto itself. That arrives a step late, by which time exp(-dt / tau_k) of it would be
left, and V would have moved by P_Vk times it: the weight is that rest, and V is reset to where it
makes up for the move.

A reset by an amount is in no model that tests its threshold in every step: mat2_psc_exp, whose
threshold could jump instead, rests for a step at least.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from genn_delays.declaration.neurons import DiscreteReadout
from genn_delays.export.currents import Currents, currents_of
from genn_delays.export.description import DescribedPopulation, Description

NEVER = 1e300
"""Threshold of what does not spike."""


@dataclass(eq=False)
class Model:
    """A population of ``n`` units in NEST.

    Attributes:
        name: of the model.
        values: parameters by name, (n,), or (n, K) of what is a list in NEST.
        waits: steps that an arrival waits, which NEST's delays include.
        receptors: of each input state; None where the model has one.
        gain: what weights are multiplied by, (n,), by input state.
        onto_itself: weights of the synapses of units onto themselves, (n,), by receptor.
    """

    name: str
    values: dict[str, np.ndarray]
    waits: int = 0
    receptors: dict[str, int | None] = field(default_factory=dict)
    gain: dict[str, np.ndarray] = field(default_factory=dict)
    onto_itself: dict[int, np.ndarray] = field(default_factory=dict)


def model_of(p: DescribedPopulation, description: Description) -> Model | str:
    """The model of a population, or why there is none, as the end of a sentence."""
    if isinstance(p.neuron, DiscreteReadout):
        return _delta(p, description.dt)
    currents = currents_of(p, description)
    if currents is None:
        return (
            f"NEST has no model of {p.kind} neurons that takes the same steps; it has some of "
            "membranes with exponential currents"
        )
    inputs = p.input_state_names
    if currents.voltage in inputs:
        return f"its input goes into {currents.voltage!r} itself"
    if np.any(currents.initial[1]):
        return "its currents do not begin at 0"
    if currents.amount is not None:
        return "a reset by an amount is in no model of NEST that tests V in every step"
    return _hard(p, currents, description.dt)


def _common(p: DescribedPopulation, currents: Currents) -> dict[str, np.ndarray]:
    nothing = np.zeros(p.size)
    values = {"C_m": currents.tau, "tau_m": currents.tau, "E_L": nothing, "I_e": currents.drive}
    return values | {"V_m": currents.initial[0], "t_ref": nothing}


def _threshold(p: DescribedPopulation) -> np.ndarray:
    return np.full(p.size, NEVER) if p.planned.threshold is None else p.planned.threshold


def _gains(p: DescribedPopulation, currents: Currents) -> dict[str, np.ndarray]:
    """By input state, what weights are multiplied by; left out where that changes nothing."""
    found = {}
    for name in p.input_state_names:
        gain = currents.gain[:, currents.names.index(name)]
        if not np.allclose(gain, 1.0, rtol=0, atol=1e-12):
            found[name] = gain
    return found


def _hard(p: DescribedPopulation, currents: Currents, dt: float) -> Model:
    values = _common(p, currents) | {"V_th": _threshold(p)}
    values["t_ref"] = p.planned.refractory * dt
    value = np.zeros(p.size) if currents.value is None else currents.value
    if len(currents.names) == 1 and not np.any(currents.jump):
        tau = currents.taus[:, 0]
        values |= {"V_reset": value, "tau_syn_ex": tau, "tau_syn_in": tau}
        receptors: dict[str, int | None] = {currents.names[0]: None}
        return Model("iaf_psc_exp", values, receptors=receptors, gain=_gains(p, currents))
    v = p.planned.threshold_state
    others = [k for k in range(len(p.planned.states)) if k != v]
    propagator = p.neuron.propagator(p.size, dt, "exact")
    moved = np.einsum("nk,nk->n", propagator[:, v, others], currents.jump) / propagator[:, v, v]
    value = value + np.where(p.planned.refractory == 0, moved, 0.0)
    rest = currents.jump * currents.gain * np.exp(-dt / currents.taus)
    return Model(
        "iaf_psc_exp_multisynapse",
        values | {"V_reset": value, "tau_syn": currents.taus},
        receptors={name: k + 1 for k, name in enumerate(currents.names)},
        gain=_gains(p, currents),
        onto_itself={k + 1: column for k, column in enumerate(rest.T) if np.any(column)},
    )


def _delta(p: DescribedPopulation, dt: float) -> Model | str:
    planned, count = p.planned, len(p.planned.states)
    if p.is_spiking and np.any(planned.reset_matrix[:, 0, 0]):
        return "NEST has no model whose input goes into V that is reset by an amount"
    if p.is_spiking and np.any(planned.reset_matrix[:, range(1, count), range(1, count)] != 1):
        return "its spikes wipe input that waits, and NEST's are on their way"
    kept = planned.propagator[:, 0, 0]
    if np.any(kept <= 0):
        return "its voltage is forgotten within a step"
    nothing = np.zeros(p.size)
    tau = -dt / np.log(kept) if np.all(kept < 1) else None
    if tau is None:
        return "its voltage does not decay"
    values = {"C_m": tau, "tau_m": tau, "E_L": nothing, "I_e": nothing, "V_m": nothing}
    values |= {"t_ref": nothing, "V_th": _threshold(p), "V_reset": nothing}
    return Model("iaf_psc_delta", values, waits=count - 1, receptors={p.input_state_names[0]: None})
