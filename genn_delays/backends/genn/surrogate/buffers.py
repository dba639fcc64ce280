"""The host's side of a population under the surrogate rule: it keeps every step, not a tape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genn_delays.backends.genn.buffers import PopulationBuffers
from genn_delays.backends.genn.equations import constants_of
from genn_delays.declaration.network import Population
from genn_delays.planning.events import Events


class SurrogateBuffers(PopulationBuffers):
    """Arrays of one population; a population of n units has its voltages of every step."""

    def lengths(self) -> dict[str, int]:
        units = self.plan.batch_size * self.size
        history = {f"History_{s}": units * self.plan.steps for s in self.population.states}
        lengths = super().lengths()
        return lengths | {name: n for name, n in history.items() if name in lengths}

    def load(self, folded: Population) -> None:
        """Take over the bias and the time constants of a folded population."""
        if self.population.is_input:
            return
        plan = self.plan
        propagator = folded.neuron.propagator(self.size, plan.dt, plan.discretisation)
        self.constants = constants_of(replace(self.population, propagator=propagator))
        if "bias" in folded.units.columns:
            self.constants["Bias"] = folded.units.bias
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

    def bias_gradient(self) -> np.ndarray:
        """dL/d bias summed over the batch, float64, (n,)."""
        variable = self.group.vars["bias_gradient"]
        variable.pull_from_device()
        return variable.view.reshape(-1, self.size).sum(axis=0, dtype=np.float64)
