"""Adaptive leaky integrate-and-fire neuron: a LIF with an adaptation current.

    tau_mem V' = -V + I - A    tau_syn I' = -I    tau_adapt A' = -A + a V
    V >= threshold:  V <- 0,  A <- A + b

The adLIF of Bittar and Garner (2022, Front. Neurosci. 16:865897, eqs. 5-7) with an
exponential synapse in place of its direct input. ``refractory`` is that of LIF; where it is given
V must not drive the adaptation, a = 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons.base import Change, Neuron, Parameter


@dataclass(frozen=True, eq=False)
class AdaptiveLIF(Neuron):
    """Leaky integrate-and-fire neuron with subthreshold and spike-triggered adaptation.

    Attributes:
        tau_mem: membrane time constant in ms.
        tau_syn: synaptic time constant in ms.
        tau_adapt: time constant of the adaptation current in ms.
        threshold: dimensionless, > 0.
        a: coupling of the voltage into the adaptation current, dimensionless.
        b: step of the adaptation current at each spike, dimensionless.
        refractory: ms after a spike in which V is held, >= 0.
    """

    tau_mem: Parameter = 20.0
    tau_syn: Parameter = 5.0
    tau_adapt: Parameter = 100.0
    threshold: Parameter = 1.0
    a: Parameter = 0.0
    b: Parameter = 0.5
    refractory: Parameter = 0.0
    cites: ClassVar[tuple[str, ...]] = ("bittar2022",)

    states: ClassVar[tuple[str, ...]] = ("V", "I", "A")
    positive: ClassVar[tuple[str, ...]] = ("tau_mem", "tau_syn", "tau_adapt", "threshold")
    not_negative: ClassVar[tuple[str, ...]] = ("refractory",)
    time_constants: ClassVar[Mapping[str, str]] = {
        "tau_mem": "V",
        "tau_syn": "I",
        "tau_adapt": "A",
    }

    def flow(self, size: int) -> np.ndarray:
        p = self.parameters(size)
        flow = np.zeros((size, 3, 3))
        flow[:, 0, 0] = flow[:, 0, 2] = -1.0 / p["tau_mem"]
        flow[:, 0, 1] = 1.0 / p["tau_mem"]
        flow[:, 1, 1] = -1.0 / p["tau_syn"]
        flow[:, 2, 0] = p["a"] / p["tau_adapt"]
        flow[:, 2, 2] = -1.0 / p["tau_adapt"]
        return flow

    @property
    def learnable(self) -> tuple[str, ...]:
        return (*self.time_constants, "threshold", "a", "b")

    @property
    def bounded(self) -> tuple[str, ...]:
        return (*self.time_constants, "threshold")

    def change(self, parameter: str, size: int) -> Change:
        change = super().change(parameter, size)
        if parameter == "threshold":
            change.threshold[:] = 1.0
        elif parameter == "a":
            change.flow[:, 2, 0] = 1.0 / self.parameters(size)["tau_adapt"]
        elif parameter == "b":
            change.reset_offset[:, 2] = 1.0
        return change

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        matrix, offset = super().reset(size)
        matrix[:, 0, 0] = 0.0
        offset[:, 2] = self.parameters(size)["b"]
        return matrix, offset
