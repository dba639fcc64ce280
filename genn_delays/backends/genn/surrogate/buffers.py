"""The host's side of a population under the surrogate rule: it keeps every step, not a tape."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.genn.buffers import PopulationBuffers
from genn_delays.backends.step_maps import unit_gradients
from genn_delays.declaration.network import Population
from genn_delays.planning.dynamics import with_current_parameters
from genn_delays.planning.events import Events


class SurrogateBuffers(PopulationBuffers):
    """Arrays of one population; a population of n units has its voltages of every step."""

    def lengths(self) -> dict[str, int]:
        units = self.plan.batch_size * self.size
        history = {f"History_{s}": units * self.plan.steps for s in self.population.states}
        lengths = super().lengths()
        return lengths | {name: n for name, n in history.items() if name in lengths}

    def load(self, folded: Population, tied: frozenset[str]) -> None:
        """Take over the bias of a folded population, and what was learnt of its neuron.

        Args:
            tied: learnt parameters that all units share.
        """
        plan, p = self.plan, self.population
        if "bias" in folded.units.columns:
            self.constants["Bias"] = folded.units.bias
        if p.changes:
            self.change(with_current_parameters(p, folded, plan.dt, plan.discretisation), tied)
        else:
            self.send_constants()

    def grow(self, trials: int) -> bool:
        """Every step has its place: nothing can be too short."""
        return False

    def spikes(self, trials: int) -> Events:
        if self.population.is_input or not self.population.is_spiking:
            return super().spikes(trials)
        assert self.population.threshold is not None
        above = self.voltage(trials) >= self.population.threshold.astype(self.plan.dtype)
        if self.population.holds:
            above &= self.every_step("Held", trials) == 0
        trial, unit, step = np.nonzero(above.transpose(0, 2, 1))
        return Events(step * self.plan.dt, unit, trial, trials)

    def unit_gradients(self, trials: int) -> dict[str, np.ndarray]:
        """dL/d of each learnt column of the units, float64, (n,), summed over the batch."""
        p = self.population
        found = {"bias": self._bias_gradient()} if "bias" in p.learn else {}
        if p.changes:
            found |= unit_gradients(p, self.unit_sums(trials), self.tied)
        return {name: found[name] for name in p.learn}

    def _bias_gradient(self) -> np.ndarray:
        """dL/d bias summed over the batch, float64, (n,)."""
        variable = self.group.vars["bias_gradient"]
        variable.pull_from_device()
        return variable.view.reshape(-1, self.size).sum(axis=0, dtype=np.float64)
