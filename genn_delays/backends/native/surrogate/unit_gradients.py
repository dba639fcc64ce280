"""Gradients of what the units of a population learn, from the sums of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from genn_delays.backends.native.surrogate.codegen import Model
from genn_delays.backends.step_maps import unit_gradients
from genn_delays.declaration.network import Network
from genn_delays.planning.dynamics import PlannedPopulation, with_current_parameters
from genn_delays.planning.plan import Plan


class UnitGradients:
    """Learnt parameters of one population."""

    def __init__(self, plan: Plan, index: int, model: Model) -> None:
        self.plan, self.index, self.model = plan, index, model
        self.population = plan.populations[index]

    def load(self, network: Network) -> PlannedPopulation:
        """The population with the time constants that training has reached."""
        plan, p = self.plan, self.population
        declared = network.populations[p.name]
        self.tied = declared.units.tied
        names = [name for name in p.learn if name in declared.neuron.time_constants]
        settings = (p.size, plan.dt, plan.discretisation)
        neuron = declared.current_neuron
        plain = p.step_map is None
        self.derivatives = {n: neuron.propagator_derivative(n, *settings) for n in names if plain}
        self.current = with_current_parameters(p, declared, plan.dt, plan.discretisation)
        return self.current

    def of(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Gradient of each learnt column.

        Args:
            sums: (units, 2 + numbers that are collected): the adjoint of the input, the same
                times the normalised input, and dL/dP, or dL/d what a step map collects.
        """
        found = {"bias": sums[:, 0], "gain": sums[:, 1]}
        for name, derivative in self.derivatives.items():
            entries = [derivative[:, e.row, e.column] * sums[:, 2 + e.k] for e in self.model.flow]
            found[name] = np.sum(entries, axis=0)
        found |= unit_gradients(self.current, sums[:, 2:], frozenset())
        for name in self.tied:
            found[name] = np.full(self.population.size, found[name].sum())
        return {name: found[name] for name in self.population.learn}


def gradients_of(
    units: Sequence[UnitGradients], sums: Callable[[int], np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """By population, where anything is learnt; ``sums`` gives those of the engine by index."""
    found = {each.population.name: each.of(sums(each.index)) for each in units}
    return {name: columns for name, columns in found.items() if columns}
