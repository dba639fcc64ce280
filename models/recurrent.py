"""One recurrent LIF layer with learnable delays, into it and within it, and a leaky readout.

Meszaros, Knight and Nowotny (2025, Nat. Commun. 16, s41467-025-65394-8), the network of the
Spiking Heidelberg Digits: 512 neurons, tau_mem 20 ms, tau_syn 5 ms, feedforward delays from
U(0, 150) ms, recurrent delays from 0, weights N(0.03, 0.01), N(0, 0.02) and N(0, 0.03). With
``delay_of: axon`` all synapses of a unit have one delay, as the recurrent ones of DelRec have
(Queant, Rancon, Cottereau and Masquelier, 2025, arXiv 2509.24852).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import genn_delays as gd

CITES = ("meszaros2025",)
Normal = tuple[float, float]
SHARED = {"axon": "pre", "dendrite": "post"}


def build(
    *,
    inputs: int,
    outputs: int,
    seed: int,
    hidden: int = 512,
    tau_mem: float = 20.0,
    tau_syn: float = 5.0,
    threshold: float = 1.0,
    weight_input: Normal = (0.03, 0.01),
    weight_recurrent: Normal = (0.0, 0.02),
    weight_output: Normal = (0.0, 0.03),
    max_delay: float = 1000.0,
    delay_input: tuple[float, float] = (0.0, 150.0),
    delay_recurrent: tuple[float, float] = (0.0, 0.0),
    learn_delays: bool = True,
    delay_of: Literal["synapse", "axon", "dendrite"] = "synapse",
    density: float = 1.0,
    neuron: Mapping[str, Any] | None = None,
    learn_parameters: Mapping[str, tuple[float, float]] | tuple[str, ...] = (),
) -> gd.Network:
    """Declare the network.

    Args:
        inputs: input units.
        outputs: readout units, one per class.
        seed: of the initial weights and delays.
        hidden: neurons of the recurrent layer.
        tau_mem, tau_syn: time constants of hidden and readout neurons in ms.
        threshold: of the hidden neurons.
        weight_input, weight_recurrent, weight_output: mean and standard deviation of the
            initial weights.
        max_delay: largest delay in ms.
        delay_input, delay_recurrent: bounds in ms of the uniform initial delays.
        learn_delays: False for delays that stay as they are drawn.
        delay_of: what has a delay of its own: every synapse, every axon (of a presynaptic unit), or
            every dendrite (of a postsynaptic one).
        density: fraction of the pairs into and within the hidden layer that is joined.
        neuron: of the hidden layer, as in ``{name: adex, tau_w: 100.0}``, in place of the LIF
            neuron of tau_mem, tau_syn and threshold.
        learn_parameters: of that neuron, with or without bounds.
    """
    net = gd.Network(seed=seed)
    kind = gd.neurons.make(neuron) if neuron else gd.LIF(tau_mem, tau_syn, threshold)
    learn = ("weight", "delay") if learn_delays else ("weight",)
    share = {"delay": SHARED[delay_of]} if delay_of in SHARED else None
    delayed: dict[str, Any] = {"max_delay": max_delay, "learn": learn, "share": share}
    delayed["density"] = density

    source = net.add_population("input", gd.Input(), inputs)
    neurons = net.add_population("hidden", kind, hidden, learn=learn_parameters)
    output = net.add_population("output", gd.LeakyReadout(tau_mem, tau_syn), outputs)
    net.connect(
        source,
        neurons,
        weight=gd.init.Normal(*weight_input),
        delay=gd.init.Uniform(*delay_input),
        **delayed,
    )
    net.connect(
        neurons,
        neurons,
        weight=gd.init.Normal(*weight_recurrent),
        delay=gd.init.Uniform(*delay_recurrent),
        **delayed,
    )
    net.connect(neurons, output, weight=gd.init.Normal(*weight_output))
    return net
