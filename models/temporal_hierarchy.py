"""Layers of LIF neurons with long time constants, equal or longer from layer to layer.

Moro, Aceituno, Kriener and Payvand (2024, arXiv 2407.18838): 40 - 10 - 10 - 10 - 2 for the
multi-timescale XOR, time constants about 300 ms, those of the readout 50 ms, in steps of 10 ms.

Their neuron, V <- (1 - dt/tau) V + u, less the threshold after a spike, is ``grid=True``, for the
surrogate rule. EventProp needs one in continuous time: else it is the LIF neuron with synaptic
currents. Weights begin as jumps of V, which there are w tau_syn / tau_mem: so layers of every time
constant start with as much input.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import genn_delays as gd

CITES = ("moro2024",)


def build(
    *,
    inputs: int,
    outputs: int,
    seed: int,
    hidden: int = 10,
    layers: int = 4,
    tau_mem: float = 300.0,
    delta: float = 0.0,
    distribution: Literal["normal", "log_uniform"] = "normal",
    spread: float = 0.1,
    tau_output: float = 50.0,
    tau_syn: float = 10.0,
    grid: bool = False,
    recurrent: bool = False,
    normalise: bool = False,
    dropout: float = 0.0,
    weight: tuple[float, float] = (0.0, 0.58),
    learn: tuple[str, ...] = (),
) -> gd.Network:
    """Declare the network.

    Args:
        inputs: input units.
        outputs: readout units, one per class.
        seed: of the initial weights and time constants.
        hidden: neurons of each hidden layer.
        layers: layers, the readout among them.
        tau_mem: mean of the time constants of the hidden layers in ms.
        delta: by how much that of the last hidden layer exceeds that of the first, in ms.
        distribution: of the time constants within a layer.
        spread: their standard deviation as a share of the layer's; for ``"log_uniform"`` they lie
            between the layer's divided by it and times it.
        tau_output: of the readout in ms.
        tau_syn: of all synaptic currents in ms; none on a grid.
        grid: see above.
        recurrent: True where each hidden neuron also drives the others of its layer.
        normalise, dropout: of the hidden layers; normalise also of the readout.
        weight: mean and standard deviation of the initial jumps of V, times the root of the number
            of neurons they come from.
        learn: parameters of the hidden neurons, such as ``tau_mem``, one value per neuron.
    """
    if layers < 2:
        raise gd.GennDelaysError(f"layers={layers} given; must be >= 2, the readout among them")
    net = gd.Network(seed=seed)
    norm = gd.BatchNorm() if normalise else None
    arrival: dict[str, Any] = {"lag": 0} if grid else {}

    def jumps(count: int, tau: float) -> gd.init.Normal:
        scale = (1.0 if grid else tau / tau_syn) / count**0.5
        return gd.init.Normal(weight[0] * scale, weight[1] * scale)

    last = net.add_population("input", gd.Input(), inputs)
    for layer, tau in enumerate(gd.init.hierarchy(tau_mem, delta, layers - 1), 1):
        kind = _kind(_drawn(tau, distribution, spread), None if grid else tau_syn)
        neurons = net.add_population(
            f"hidden{layer}", kind, hidden, normalise=norm, dropout=dropout, learn=learn
        )
        net.connect(last, neurons, weight=jumps(last.size, tau), **arrival)
        if recurrent:
            pre, post = np.nonzero(~np.eye(hidden, dtype=bool))
            net.connect(neurons, neurons, weight=jumps(hidden, tau), pairs=(pre, post))
        last = neurons
    readout = gd.DiscreteReadout(tau_output) if grid else gd.LeakyReadout(tau_output, tau_syn)
    output = net.add_population("output", readout, outputs, normalise=norm)
    net.connect(last, output, weight=jumps(last.size, tau_output), **arrival)
    return net


def _kind(tau: gd.init.Initialiser, tau_syn: float | None) -> gd.Neuron:
    """A LIF neuron, on the grid where it has no synaptic time constant."""
    if tau_syn is None:
        return gd.DiscreteLIF(tau, soft_reset=True)
    return gd.LIF(tau, tau_syn, soft_reset=True)


def _drawn(tau: float, distribution: str, spread: float) -> gd.init.Initialiser:
    if distribution == "normal":
        return gd.init.Normal(tau, spread * tau)
    return gd.init.LogUniform(tau / spread, tau * spread)
