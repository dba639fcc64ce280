"""Spiking networks with a learnable delay on every synapse and wiring that learns.

Units: time, time constants and delays in ms; voltages and weights dimensionless.
"""

from typing import TYPE_CHECKING

from genn_delays.api import compile  # noqa: A004 - the field's word, always used as gd.compile
from genn_delays.declaration import init, kernels, neurons, wiring
from genn_delays.declaration.folding import fold
from genn_delays.declaration.network import Network, Population, Projection
from genn_delays.declaration.neurons import (
    LIF,
    AdaptiveLIF,
    DiscreteLIF,
    DiscreteReadout,
    Equations,
    Input,
    LeakyReadout,
    Neuron,
)
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.declaration.units import BatchNorm, UnitTable
from genn_delays.planning import gradients, readouts
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import EventProp, Surrogate
from genn_delays.support.errors import GennDelaysError

if TYPE_CHECKING:
    from genn_delays.training import losses
else:

    def __getattr__(name: str):
        """``gd.losses`` when it is asked for: the trainer beside it takes long to import."""
        if name == "losses":
            from genn_delays.training import losses

            return losses
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "BatchNorm",
    "DiscreteLIF",
    "DiscreteReadout",
    "Equations",
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
    "gradients",
    "init",
    "kernels",
    "losses",
    "neurons",
    "readouts",
    "wiring",
]
