"""Leaky integrator with an exponential synapse and no threshold, for readouts.

    tau_mem V' = -V + I        tau_syn I' = -I

V and I are dimensionless; input adds to I.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons.base import Neuron, Parameter
from genn_delays.declaration.neurons.lif import LIF


@dataclass(frozen=True, eq=False)
class LeakyReadout(Neuron):
    """Leaky integrator that never spikes.

    Attributes:
        tau_mem: membrane time constant in ms.
        tau_syn: synaptic time constant in ms.
    """

    tau_mem: Parameter = 20.0
    tau_syn: Parameter = 5.0
    cites: ClassVar[tuple[str, ...]] = ()

    states: ClassVar[tuple[str, ...]] = ("V", "I")
    spiking: ClassVar[bool] = False
    positive: ClassVar[tuple[str, ...]] = ("tau_mem", "tau_syn")
    time_constants: ClassVar[Mapping[str, str]] = {"tau_mem": "V", "tau_syn": "I"}

    def flow(self, size: int) -> np.ndarray:
        return LIF(self.tau_mem, self.tau_syn).flow(size)
