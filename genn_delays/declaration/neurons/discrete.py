"""Neurons that exist on the time grid only, as the published surrogate-gradient networks use them.

    V[t+1] = (1 - dt / tau_mem) V[t] + u[t+1 - input_steps]        V >= threshold:  V <- 0

Input u is not scaled by dt / tau_mem. An arrival waits ``input_steps`` steps in a line of latches
before it enters V. With 0 this is the LIF neuron of Hammouamri et al. (2024, DCLS; SpikingJelly's
LIFNode with decay_input=False). With 2 and ``wipe_input`` it is that of Meszaros, Knight and
Nowotny (2024, Front. Comput. Neurosci. 18:1460309): there a spike at step t also wipes the input
that would enter V in the next step. V is dimensionless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons.base import Neuron, Parameter
from genn_delays.support.checks import is_count
from genn_delays.support.errors import NetworkError

MOST_STEPS = 100
"""Most latches of a neuron; longer waits are delays of its synapses."""


@dataclass(frozen=True, eq=False)
class DiscreteReadout(Neuron):
    """Leaky integrator on the grid that never spikes.

    Attributes:
        tau_mem: membrane time constant in ms; V keeps the share 1 - dt / tau_mem of itself.
        input_steps: steps that an arrival waits before it enters V.
    """

    tau_mem: Parameter = 20.0
    input_steps: int = 0
    cites: ClassVar[tuple[str, ...]] = ()

    spiking: ClassVar[bool] = False
    positive: ClassVar[tuple[str, ...]] = ("tau_mem",)
    time_constants: ClassVar[Mapping[str, str]] = {"tau_mem": "V"}
    on_grid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not is_count(self.input_steps, least=0) or self.input_steps > MOST_STEPS:
            name = type(self).__name__
            raise NetworkError(
                f"{name}(input_steps={self.input_steps!r}): must be a whole number in "
                f"[0, {MOST_STEPS}]"
            )

    @property
    def states(self) -> tuple[str, ...]:  # type: ignore[override]
        """V, then the latches: an arrival goes into the last and moves on towards V."""
        return ("V", *(f"latch{k}" for k in range(1, int(self.input_steps) + 1)))

    @property
    def input_state(self) -> str:  # type: ignore[override]
        """The last latch, or V without any."""
        return self.states[-1]

    def propagator(self, size: int, dt: float, discretisation: str) -> np.ndarray:
        """A decay of 1 - dt / tau_mem, whatever the discretisation, and a shift of the latches."""
        matrix = np.tile(np.eye(len(self.states), k=1), (size, 1, 1))
        matrix[:, 0, 0] = 1.0 - dt / self.parameters(size)["tau_mem"]
        return matrix

    def propagator_derivative(
        self, parameter: str, size: int, dt: float, discretisation: str
    ) -> np.ndarray:
        change = np.zeros((size, len(self.states), len(self.states)))
        change[:, 0, 0] = dt / self.parameters(size)["tau_mem"] ** 2
        return change


@dataclass(frozen=True, eq=False)
class DiscreteLIF(DiscreteReadout):
    """Leaky integrate-and-fire neuron on the grid.

    Attributes:
        tau_mem: membrane time constant in ms; V keeps the share 1 - dt / tau_mem of itself.
        input_steps: steps that an arrival waits before it enters V.
        threshold: dimensionless, > 0.
        soft_reset: True where a spike takes the threshold off V, False where it sets V to 0.
        wipe_input: True where a spike also wipes the input that is next to enter V.
    """

    threshold: Parameter = 1.0
    soft_reset: bool | np.ndarray = False
    wipe_input: bool | np.ndarray = False
    cites: ClassVar[tuple[str, ...]] = ()

    spiking: ClassVar[bool] = True
    positive: ClassVar[tuple[str, ...]] = ("tau_mem", "threshold")
    flags: ClassVar[tuple[str, ...]] = ("soft_reset", "wipe_input")

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.any(self.wipe_input) and not self.input_steps:
            raise NetworkError(
                "DiscreteLIF(wipe_input=True): no input waits where input_steps is 0; "
                "give input_steps >= 1 or leave wipe_input out"
            )

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        p = self.parameters(size)
        matrix, offset = super().reset(size)
        matrix[:, 0, 0] = p["soft_reset"]
        offset[:, 0] = -p["soft_reset"] * p["threshold"]
        if self.input_steps:
            matrix[:, 1, 1] = 1.0 - p["wipe_input"]
        return matrix, offset
