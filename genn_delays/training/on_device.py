"""Adam on the device: weights, delays and moments stay there for an epoch.

A training step sends events and dL/d outputs to the device and reads outputs and spike counts; the
gradients of all synapses never leave it. The network's tables follow at the end of an epoch and
where a run stops. There is one Adam for all weights and one for all delays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genn_delays.backends.base import Simulation
from genn_delays.backends.learning import Learning
from genn_delays.declaration.network import LEARNABLE, Network
from genn_delays.rewiring import RewiringRule
from genn_delays.support.errors import ConfigError
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.schedules import Progress
from genn_delays.training.update_rules import Adam


@dataclass(frozen=True)
class OnDevice:
    """What takes the place of the host's update where ``optimiser.device`` is true.

    Attributes:
        rewiring: rules of the same training; none can run, because synapses are on the device.
    """

    optimiser: Optimiser
    rewiring: Sequence[RewiringRule] = ()

    def check(self, network: Network) -> None:
        """Raise ConfigError where the device cannot do what the optimiser asks for."""
        if self.optimiser.device:
            for what in self._refused(network):
                raise ConfigError(
                    f"optimiser device: true has no {what}; leave it out, or leave device out"
                )

    def _refused(self, network: Network) -> Iterator[str]:
        optimiser = self.optimiser
        if optimiser.groups:
            yield "groups: one rule holds for all weights, one for all delays"
        if optimiser.clip is not None:
            yield "clip"
        if self.rewiring:
            yield "rewiring"
        for what in LEARNABLE:
            group = optimiser.default(what)
            if type(group.rule) is not Adam:
                yield f"rule {type(group.rule).__name__} for the {what}: it is Adam"
            if group.l1:
                yield f"l1 for the {what}"
            if any(schedule.sets_momentum for schedule in group.schedules):
                yield f"schedule that sets the momentum, which that of the {what} does"
        yield from self._on_host(network)

    def _on_host(self, network: Network) -> Iterator[str]:
        """What only the host's optimiser updates."""
        for projection in network.projections.values():
            for what in set(projection.learn) & set(projection.synapses.ties):
                yield f"shared {what}, which projection {projection.name!r} has"
        for population in network.populations.values():
            if population.learn:
                learnt = ", ".join(population.learn)
                yield f"update of what population {population.name!r} learns ({learnt})"

    @property
    def rules(self) -> dict[str, Adam]:
        """By parameter, what a simulation is compiled with as ``adam=``; {} for the host's."""
        chosen = {what: self.optimiser.default(what).rule for what in LEARNABLE}
        on = self.optimiser.device
        return {what: rule for what, rule in chosen.items() if on and isinstance(rule, Adam)}

    def step(
        self,
        simulation: Simulation,
        output_gradient: np.ndarray,
        spike_drive: Mapping[str, np.ndarray] | None,
        progress: Progress,
    ) -> None:
        """The backward pass of a batch, and the update."""
        learner = self.learner(simulation)
        learner.accumulate(output_gradient, spike_drive)
        weight, delay = (self.optimiser.default(what).at(progress)[1] for what in LEARNABLE)
        learner.learn(weight=weight, delay=delay)

    def learner(self, simulation: Simulation) -> Learning:
        """The simulation, which learns on its device.

        Raises:
            ConfigError: it does not.
        """
        if not (isinstance(simulation, Learning) and simulation.learns):
            raise ConfigError(
                "optimiser device: true, but the simulation learns nothing by itself; compile it "
                'with adam= on the backend "genn-cuda" or "genn-cpu"'
            )
        return simulation
