"""Leaky integrate-and-fire neuron with an exponential synapse.

    tau_mem V' = -V + I        tau_syn I' = -I        V >= threshold:  V <- 0

With ``soft_reset``, V <- V - threshold instead. V and I are dimensionless; input adds to I.

After a spike at step t, V is held as the reset left it and not compared with the threshold in the
n = round(refractory / dt) steps t + 1 .. t + n, while I goes on; the next spike is at t + n + 1 at
the earliest. GeNN's own LIF counts the same. Brian2 counts one step less: it wants
``refractory=(n+1)*dt`` for the same spikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons.base import Change, Neuron, Parameter


@dataclass(frozen=True, eq=False)
class LIF(Neuron):
    """Leaky integrate-and-fire neuron.

    Attributes:
        tau_mem: membrane time constant in ms.
        tau_syn: synaptic time constant in ms.
        threshold: dimensionless, > 0.
        soft_reset: True where a spike takes the threshold off V, False where it sets V to 0.
        refractory: ms after a spike in which V is held, >= 0.
    """

    tau_mem: Parameter = 20.0
    tau_syn: Parameter = 5.0
    threshold: Parameter = 1.0
    soft_reset: bool | np.ndarray = False
    refractory: Parameter = 0.0
    cites: ClassVar[tuple[str, ...]] = ()

    states: ClassVar[tuple[str, ...]] = ("V", "I")
    positive: ClassVar[tuple[str, ...]] = ("tau_mem", "tau_syn", "threshold")
    not_negative: ClassVar[tuple[str, ...]] = ("refractory",)
    flags: ClassVar[tuple[str, ...]] = ("soft_reset",)
    time_constants: ClassVar[Mapping[str, str]] = {"tau_mem": "V", "tau_syn": "I"}

    def flow(self, size: int) -> np.ndarray:
        p = self.parameters(size)
        flow = np.zeros((size, 2, 2))
        flow[:, 0, 0] = -1.0 / p["tau_mem"]
        flow[:, 0, 1] = 1.0 / p["tau_mem"]
        flow[:, 1, 1] = -1.0 / p["tau_syn"]
        return flow

    @property
    def learnable(self) -> tuple[str, ...]:
        return (*self.time_constants, "threshold")

    def change(self, parameter: str, size: int) -> Change:
        change = super().change(parameter, size)
        if parameter == "threshold":
            change.threshold[:] = 1.0
            change.reset_offset[:, 0] = -self.parameters(size)["soft_reset"]
        return change

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        p = self.parameters(size)
        matrix, offset = super().reset(size)
        matrix[:, 0, 0] = p["soft_reset"]
        offset[:, 0] = -p["soft_reset"] * p["threshold"]
        return matrix, offset
