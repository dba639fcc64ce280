"""Feedforward network of LIF layers with a delay on every synapse and a leaky readout.

Defaults follow the feedforward speech networks of Meszaros, Knight and Nowotny (2025, Nat.
Commun. 16, s41467-025-65394-8): tau_mem 20 ms, tau_syn 5 ms, weights from normal
distributions, delays learnt between the layers and not into the readout.

``delay_of`` gives an axon or a dendrite one delay for all its synapses, as Bouhadjar and Neftci
compare them (2026, arXiv 2602.09746), or takes delays from the distance of neurons whose positions
are learnt (Meszaros, Knight, Akarca and Nowotny, 2025, arXiv 2511.01632).
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
    hidden: tuple[int, ...] = (256,),
    tau_mem: float = 20.0,
    tau_syn: float = 5.0,
    tau_mem_output: float = 20.0,
    tau_syn_output: float = 5.0,
    threshold: float = 1.0,
    weight_input: Normal = (0.03, 0.03),
    weight_hidden: Normal = (0.02, 0.03),
    weight_output: Normal = (0.0, 0.03),
    max_delay: float = 60.0,
    delays: Literal["random", "zero"] = "random",
    delay_range: tuple[float, float] | None = None,
    learn_weights: bool = True,
    learn_delays: bool = True,
    delay_of: Literal["synapse", "axon", "dendrite", "distance"] = "synapse",
    dimensions: int = 2,
    output_delays: bool = False,
    spiking_output: bool = False,
    density: float = 1.0,
    neuron: Mapping[str, Any] | None = None,
    learn_parameters: Mapping[str, tuple[float, float]] | tuple[str, ...] = (),
    compensate: bool = False,
) -> gd.Network:
    """Declare the network.

    Args:
        inputs: input units.
        outputs: readout units, one per class.
        seed: of the initial weights and delays.
        hidden: neurons of each hidden layer; none joins the input to the readout directly.
        tau_mem, tau_syn: time constants of the hidden layers in ms.
        tau_mem_output, tau_syn_output: those of the readout in ms.
        threshold: of every spiking neuron.
        weight_input, weight_hidden, weight_output: mean and standard deviation of the initial
            weights from the input, between hidden layers and into the readout. Without hidden
            layers the readout's weights are ``weight_output``.
        max_delay: largest delay in ms.
        delays: initial delays: drawn uniformly from ``delay_range``, or all zero.
        delay_range: ms; by default (0, max_delay).
        learn_weights, learn_delays: what training changes.
        delay_of: what has a delay of its own: every synapse, every axon (of a presynaptic unit), or
            every dendrite (of a postsynaptic one). With ``distance`` it is the distance between
            the ends of a synapse at 1 per ms, and training moves the units.
        dimensions: coordinates of each unit. Units begin uniformly in a square, or cube, whose
            diagonal is ``max_delay``.
        output_delays: True where the synapses into the readout have delays too.
        spiking_output: LIF outputs, for readouts of spike times.
        density: fraction of the pairs between two layers that is joined.
        neuron: of the hidden layers, as in ``{name: adex, tau_w: 100.0}``, in place of the LIF
            neuron of tau_mem, tau_syn and threshold.
        learn_parameters: of that neuron, with or without bounds.
        compensate: True keeps what sparse neurons receive as it is in the dense network: the mean
            of the initial weights is divided by the density, their standard deviation by its root.
    """
    net = gd.Network(seed=seed)
    share = density if compensate and density else 1.0
    low, high = delay_range or (0.0, max_delay)
    delay = gd.init.Uniform(low, high) if delays == "random" else gd.init.Constant(0.0)
    learn = [name for name, on in (("weight", learn_weights), ("delay", learn_delays)) if on]
    shared = {"share": {"delay": SHARED[delay_of]}} if delay_of in SHARED else {}
    placed: dict[str, Any] = {}
    undelayed: dict[str, Any] = {"density": density, "learn": ["weight"] if learn_weights else []}
    delayed = undelayed | {"delay": delay, "max_delay": max_delay, "learn": learn} | shared
    if delay_of == "distance":
        delayed |= {"delay": gd.Distance(), "learn": undelayed["learn"]}
        placed = _placed(max_delay, dimensions)
        if delays != "random" or delay_range is not None:
            raise gd.GennDelaysError(
                "delay_of: distance has no delays or delay_range; leave them out"
            )
    where = ("position",) if placed and learn_delays else ()

    kind = gd.neurons.make(neuron) if neuron else gd.LIF(tau_mem, tau_syn, threshold)
    last = net.add_population("input", gd.Input(), inputs, learn=where, **placed)
    for layer, size in enumerate(hidden):
        name = "hidden" if len(hidden) == 1 else f"hidden{layer + 1}"
        learnt = {**_bounds(learn_parameters), **_bounds(where)}
        neurons = net.add_population(name, kind, size, learn=learnt, **placed)
        weight = weight_hidden if layer else weight_input
        net.connect(last, neurons, weight=_normal(weight, share), **delayed)
        last = neurons
    readout = gd.LeakyReadout(tau_mem_output, tau_syn_output)
    spiking = gd.LIF(tau_mem_output, tau_syn_output, threshold)
    there: dict[str, Any] = {"learn": where, **placed} if output_delays else {}
    output = net.add_population("output", spiking if spiking_output else readout, outputs, **there)
    net.connect(
        last,
        output,
        weight=_normal(weight_output, share),
        **(delayed if output_delays else undelayed),
    )
    return net


def _placed(max_delay: float, dimensions: int) -> dict[str, Any]:
    """Units anywhere in a cube whose diagonal takes ``max_delay`` at 1 per ms."""
    return {"position": (gd.init.Uniform(0.0, max_delay / dimensions**0.5),) * dimensions}


def _bounds(learn: Mapping[str, tuple[float, float]] | tuple[str, ...]) -> dict[str, Any]:
    """Names with their bounds, None for those that have none."""
    return dict(learn) if isinstance(learn, Mapping) else dict.fromkeys(learn)


def _normal(mean_and_sd: Normal, share: float) -> gd.init.Normal:
    """So that a sum over this share of the synapses has the mean and variance of one over all."""
    return gd.init.Normal(mean_and_sd[0] / share, mean_and_sd[1] / share**0.5)
