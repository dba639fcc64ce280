"""The embedded engine: the plan as generated C, compiled on first use, run by threads."""

from __future__ import annotations

from typing import ClassVar

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.native.codegen import render
from genn_delays.backends.native.compiler import find_compiler
from genn_delays.backends.native.simulation import NativeSimulation
from genn_delays.backends.native.surrogate import NativeSurrogate
from genn_delays.backends.native.surrogate_codegen import render_surrogate
from genn_delays.errors import PlanError
from genn_delays.gradients import Surrogate
from genn_delays.network import Network
from genn_delays.plan import Plan


class Native(Backend):
    """Generated C; needs a C compiler and nothing else."""

    name = "native"
    cites: ClassVar[tuple[str, ...]] = ()

    def check(self, plan: Plan) -> None:
        """Every plan runs here, given a compiler, but spikes are spikes."""
        if isinstance(plan.gradient, Surrogate) and plan.gradient.smooth:
            raise PlanError(
                "Surrogate(smooth=True) is for checks by finite differences; run these with "
                "backend='reference', or leave smooth out"
            )
        find_compiler()

    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        if isinstance(plan.gradient, Surrogate):
            return NativeSurrogate(plan, network, threads)
        return NativeSimulation(plan, network, threads)

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The generated C source."""
        return render_surrogate(plan) if isinstance(plan.gradient, Surrogate) else render(plan)
