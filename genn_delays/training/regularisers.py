"""Regularisers: a drive on spikes during the backward pass, and the rescue of silent neurons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from genn_delays.declaration.network import Network, Population, Projection
from genn_delays.declaration.ties import Shared
from genn_delays.plugins import build_named
from genn_delays.support.errors import ConfigError, suggest
from genn_delays.support.references import Cited

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation


class Regulariser(Cited, ABC):
    """Base of all regularisers."""

    @abstractmethod
    def check(self, network: Network) -> None:
        """Raise ConfigError where this regulariser does not fit the network."""

    @abstractmethod
    def spike_drive(self, network: Network, simulation: Simulation) -> dict[str, np.ndarray]:
        """What each spike of the last forward pass adds to dL/dV, by population, (units,).

        Under the surrogate rule: what every step adds to dL/ds.
        """


@dataclass(frozen=True)
class SpikeCount(Regulariser):
    """Pulls the spike count of every hidden neuron towards a target.

    At each of a neuron's spikes, lambda_V -= strength (S - target B) / B^2, with S its spikes
    over the batch and B the trials: Meszaros, Knight and Nowotny (2025), after Nowotny, Turner
    and Knight (2025). The adjoint of this package is a_V = dL/dV = -tau_mem lambda_V, so that
    the drive is tau_mem strength (S - target B) / B^2, with tau_mem = -1 / M_VV of the neuron.
    The surrogate rule has a derivative for each spike: there the drive is
    strength (S - target B) / B^2, that of the penalty strength / 2 sum (S / B - target)^2.

    Attributes:
        target: spikes per neuron and trial.
        strength: in 1/ms, 5e-12 to 1e-10 in the paper; dimensionless under the surrogate rule.
        populations: names; by default every spiking population that drives another.
        upper_only: act only on neurons above the target.
    """

    target: float
    strength: float
    populations: tuple[str, ...] | None = None
    upper_only: bool = False
    cites: ClassVar[tuple[str, ...]] = ("meszaros2025", "nowotny2025")

    def __post_init__(self) -> None:
        for name in ("target", "strength"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0.0):
                raise ConfigError(f"SpikeCount({name}={value}): must be finite and >= 0")

    def check(self, network: Network) -> None:
        for name in self.populations or ():
            population = network.populations.get(name)
            if population is None:
                hint = suggest(name, network.populations)
                raise ConfigError(f"SpikeCount: there is no population {name!r}; {hint}")
            if not population.neuron.spiking:
                raise ConfigError(f"SpikeCount: population {name!r} never spikes; leave it out")

    def spike_drive(self, network: Network, simulation: Simulation) -> dict[str, np.ndarray]:
        drive = {}
        rule = simulation.plan.gradient
        for population in self._populations(network):
            counts = simulation.spike_counts(population.name)
            trials = len(counts)
            excess = (counts.sum(axis=0) - self.target * trials) / trials**2
            if self.upper_only:
                np.maximum(excess, 0.0, out=excess)
            scale = rule.spike_drive_scale(population.neuron, population.size)
            drive[population.name] = scale * self.strength * excess
        return drive

    def _populations(self, network: Network) -> list[Population]:
        if self.populations is not None:
            return [network.populations[name] for name in self.populations]
        driving = {projection.pre.name for projection in network.projections.values()}
        hidden = network.populations.values()
        return [p for p in hidden if p.neuron.spiking and p.name in driving]


@dataclass(frozen=True)
class SilentRescue(Cited):
    """After each epoch, strengthens the input of neurons that never spiked in it.

    A silent neuron has no gradient in EventProp and would stay silent for ever.

    Attributes:
        amount: added to every incoming weight that may learn; 0.002 in Nowotny, Turner and Knight
            (2025) and in Meszaros, Knight and Nowotny (2025).
        projections: names of the incoming projections to change; by default all that learn
            their weight.
    """

    amount: float
    projections: tuple[str, ...] | None = None
    cites: ClassVar[tuple[str, ...]] = ("meszaros2025", "nowotny2025")

    def __post_init__(self) -> None:
        if not isfinite(self.amount):
            raise ConfigError(f"SilentRescue(amount={self.amount}): must be a finite weight")

    def check(self, network: Network) -> None:
        """Raise ConfigError for a projection that is unknown or whose weights cannot be changed."""
        for name in self.projections or ():
            if name not in network.projections:
                hint = suggest(name, network.projections)
                raise ConfigError(f"SilentRescue: there is no projection {name!r}; {hint}")
            if "weight" not in network.projections[name].learn:
                raise ConfigError(f"SilentRescue: projection {name!r} does not learn its weight")
        for projection in self._chosen(network):
            tie = projection.synapses.ties.get("weight")
            if isinstance(tie, Shared) and tie.spans(projection.synapses, "post"):
                raise ConfigError(
                    f"SilentRescue: neurons that projection {projection.name!r} leads to share "
                    "weights, so that none can be strengthened alone; name others as projections"
                )

    def apply(self, network: Network, spike_counts: Mapping[str, np.ndarray]) -> int:
        """Change the weights in place.

        Args:
            spike_counts: by spiking population, spikes of each unit over the epoch, (units,).

        Returns:
            The number of neurons whose input was strengthened.
        """
        rescued = {name: np.zeros(len(counts), bool) for name, counts in spike_counts.items()}
        for projection in self._chosen(network):
            post = projection.post.name
            if post not in spike_counts:
                continue
            table = projection.synapses
            onto_silent = spike_counts[post][table.post] == 0
            table.weight[onto_silent] += self.amount
            rescued[post][table.post[onto_silent]] = True
        return int(sum(mask.sum() for mask in rescued.values()))

    def _chosen(self, network: Network) -> list[Projection]:
        named = self.projections or network.projections
        every = network.projections.values()
        return [p for p in every if p.name in named and "weight" in p.learn]


def spike_drive(
    regularisers: Iterable[Regulariser], network: Network, simulation: Simulation
) -> dict[str, np.ndarray] | None:
    """What all of them add to the spikes of the last forward pass; None for nothing."""
    drive: dict[str, np.ndarray] = {}
    for regulariser in regularisers:
        for name, values in regulariser.spike_drive(network, simulation).items():
            drive[name] = drive[name] + values if name in drive else values
    return drive or None


REGULARISERS: dict[str, type[Regulariser]] = {"spike_count": SpikeCount}


def make(given: Mapping[str, Any]) -> Regulariser:
    """A regulariser from ``{name: spike_count, target: 14, strength: 1e-4}``.

    Raises:
        ConfigError: unknown name or argument (the nearest is named), or a wrong value.
    """
    return build_named("regulariser", Regulariser, REGULARISERS, given)
