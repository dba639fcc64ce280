"""What every backend offers: compile a plan into a Simulation that runs batches both ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from genn_delays.backends.simulation import Simulation
from genn_delays.support.errors import BackendError, PlanError
from genn_delays.support.limits import SIMULATION, check_size
from genn_delays.support.references import Cited

if TYPE_CHECKING:
    from genn_delays.declaration.network import Network
    from genn_delays.planning.plan import Plan

__all__ = ["Backend", "Simulation"]


class Backend(Cited, ABC):
    """A way to run plans.

    Attributes:
        name: as users write it in ``backend=``.
    """

    name: str

    @abstractmethod
    def check(self, plan: Plan) -> None:
        """Raise PlanError if the plan wants something this backend cannot do."""

    @abstractmethod
    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        """Build the simulation and load the network's weights and delays."""

    @abstractmethod
    def needed(self, plan: Plan, network: Network, threads: int | None) -> int:
        """Bytes that a simulation allocates for full batches, at least; nothing is built."""

    def check_memory(self, plan: Plan, network: Network, threads: int | None) -> None:
        """Raise PlanError where the buffers of a simulation would not fit the memory limit."""
        check_size(
            self.needed(plan, network, threads),
            f"batches of {plan.batch_size} trials of {plan.steps} steps on the backend "
            f"{self.name!r}",
            default=SIMULATION,
            error=PlanError,
        )

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The code this backend generates; with the network, what it built from it as well.

        Raises:
            BackendError: this backend generates none.
        """
        raise BackendError(f"the backend {self.name!r} generates no code; try native")
