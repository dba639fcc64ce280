"""What training changes: columns of the tables of projections and populations.

A column of synapses that is shared learns through the numbers of its groups, a row for each; delays
that follow from positions through these, which are of the kind ``"delay"`` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.distance import Placed
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.declaration.ties import Shared
from genn_delays.declaration.units import UnitTable, is_position
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import TrainingError

if TYPE_CHECKING:
    from genn_delays.backends.gradient import Gradients


UNLIKE = 1e-9
"""Gradients of a group may differ by this share of the largest: sums over processes may round."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """One parameter of one projection or population that training changes.

    Attributes:
        owner: name of the projection or population.
        parameter: the column.
        table: that has it.
    """

    owner: str
    parameter: str
    table: SynapseTable | UnitTable

    @property
    def numbers(self) -> SynapseTable | UnitTable:
        """What an update rule works on: the table itself, or the groups of what is shared."""
        return self.table if self._shared is None else self._shared.numbers

    @property
    def where(self) -> str:
        kind = "population" if isinstance(self.table, UnitTable) else "projection"
        return f"the {self.parameter} gradient of {kind} {self.owner!r}"

    @property
    def _shared(self) -> Shared | None:
        tie = None if isinstance(self.table, UnitTable) else self.table.ties.get(self.parameter)
        return tie if isinstance(tie, Shared) else None

    def of_numbers(self, gradient: np.ndarray) -> np.ndarray:
        """dL/d of :attr:`numbers`, from a gradient in line with the table.

        Raises:
            TrainingError: synapses of one group have gradients that differ.
        """
        if self._shared is None or isinstance(self.table, UnitTable):
            return gradient
        index = self._shared.index(self.table)
        found = np.zeros(len(self._shared))
        found[index] = gradient
        apart = np.abs(found[index] - gradient)
        if len(apart) and apart.max() > UNLIKE * np.abs(gradient).max():
            raise TrainingError(
                f"{self.where} differs within a group that shares one {self.parameter}; each of "
                "its synapses has the gradient of that number, the sum over the group"
            )
        return found

    def free(self, gradient: np.ndarray) -> np.ndarray:
        """The entries that are parameters of their own: one of a column with a single value."""
        tied = isinstance(self.table, UnitTable) and self.parameter in self.table.tied
        return gradient[:1] if tied else gradient

    def begin(self) -> None:
        """Before an update: take over what was set by hand."""
        if self._shared is not None and not isinstance(self.table, UnitTable):
            self._shared.collect(self.table)

    def bound(self) -> None:
        """After an update: bring the parameter back into its range, and synapses in line."""
        if isinstance(self.table, UnitTable):
            self.table.clip(self.parameter)
        elif self._shared is not None:
            self._shared.spread(self.table)
        elif self.parameter == "delay":
            np.clip(self.table.delay, 0.0, self.table.max_delay, out=self.table.delay)


def learning_of(network: Network, kind: str) -> list[Learnt]:
    """What training changes of one kind, in the order of the network."""
    if kind == "unit":
        return _of_units(network, positions=False)
    projections = network.projections.values()
    found = [Learnt(p.name, kind, p.synapses) for p in projections if kind in p.learn]
    return found + (_of_units(network, positions=True) if kind == "delay" else [])


def settle(network: Network) -> None:
    """Bring delays in line with the positions they follow from, after these were updated."""
    for projection in network.projections.values():
        tie = projection.synapses.ties.get("delay")
        if isinstance(tie, Placed):
            tie.spread(projection.synapses)


def _of_units(network: Network, positions: bool) -> list[Learnt]:
    return [
        Learnt(p.name, column, p.units)
        for p in network.populations.values()
        for column in p.learn
        if is_position(column) == positions
    ]


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
    return learnt.of_numbers(gradient)
