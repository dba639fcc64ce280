"""The reference backend: plain numpy, slow and obvious, the oracle of every other one.

Nothing is shared with the fast engines but the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.reference.eventprop import EventPropSimulation
from genn_delays.backends.reference.surrogate import SurrogateSimulation
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan

SIMULATIONS: dict[str, Callable[[Plan, Network], Simulation]] = {
    "eventprop": EventPropSimulation,
    "surrogate": SurrogateSimulation,
}


class Reference(Backend):
    """Slow and obvious; ``threads`` is not used."""

    name = "reference"
    cites: ClassVar[tuple[str, ...]] = ()

    def check(self, plan: Plan) -> None:
        """Every plan runs here."""

    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        return SIMULATIONS[plan.gradient.name](plan, network)

    def needed(self, plan: Plan, network: Network, threads: int | None) -> int:
        """Spikes, what was sent, and states of every step; inputs and adjoints beyond the trial."""
        steps, beyond = plan.steps, plan.steps + plan.max_delay_steps + 1
        numbers = sum(p.size * (steps * (2 + len(p.states)) + beyond) for p in plan.populations)
        return plan.batch_size * numbers * np.dtype(plan.dtype).itemsize
