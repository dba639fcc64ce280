"""Spiking networks with a learnable delay on every synapse and wiring that learns.

Units: time, time constants and delays in ms; voltages and weights dimensionless.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genn_delays.api import compile  # noqa: A004 - the field's word, always used as gd.compile
from genn_delays.declaration import init, kernels, neurons, wiring
from genn_delays.declaration.distance import Distance
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
from genn_delays.support.version import __version__ as __version__

if TYPE_CHECKING:
    from genn_delays import (
        analysis,
        datasets,
        export,
        genn,
        graphs,
        import_,
        models,
        plugins,
        rewiring,
        training,
    )
    from genn_delays.datasets import Dataset
    from genn_delays.experiment import checkpoint
    from genn_delays.fitting import Model, calibrate, fit, load, record, stream
    from genn_delays.training import losses

_LATER = {
    "Dataset": "genn_delays.datasets:Dataset",
    "Model": "genn_delays.fitting:Model",
    "analysis": "genn_delays.analysis",
    "calibrate": "genn_delays.fitting:calibrate",
    "checkpoint": "genn_delays.experiment.checkpoint",
    "datasets": "genn_delays.datasets",
    "export": "genn_delays.export",
    "fit": "genn_delays.fitting:fit",
    "genn": "genn_delays.genn",
    "graphs": "genn_delays.graphs",
    "import_": "genn_delays.import_",
    "load": "genn_delays.fitting:load",
    "losses": "genn_delays.training.losses",
    "models": "genn_delays.models",
    "plugins": "genn_delays.plugins",
    "record": "genn_delays.fitting:record",
    "rewiring": "genn_delays.rewiring",
    "stream": "genn_delays.fitting:stream",
    "training": "genn_delays.training",
}
"""What is imported when it is asked for, because it takes long: where it is."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _LATER[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "LIF",
    "AdaptiveLIF",
    "BatchNorm",
    "Dataset",
    "DiscreteLIF",
    "DiscreteReadout",
    "Distance",
    "Equations",
    "EventProp",
    "Events",
    "GennDelaysError",
    "Input",
    "LeakyReadout",
    "Model",
    "Network",
    "Neuron",
    "Population",
    "Projection",
    "Surrogate",
    "SynapseTable",
    "UnitTable",
    "analysis",
    "calibrate",
    "checkpoint",
    "compile",
    "datasets",
    "export",
    "fit",
    "fold",
    "genn",
    "gradients",
    "graphs",
    "import_",
    "init",
    "kernels",
    "load",
    "losses",
    "models",
    "neurons",
    "plugins",
    "readouts",
    "record",
    "rewiring",
    "stream",
    "training",
    "wiring",
]
