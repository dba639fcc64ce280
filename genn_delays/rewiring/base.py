"""What every rewiring rule offers, and the changes it may make to a synapse table.

The training step, with the calls to a rule in their place:

    outputs = simulation.forward(batch)
    gradients = simulation.backward(drive)
    rule.before_update(context)         # as adding L1 to the gradient
    optimiser.step(network, gradients)  # unless the rule replaces this update
    rule.step(context)                  # drop and grow
    simulation.load(network)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from genn_delays.declaration.network import Network, Projection
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.growth import Growth
from genn_delays.support.errors import ConfigError, suggest
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings

if TYPE_CHECKING:
    from genn_delays.training.schedules import Progress


@dataclass(frozen=True)
class Change:
    """What one step did to one projection.

    Attributes:
        dropped, grown: synapses.
        refused: synapses that could not be grown because no pair was free.
    """

    dropped: int = 0
    grown: int = 0
    refused: int = 0


@dataclass(frozen=True)
class RewiringRule(Settings, Cited, ABC):
    """Base of all rules.

    Attributes:
        projections: names of the projections it rewires; by default all that learn their weight.
    """

    projections: tuple[str, ...] | None = field(default=None, kw_only=True)

    error: ClassVar[type[ConfigError]] = ConfigError

    def chosen(self, network: Network) -> list[Projection]:
        """The projections that this rule rewires, in the order of the network."""
        every = network.projections.values()
        if self.projections is None:
            return [p for p in every if "weight" in p.learn]
        return [p for p in every if p.name in self.projections]

    def check(self, network: Network) -> None:
        """Raise ConfigError where this rule does not fit the network."""
        kind = type(self).__name__
        for name in self.projections or ():
            if name not in network.projections:
                hint = suggest(name, network.projections)
                raise ConfigError(f"{kind}: there is no projection {name!r}; {hint}")
            if "weight" not in network.projections[name].learn:
                raise ConfigError(f"{kind}: projection {name!r} does not learn its weight")

    def prepare(self, network: Network) -> None:
        """Attach what the rule keeps per synapse; does nothing where it is there already."""

    def before_update(self, context: Context) -> None:
        """Change the gradients in place before the optimiser sees them."""

    def replaces_update(self, progress: Progress) -> bool:
        """True where the optimiser leaves out this batch."""
        return False

    @abstractmethod
    def step(self, context: Context) -> dict[str, Change]:
        """Drop and grow synapses in place, after the update of a batch.

        Returns:
            By projection name, what changed; projections without a change may be left out.
        """


@dataclass(frozen=True)
class GrowingRule(RewiringRule):
    """Base of the rules that grow synapses.

    Attributes:
        growth: delay of a new synapse.

    Class attributes:
        instead: where a rule has no gradient to find the best delay with: the rules that have.
    """

    growth: Growth = field(default_factory=Growth, kw_only=True)

    instead: ClassVar[str] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.instead and self.growth.delay == "best":
            kind = type(self).__name__
            raise self.error(f"{kind} grows at random, so no delay is the best; use {self.instead}")

    def check(self, network: Network) -> None:
        super().check(network)
        for projection in self.chosen(network):
            check_ties(projection, type(self).__name__)
            self.growth.check(projection)


def check_ties(projection: Projection, rule: str) -> None:
    """Raise ConfigError where synapses cannot be dropped and grown because of what they share."""
    ties = projection.synapses.ties
    remedy = f"leave share out there, or {rule} off this projection with projections:"
    if "weight" in ties:
        raise ConfigError(
            f"{rule}: synapses of projection {projection.name!r} share their weights, so that none "
            f"can be dropped by its own or begin at 0; {remedy}"
        )
    if "delay" in ties and not ties["delay"].covers_pairs:
        raise ConfigError(
            f"{rule}: projection {projection.name!r} shares delays by a key for each synapse, and "
            "has none for one that is grown; give share a key for every pair"
        )
