"""The reference backend: plain numpy, slow and obvious, the oracle of every other one.

Nothing is shared with the fast engines but the plan.
"""

from __future__ import annotations

from collections.abc import Callable

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.reference.eventprop import EventPropSimulation
from genn_delays.backends.reference.surrogate import SurrogateSimulation
from genn_delays.network import Network
from genn_delays.plan import Plan

SIMULATIONS: dict[str, Callable[[Plan, Network], Simulation]] = {
    "eventprop": EventPropSimulation,
    "surrogate": SurrogateSimulation,
}


class Reference(Backend):
    """Slow and obvious; ``threads`` is not used."""

    name = "reference"

    def check(self, plan: Plan) -> None:
        """Every plan runs here."""

    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        return SIMULATIONS[plan.gradient.name](plan, network)
