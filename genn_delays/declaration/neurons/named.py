"""Neurons by name, as configurations and model files write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from genn_delays.declaration.neurons.adaptive_lif import AdaptiveLIF
from genn_delays.declaration.neurons.adex import adex
from genn_delays.declaration.neurons.alpha_lif import alpha_lif
from genn_delays.declaration.neurons.base import Neuron
from genn_delays.declaration.neurons.conductance_lif import conductance_lif
from genn_delays.declaration.neurons.discrete import DiscreteLIF, DiscreteReadout
from genn_delays.declaration.neurons.eif import eif
from genn_delays.declaration.neurons.equations import Equations
from genn_delays.declaration.neurons.izhikevich import izhikevich
from genn_delays.declaration.neurons.leaky_readout import LeakyReadout
from genn_delays.declaration.neurons.lif import LIF
from genn_delays.declaration.neurons.qif import qif
from genn_delays.declaration.neurons.resonate_and_fire import resonate_and_fire
from genn_delays.declaration.neurons.symplectic_lif import symplectic_lif
from genn_delays.support.errors import NetworkError, reason

NAMED: dict[str, Callable[..., Neuron]] = {
    "lif": LIF,
    "adaptive_lif": AdaptiveLIF,
    "leaky_readout": LeakyReadout,
    "discrete_lif": DiscreteLIF,
    "discrete_readout": DiscreteReadout,
    "adex": adex,
    "alpha_lif": alpha_lif,
    "conductance_lif": conductance_lif,
    "eif": eif,
    "izhikevich": izhikevich,
    "qif": qif,
    "resonate_and_fire": resonate_and_fire,
    "symplectic_lif": symplectic_lif,
    "equations": Equations,
}
"""Neurons by the name that configurations and model files give them."""


def make(spec: Mapping[str, Any] | Neuron) -> Neuron:
    """The neuron of ``{name: adex, tau_mem: 10.0}`` or ``{name: equations, text: "dV/dt = ..."}``.

    A neuron is returned as it is. One of your own is ``{file: mine.py, name: Slow}``: a class, or a
    function that makes a neuron.

    Raises:
        NetworkError: an unknown name or argument (the nearest is named), or impossible values.
    """
    if isinstance(spec, Neuron):
        return spec
    from genn_delays.plugins.named import choose, settings_of  # which takes a while to import

    if not isinstance(spec, Mapping) or "name" not in spec:
        raise NetworkError(f"neuron: {spec!r} has no name; give a mapping such as {{name: lif}}")
    name = spec["name"]
    kind = choose("neuron", Neuron, NAMED, spec, functions=True, error=NetworkError)
    try:
        made = kind(**settings_of(spec))
    except TypeError as error:
        raise NetworkError(f"neuron {name!r}: {reason(error)}") from None
    if not isinstance(made, Neuron):
        raise NetworkError(f"neuron {name!r} makes a {type(made).__name__}; return a gd.Neuron")
    return made
