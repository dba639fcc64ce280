"""What training changes: columns of the tables of projections and populations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.declaration.units import UnitTable
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import TrainingError

if TYPE_CHECKING:
    from genn_delays.backends.gradient import Gradients


@dataclass(frozen=True, eq=False)
class Learnt:
    """One parameter of one projection or population that training changes."""

    owner: str
    parameter: str
    table: SynapseTable | UnitTable

    @property
    def where(self) -> str:
        kind = "population" if isinstance(self.table, UnitTable) else "projection"
        return f"the {self.parameter} gradient of {kind} {self.owner!r}"

    def free(self, gradient: np.ndarray) -> np.ndarray:
        """The entries that are parameters of their own: one of a column with a single value."""
        tied = isinstance(self.table, UnitTable) and self.parameter in self.table.tied
        return gradient[:1] if tied else gradient

    def bound(self) -> None:
        """Bring the parameter back into its range."""
        if isinstance(self.table, UnitTable):
            self.table.clip(self.parameter)
        elif self.parameter == "delay":
            np.clip(self.table.delay, 0.0, self.table.max_delay, out=self.table.delay)


def learning_of(network: Network, kind: str) -> list[Learnt]:
    """What training changes of one kind, in the order of the network."""
    if kind == "unit":
        populations = network.populations.values()
        return [Learnt(p.name, column, p.units) for p in populations for column in p.learn]
    projections = network.projections.values()
    return [Learnt(p.name, kind, p.synapses) for p in projections if kind in p.learn]


def gradient_of(learnt: Learnt, gradients: Gradients) -> np.ndarray:
    """What a backward pass found for it.

    Raises:
        TrainingError: nothing, an array of another length, NaN or infinity.
    """
    table, parameter = learnt.table, learnt.parameter
    if isinstance(table, UnitTable):
        gradient = gradients.units.get(learnt.owner, {}).get(parameter)
        rows, remedy = "units", "compile the network that is being trained"
    else:
        gradient = getattr(gradients.get(learnt.owner), parameter, None)
        rows = "synapses"
        remedy = "call simulation.load(network) after changing the connectivity"
    if gradient is None:
        raise TrainingError(f"{learnt.where} is missing; compile the network that is being trained")
    if gradient.shape != (len(table),):
        raise TrainingError(
            f"{learnt.where} has shape {gradient.shape} for {len(table)} {rows}; {remedy}"
        )
    if not all_finite(gradient):
        raise TrainingError(
            f"{learnt.where} holds NaN or infinity; lower the learning rate, ease it in, or set "
            "clip="
        )
    return gradient
