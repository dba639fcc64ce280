"""The surrogate rule on a GeNN model: evaluation of any network, training of most.

The model runs the folded network (see :mod:`genn_delays.declaration.folding`), which for a network
without batch normalisation has the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from genn_delays.backends.genn.buffers import PopulationBuffers
from genn_delays.backends.genn.correlation import Sent, sent_of
from genn_delays.backends.genn.simulation import GennSimulation
from genn_delays.backends.genn.surrogate.buffers import SurrogateBuffers
from genn_delays.backends.genn.surrogate.snippets import SHAPES, rule_of
from genn_delays.backends.genn.units import check_unlearnt
from genn_delays.backends.gradient import Gradients
from genn_delays.declaration.folding import fold
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import PlanError


def check_training(plan: Plan) -> None:
    """Raise PlanError where the PyGeNN backends can evaluate a network but not train it."""
    for p in plan.populations:
        if p.normalise is not None:
            raise PlanError(
                f"population {p.name!r}: the PyGeNN backends evaluate batch normalisation but do "
                'not train it; train with backend="native", evaluate here with '
                "forward(batch, training=False)"
            )


class SurrogateSimulation(GennSimulation):
    """BPTT with a surrogate derivative, both passes on the device."""

    buffers = SurrogateBuffers
    populations: Sequence[SurrogateBuffers]
    masks: Mapping[str, np.ndarray] = MappingProxyType({})

    @staticmethod
    def check_plan(plan: Plan) -> None:
        """Raise PlanError where spikes are to be graded, or there is no code for a kernel."""
        if rule_of(plan).smooth:
            raise PlanError(
                "Surrogate(smooth=True) makes graded spikes, which GeNN has not; it is for checks "
                'on backend="reference"'
            )
        for q in plan.projections:
            if q.kernel is not None and q.kernel.lower() not in SHAPES:
                name = q.kernel.rpartition(".")[2]
                raise PlanError(
                    f"projection {q.name!r}: the PyGeNN backends have no code for the kernel "
                    f"{name}; use one of {[*SHAPES]}, or kernel=None to round delays"
                )

    @staticmethod
    def check_adam(plan: Plan) -> None:
        check_training(plan)
        check_unlearnt(plan)
        spread = [q.name for q in plan.projections if q.kernel is not None]
        if spread:
            raise PlanError(
                f"adam=: projection {spread[0]!r} has a delay kernel, which the host narrows; "
                "leave adam= out and learn with an optimiser of the host"
            )

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        folded = fold(network)
        tables = [folded.projections[p.name].synapses for p in self.plan.projections]
        for population in self.populations:
            name = population.population.name
            population.load(folded.populations[name], network.populations[name].units.tied)
        for buffers, table in zip(self.projections, tables, strict=True):
            kernel = network.projections[buffers.projection.name].kernel
            buffers.kernel = None if kernel is None else replace(kernel)
            buffers.load(table)
        self.history.renew()
        if self.optimiser:
            self.optimiser.load(network)

    def check_training(self) -> None:
        check_training(self.plan)

    def _prepare(self, masks: Mapping[str, np.ndarray]) -> None:
        self.masks = {
            p.name: masks.get(p.name, np.ones((self.trials, p.size)))
            for p in self.plan.populations
            if p.dropout
        }
        for buffers in self.projections:
            buffers.use_kernel(self.training)

    def _insert_masks(self) -> None:
        for name, mask in self.masks.items():
            self.populations[self.plan.population_index(name)].push("Dropout", mask)

    def _sent(self, buffers: PopulationBuffers) -> Sent:
        mask = self.masks.get(buffers.population.name)
        return sent_of(buffers.spikes(self.trials), buffers.size, self.plan.dt, mask)

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        gradients = super()._backward(observed, spike_drive)
        learning = [b for b in self.populations if b.population.learn]
        units = {b.population.name: b.unit_gradients(self.trials) for b in learning}
        return Gradients(gradients, units)
