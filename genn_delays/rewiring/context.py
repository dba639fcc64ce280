"""What a rule is told of the batch that it works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.network import Network, Projection

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation
    from genn_delays.backends.gradient import Gradient
    from genn_delays.training.schedules import Progress


@dataclass(frozen=True, eq=False)
class Context:
    """One batch, as a rule sees it.

    Attributes:
        network: whose synapse tables the rule changes in place.
        gradients: of the batch, by projection; in the order of the tables before they change.
        simulation: that has gone back over the batch; for the gradients of absent synapses.
        progress: batches finished before this one.
        rng: random numbers of this rule and batch.
        learning_rate: of the weights of a projection, by its name.
    """

    network: Network
    gradients: Mapping[str, Gradient]
    simulation: Simulation
    progress: Progress
    rng: np.random.Generator
    learning_rate: Callable[[str], float]

    def row_limit(self, projection: Projection) -> int | None:
        """Most synapses of one presynaptic unit that the engine has room for; None: any number."""
        return self.simulation.row_limit(projection.name)

    def noise(self, projection: Projection, temperature: float) -> float:
        """sqrt(2 eta T), the sd of what a random walk adds to a weight in one step."""
        return np.sqrt(2.0 * self.learning_rate(projection.name) * temperature)
