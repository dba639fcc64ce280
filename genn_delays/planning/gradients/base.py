"""What every gradient rule tells the plan: which networks it is defined for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.dynamics import PlannedPopulation, PlannedProjection
from genn_delays.planning.readouts import Readout
from genn_delays.support.references import Cited


class GradientRule(Cited, ABC):
    """Base of all gradient rules.

    Attributes:
        name: by which backends know what they have for it.
    """

    name: ClassVar[str]

    @abstractmethod
    def needs_step_map(self, neuron: Neuron, learn: tuple[str, ...]) -> bool:
        """Whether this rule takes the step map of a neuron with a linear flow.

        Args:
            learn: its parameters that training changes.
        """

    @abstractmethod
    def check_population(self, population: PlannedPopulation) -> None:
        """Raise PlanError where the rule is not defined for this population."""

    @abstractmethod
    def check_projection(self, projection: PlannedProjection) -> None:
        """Raise PlanError where the rule is not defined for this projection."""

    @abstractmethod
    def check_readout(self, readout: Readout, population: PlannedPopulation) -> None:
        """Raise PlanError where the rule has no gradient for this readout of this population."""

    def spike_drive_scale(self, neuron: Neuron, size: int) -> np.ndarray:
        """What dL/d(spike count) of each unit is multiplied with to be its ``spike_drive``."""
        return np.ones(size)
