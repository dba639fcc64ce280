"""LIF layers with a delay kernel on every synapse and a leaky readout: the network of FCN24.

Meszaros, Knight and Nowotny (2024, Front. Comput. Neurosci. 18:1460309), 40 - 256 - 20 on 10 ms
frames: an input waits two steps before it enters the membrane, a spike wipes the input that is next
to enter, and the membrane keeps 1 - 1/10.05 of itself per step. Batch normalisation and dropout
on the hidden layers. A delay of d steps is their position P = half - d, with 2 half + 1 taps; a
spike meets a delay of 0 in its own step.

Weights start as PyTorch's ``kaiming_uniform_(nonlinearity="relu")`` draws them, uniform within
+- sqrt(6 / (inputs kernel_count)) whatever the density, delays uniformly over the taps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import genn_delays as gd

CITES = ("meszaros2024",)


def build(
    *,
    inputs: int,
    outputs: int,
    seed: int,
    hidden: int = 256,
    layers: int = 1,
    tau_mem: float = 100.5,
    threshold: float = 1.0,
    max_delay: float = 240.0,
    step: float = 10.0,
    delays: Literal["learnt", "fixed", "none"] = "learnt",
    kernel: str | Mapping[str, Any] = "gaussian",
    sigma: float = 12.0,
    kernel_count: int = 1,
    dropout: float = 0.4,
    density: float = 1.0,
    normalise: bool = True,
) -> gd.Network:
    """Declare the network.

    Args:
        inputs: input units.
        outputs: readout units, one per class.
        seed: of the initial weights, delays and connections.
        hidden: neurons of each hidden layer.
        layers: number of hidden layers.
        tau_mem: of hidden layers and readout in ms; 10.05 steps of 10 ms as published.
        threshold: of the hidden neurons.
        max_delay: largest delay in ms; 25 taps of 10 ms as published.
        step: distance of the taps in ms, the time step the network is meant to run at.
        delays: ``"learnt"``; ``"fixed"``, drawn alike and left as they are; or ``"none"``,
            without delays and without a kernel.
        kernel: how training spreads a delay; ``"none"`` rounds it to a step, as evaluation does.
            ``{file: mine.py, name: Flat}`` is one of your own.
        sigma: width that the kernel starts with, in steps.
        kernel_count: synapses of each pair, each with its own weight and delay.
        dropout: share of each hidden layer that is silenced in a training trial.
        density: fraction of the pairs between two layers that is joined, drawn once.
        normalise: batch normalisation of the hidden layers' input.
    """
    net = gd.Network(seed=seed)
    if layers < 1 or kernel_count < 1:
        raise gd.GennDelaysError(
            f"layers={layers} and kernel_count={kernel_count} given; both must be >= 1"
        )
    delayed: dict[str, Any] = {"density": density, "kernel_count": kernel_count, "lag": 0}
    if delays != "none":
        delayed |= {"delay": gd.init.UniformTaps(max_delay, step), "max_delay": max_delay}
        delayed["kernel"] = gd.kernels.make(kernel, sigma)
        delayed["learn"] = ("weight", "delay") if delays == "learnt" else ("weight",)

    last = net.add_population("input", gd.Input(), inputs)
    neuron = gd.DiscreteLIF(tau_mem, input_steps=2, threshold=threshold, wipe_input=True)
    for layer in range(layers):
        name = "hidden" if layers == 1 else f"hidden{layer + 1}"
        norm = gd.BatchNorm() if normalise else None
        neurons = net.add_population(name, neuron, hidden, normalise=norm, dropout=dropout)
        net.connect(
            last, neurons, weight=gd.init.KaimingUniform(last.size * kernel_count), **delayed
        )
        last = neurons
    output = net.add_population("output", gd.DiscreteReadout(tau_mem, input_steps=1), outputs)
    net.connect(last, output, weight=gd.init.KaimingUniform(last.size * kernel_count), **delayed)
    return net
