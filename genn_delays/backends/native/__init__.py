"""The embedded engine: the plan as generated C, compiled on first use, run by threads.

What both gradient rules share lies here; ``eventprop`` and ``surrogate`` hold what differs.
"""

from __future__ import annotations

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.native.compiler import find_compiler
from genn_delays.backends.native.rules import rule_for
from genn_delays.network import Network
from genn_delays.plan import Plan


class Native(Backend):
    """Generated C; needs a C compiler and nothing else."""

    name = "native"

    def check(self, plan: Plan) -> None:
        """Every plan runs here, given a compiler, but spikes are spikes."""
        rule_for(plan).check(plan)
        find_compiler()

    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        return rule_for(plan).simulation(plan, network, threads)

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The generated C source."""
        return rule_for(plan).render(plan)
