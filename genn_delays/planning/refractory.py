"""Refractory periods on the time grid: how long a neuron holds its voltage, and which ones can.

After a spike at step t a neuron of n steps keeps its thresholded state V through the flow of the
steps t + 1 .. t + n (row V of the propagator is that of the identity) and does not spike in them.
"""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.timing import MAX_STEPS, delay_to_steps
from genn_delays.support.errors import PlanError


def refractory_steps(
    name: str, neuron: Neuron, propagator: np.ndarray | None, flow: np.ndarray, dt: float
) -> np.ndarray:
    """Steps in which each neuron of population ``name`` holds V after a spike, int32, (n,).

    Args:
        propagator, flow: P and M, (n, S, S); None for P where there is a step map.
        dt: ms.

    Raises:
        PlanError: a period shorter than half a step, or a neuron whose V cannot be held.
    """
    period = neuron.refractory_period(len(flow))
    # beyond the longest trial all periods are alike
    steps = delay_to_steps(np.minimum(period, (MAX_STEPS - 1) * dt), dt)
    held = period > 0
    if not np.any(held):
        return steps
    if np.any(held & (steps == 0)):
        raise PlanError(
            f"population {name!r}: refractory={period[held & (steps == 0)].min():g} ms is less "
            f"than half a time step, dt={dt:g} ms; give 0, a longer period or a smaller dt"
        )
    v = neuron.states.index(neuron.threshold_state)
    if neuron.threshold_state in neuron.input_states:
        raise PlanError(
            f"population {name!r}: input jumps the voltage {neuron.threshold_state!r}, which "
            "refractory would hold; give the neuron a synaptic state of its own"
        )
    if propagator is None:
        return steps  # the step map holds V within the step
    others = np.arange(len(neuron.states)) != v
    dynamics = propagator if neuron.on_grid else flow
    follows = np.any(dynamics[held, :, v] != 0, axis=0) & others
    if np.any(follows):
        raise PlanError(
            f"population {name!r}: {neuron.states[int(follows.argmax())]!r} follows the voltage "
            f"{neuron.threshold_state!r}, which refractory would hold; uncouple it (a=0 in "
            "AdaptiveLIF), or leave refractory out"
        )
    return steps
