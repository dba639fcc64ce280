"""Spiking networks with a learnable delay on every synapse and wiring that learns.

Units: time, time constants and delays in ms; voltages and weights dimensionless.
"""

from genn_delays import init, kernels, losses, readouts, wiring
from genn_delays.api import compile  # noqa: A004 - the field's word, always used as gd.compile
from genn_delays.errors import GennDelaysError
from genn_delays.events import Events
from genn_delays.folding import fold
from genn_delays.gradients import EventProp, Surrogate
from genn_delays.network import Network, Population, Projection
from genn_delays.neurons import (
    LIF,
    AdaptiveLIF,
    DiscreteLIF,
    DiscreteReadout,
    Input,
    LeakyReadout,
    Neuron,
)
from genn_delays.synapses import SynapseTable
from genn_delays.units import BatchNorm, UnitTable

__version__ = "0.1.0"

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "BatchNorm",
    "DiscreteLIF",
    "DiscreteReadout",
    "EventProp",
    "Events",
    "GennDelaysError",
    "Input",
    "LeakyReadout",
    "Network",
    "Neuron",
    "Population",
    "Projection",
    "Surrogate",
    "SynapseTable",
    "UnitTable",
    "compile",
    "fold",
    "init",
    "kernels",
    "losses",
    "readouts",
    "wiring",
]
