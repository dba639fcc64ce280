"""What every gradient rule tells the plan: which networks it is defined for."""

from __future__ import annotations

from abc import ABC, abstractmethod

from genn_delays.dynamics import PlannedPopulation, PlannedProjection
from genn_delays.readouts import Readout
from genn_delays.references import Cited


class GradientRule(Cited, ABC):
    """Base of all gradient rules."""

    @abstractmethod
    def check_population(self, population: PlannedPopulation) -> None:
        """Raise PlanError where the rule is not defined for this population."""

    @abstractmethod
    def check_projection(self, projection: PlannedProjection) -> None:
        """Raise PlanError where the rule is not defined for this projection."""

    @abstractmethod
    def check_readout(self, readout: Readout, population: PlannedPopulation) -> None:
        """Raise PlanError where the rule has no gradient for this readout of this population."""
