"""PyGeNN: the plan as GeNN models, on CUDA or on GeNN's single-threaded CPU backend.

One model runs both passes, so that weights, delays and the tape of spikes stay where they are:
``codegen`` writes it by the rule of ``eventprop`` or ``surrogate``, on the clocks of ``schedule``;
``declaration`` gathers it, ``model`` hands it to PyGeNN, ``compiler`` builds it once and opens it,
``buffers`` and ``synapses`` are the host's side of it.

Connectivity is ragged, and the room of a row is compiled in: half as many synapses again as the
longest row has (``declaration.HEADROOM``), at most one for every postsynaptic neuron. Within it
``load()`` replaces the connectivity of a loaded model; beyond it there is an error, and the
network has to be compiled again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from genn_delays.backends.base import Backend
from genn_delays.backends.genn.availability import CPU, CUDA, require
from genn_delays.backends.genn.declaration import declare, width_of
from genn_delays.backends.genn.memory import bytes_of
from genn_delays.backends.genn.show import source_of, text_of
from genn_delays.backends.genn.simulation import GennSimulation
from genn_delays.backends.genn.surrogate.learnt import with_learning_maps
from genn_delays.backends.genn.surrogate.simulation import SurrogateSimulation
from genn_delays.backends.genn.synapses import row_of
from genn_delays.backends.learning import AdamRule
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan

SIMULATIONS: dict[str, type[GennSimulation]] = {
    "eventprop": GennSimulation,
    "surrogate": SurrogateSimulation,
}


def prepared(plan: Plan) -> Plan:
    """The plan as models are written from it."""
    return with_learning_maps(plan) if plan.gradient.name == "surrogate" else plan


class GennCPU(Backend):
    """GeNN's single-threaded CPU backend; needs PyGeNN and a C++ compiler, and no GPU."""

    name = "genn-cpu"
    cites: ClassVar[tuple[str, ...]] = ("yavuz2016", "knight2021")
    engine = CPU

    def check(self, plan: Plan) -> None:
        """All but graded spikes and kernels of a user's own."""
        SIMULATIONS[plan.gradient.name].check_plan(plan)
        require(self.engine)

    def compile(
        self,
        plan: Plan,
        network: Network,
        threads: int | None,
        adam: Mapping[str, AdamRule] | None = None,
    ) -> GennSimulation:
        """As every backend; ``adam={"weight": Adam(...), "delay": ...}`` learns on the device."""
        return SIMULATIONS[plan.gradient.name](prepared(plan), network, self.engine, adam)

    def needed(self, plan: Plan, network: Network, threads: int | None) -> int:
        """All arrays of the model before the first batch: no events yet, and a short tape."""
        plan = prepared(plan)
        tables = [network.projections[q.name].synapses for q in plan.projections]
        rows = [row_of(plan, k, table) for k, table in enumerate(tables)]
        declaration = declare(plan, rows, width_of(plan, self.engine), [()] * len(rows))
        buffers = SIMULATIONS[plan.gradient.name].buffers
        groups = enumerate(declaration.neurons)
        return bytes_of(declaration, [buffers(plan, k, n.snippet).lengths() for k, n in groups])

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The GeNN snippets and, where this network's model is built, the generated source."""
        plan = prepared(plan)
        return text_of(plan) + (source_of(plan, network, self.engine) if network else "")


class GennCUDA(GennCPU):
    """GeNN's CUDA backend; the trials of a batch run side by side."""

    name = "genn-cuda"
    cites: ClassVar[tuple[str, ...]] = ("yavuz2016", "knight2021")
    engine = CUDA
