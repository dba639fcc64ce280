"""Populations with a step map, over all of a simulation: what is learnt of them, and blow-ups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genn_delays.backends.genn.buffers import PopulationBuffers
from genn_delays.backends.step_maps import blow_up_message, unit_gradients
from genn_delays.declaration.network import Network
from genn_delays.planning.dynamics import with_current_parameters
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import BackendError, PlanError


def check_unlearnt(plan: Plan) -> None:
    """Raise PlanError for parameters of neurons that Adam on the device would leave as they are."""
    for p in plan.populations:
        if p.learn:
            raise PlanError(
                f"adam=: population {p.name!r} learns {', '.join(p.learn)}, which the host's "
                "optimiser does; leave adam= out"
            )


def load_units(plan: Plan, populations: Sequence[PopulationBuffers], network: Network) -> None:
    """Take over what training has changed of the neurons."""
    for buffers, declared in zip(populations, network.populations.values(), strict=True):
        p = buffers.population
        if p.changes:
            now = with_current_parameters(p, declared, plan.dt, plan.discretisation)
            buffers.change(now, declared.units.tied)


def check_states(plan: Plan, populations: Sequence[PopulationBuffers], trials: int) -> None:
    """Raise BackendError where a state of the last batch is not finite, for the first that was."""
    found = [
        (at[0], k, at[1]) for k, buffers in enumerate(populations) if (at := buffers.blown(trials))
    ]
    if found:
        step, k, unit = min(found)
        raise BackendError(blow_up_message(plan.populations[k], unit, step * plan.dt))


def gradients_of(
    populations: Sequence[PopulationBuffers], trials: int
) -> dict[str, dict[str, np.ndarray]]:
    """dL/d of each learnt parameter, (n,), by population."""
    learning = [buffers for buffers in populations if buffers.population.changes]
    return {
        b.population.name: unit_gradients(b.population, b.unit_sums(trials), b.tied)
        for b in learning
    }
