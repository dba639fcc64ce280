"""LIF layers whose delays are dilated convolutions with learnable spacings, and a leaky readout.

Hammouamri, Khalfaoui-Hassani and Masquelier (2024, ICLR, arXiv 2306.17670), 140 - 256 - 256 - 20 on
10 ms frames. The LIF neuron is V <- (1 - 1/tau) V + u, compared and reset in the same step; batch
normalisation and dropout on the hidden layers. A delay of d steps is their position P = half - d,
with 2 half + 1 taps; a spike meets a delay of 0 in its own step.

Every layer lives half a kernel longer than the one before: their right padding. With an input of
``duration`` ms and ``layers`` hidden layers, a trial lasts duration + (layers + 1) max_delay / 2,
which is what ``training.duration`` has to say, and each hidden layer is off for what is left of it.

Weights start as PyTorch's ``kaiming_uniform_(nonlinearity="relu")`` draws them, uniform within
+- sqrt(6 / (inputs kernel_count)) whatever the density, delays uniformly over the taps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import genn_delays as gd

CITES = ("hammouamri2024",)


def build(
    *,
    inputs: int,
    outputs: int,
    seed: int,
    hidden: int = 256,
    layers: int = 2,
    tau_mem: float = 10.05,
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
        tau_mem: of hidden layers and readout in ms.
        threshold: of the hidden neurons.
        max_delay: largest delay in ms; 25 taps of 10 ms as published for SHD. Also without delays,
            half of it is how much longer each layer lives than the one before.
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
    for layer in range(layers):
        name = "hidden" if layers == 1 else f"hidden{layer + 1}"
        neurons = net.add_population(
            name,
            gd.DiscreteLIF(tau_mem, threshold=threshold),
            hidden,
            normalise=gd.BatchNorm() if normalise else None,
            dropout=dropout,
            tail=(layers - layer) * max_delay / 2.0,
        )
        net.connect(
            last, neurons, weight=gd.init.KaimingUniform(last.size * kernel_count), **delayed
        )
        last = neurons
    output = net.add_population("output", gd.DiscreteReadout(tau_mem), outputs)
    net.connect(last, output, weight=gd.init.KaimingUniform(last.size * kernel_count), **delayed)
    return net
