"""Folding: a network as evaluation sees it, without batch normalisation, dropout and kernels.

In evaluation a normalised input is an affine function of the input u,

    gain (u - mean) / sqrt(variance + eps) + bias = scale u + (bias - scale mean),

so the scale goes into the weights that lead to a unit's first input state, which is the one that is
normalised, the rest is a constant added there at every step
(Ioffe and Szegedy, 2015, arXiv 1502.03167, algorithm 2, line 11).
"""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace

import numpy as np

from genn_delays.declaration.distance import Placed
from genn_delays.declaration.network import Network, Population, Projection
from genn_delays.declaration.ties import Shared
from genn_delays.declaration.units import UnitTable, positions_of
from genn_delays.support.errors import NetworkError


def fold(network: Network) -> Network:
    """A copy of a network that runs as the original does in evaluation, to rounding.

    Batch normalisation goes into weights and a bias, learnt time constants into the neurons;
    dropout, kernels and what an optimiser keeps are left out. Weights that synapses share are those
    of each where normalisation makes them differ. Delays stay as they are and are
    rounded when the network runs. Nothing is shared with the original.

    Raises:
        NetworkError: something else than a network.
    """
    if not isinstance(network, Network):
        raise NetworkError(f"fold() takes a Network, got {type(network).__name__}")
    folded = Network(seed=network.seed)
    for name, population in network.populations.items():
        folded.populations[name] = _population(population)
    for name, projection in network.projections.items():
        folded.projections[name] = _projection(projection, folded)
    return folded


def scale_of(population: Population) -> np.ndarray:
    """What evaluation multiplies the input of each unit by, float64, (units,)."""
    units = population.units
    if population.normalise is None:
        return np.ones(population.size)
    return units.gain / np.sqrt(units.running_variance + population.normalise.eps)


def _population(p: Population) -> Population:
    columns = {}
    if p.normalise is not None:
        columns["bias"] = p.units.bias - scale_of(p) * p.units.running_mean
    elif "bias" in p.units.columns:
        columns["bias"] = p.units.bias.copy()
    columns |= {name: p.units.columns[name].copy() for name in positions_of(p.units)}
    neuron, units = deepcopy(p.current_neuron), UnitTable(p.size, columns)
    return Population(p.name, neuron, p.size, tail=p.tail, units=units)


def _projection(projection: Projection, folded: Network) -> Projection:
    pre, post = folded.populations[projection.pre.name], folded.populations[projection.post.name]
    table = copy(projection.synapses)
    target, first = projection.target, projection.post.neuron.input_states[0]
    # normalised is what arrives in the first input state
    scale = scale_of(projection.post) if target in (None, first) else np.ones(table.post_size)
    table.weight = table.weight * scale[table.post]
    table.pre, table.post, table.delay = table.pre.copy(), table.post.copy(), table.delay.copy()
    table.state, table.ties = {}, {}
    for parameter, tie in projection.synapses.ties.items():
        if isinstance(tie, Placed):
            table.ties[parameter] = replace(tie, pre=pre.units, post=post.units)
        elif isinstance(tie, Shared) and (parameter == "delay" or np.all(scale == 1.0)):
            table.ties[parameter] = tie.copied()
            if tie.keys is None:
                table.state[tie.column] = projection.synapses.state[tie.column].copy()
    kept = projection.learn, projection.lag
    return Projection(projection.name, pre, post, table, *kept, target=target)
