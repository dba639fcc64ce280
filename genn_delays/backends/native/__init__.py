"""The embedded engine: the plan as generated C, compiled on first use, run by threads.

What both gradient rules share lies here; ``eventprop`` and ``surrogate`` hold what differs.
"""

from __future__ import annotations

from typing import ClassVar

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.rules import rule_for
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan
from genn_delays.support.compiler import find_compiler
from genn_delays.support.cores import available_cores


class Native(Backend):
    """Generated C; needs a C compiler and nothing else."""

    name = "native"
    cites: ClassVar[tuple[str, ...]] = ()

    def check(self, plan: Plan) -> None:
        """Every plan runs here, given a compiler, but spikes are spikes."""
        rule_for(plan).check(plan)
        find_compiler()

    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        return rule_for(plan).simulation(plan, network, threads)

    def needed(self, plan: Plan, network: Network, threads: int | None) -> int:
        return sum(estimate(plan, network, threads=threads or available_cores()).values())

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The generated C source."""
        return rule_for(plan).render(plan)
