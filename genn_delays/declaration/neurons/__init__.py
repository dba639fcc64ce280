"""Neurons, one file each: linear flow, threshold and reset as data, or equations as text."""

from genn_delays.declaration.neurons.adaptive_lif import AdaptiveLIF
from genn_delays.declaration.neurons.adex import adex
from genn_delays.declaration.neurons.alpha_lif import alpha_lif
from genn_delays.declaration.neurons.base import Input, Neuron
from genn_delays.declaration.neurons.conductance_lif import conductance_lif
from genn_delays.declaration.neurons.discrete import DiscreteLIF, DiscreteReadout
from genn_delays.declaration.neurons.eif import eif
from genn_delays.declaration.neurons.equations import Equations
from genn_delays.declaration.neurons.izhikevich import izhikevich
from genn_delays.declaration.neurons.leaky_readout import LeakyReadout
from genn_delays.declaration.neurons.lif import LIF
from genn_delays.declaration.neurons.named import NAMED, make
from genn_delays.declaration.neurons.qif import qif
from genn_delays.declaration.neurons.resonate_and_fire import resonate_and_fire
from genn_delays.declaration.neurons.symplectic_lif import symplectic_lif

__all__ = [
    "LIF",
    "NAMED",
    "AdaptiveLIF",
    "DiscreteLIF",
    "DiscreteReadout",
    "Equations",
    "Input",
    "LeakyReadout",
    "Neuron",
    "adex",
    "alpha_lif",
    "conductance_lif",
    "eif",
    "izhikevich",
    "make",
    "qif",
    "resonate_and_fire",
    "symplectic_lif",
]
