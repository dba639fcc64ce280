"""Neurons, one file each: linear flow, threshold and reset, declared as data."""

from genn_delays.neurons.adaptive_lif import AdaptiveLIF
from genn_delays.neurons.base import Input, Neuron
from genn_delays.neurons.discrete import DiscreteLIF, DiscreteReadout
from genn_delays.neurons.leaky_readout import LeakyReadout
from genn_delays.neurons.lif import LIF

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "DiscreteLIF",
    "DiscreteReadout",
    "Input",
    "LeakyReadout",
    "Neuron",
]
