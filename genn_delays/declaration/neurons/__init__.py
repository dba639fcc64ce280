"""Neurons, one file each: linear flow, threshold and reset, declared as data."""

from genn_delays.declaration.neurons.adaptive_lif import AdaptiveLIF
from genn_delays.declaration.neurons.base import Input, Neuron
from genn_delays.declaration.neurons.discrete import DiscreteLIF, DiscreteReadout
from genn_delays.declaration.neurons.equations import Equations
from genn_delays.declaration.neurons.leaky_readout import LeakyReadout
from genn_delays.declaration.neurons.lif import LIF

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "DiscreteLIF",
    "DiscreteReadout",
    "Equations",
    "Input",
    "LeakyReadout",
    "Neuron",
]
