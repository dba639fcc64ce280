"""How much memory a GeNN model takes, from its declaration."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.genn.declaration import Declaration, NeuronGroup, SynapseGroup
from genn_delays.backends.genn.model import ADAM_STATE
from genn_delays.backends.genn.snippets import type_of

INDEX = np.dtype(np.uint32).itemsize


def bytes_of(declaration: Declaration, lengths: list[dict[str, int]]) -> int:
    """Bytes of all arrays of a model on the device.

    Args:
        lengths: by neuron group, the elements of each of its arrays.
    """
    groups = zip(declaration.neurons, lengths, strict=True)
    neurons = sum(_neurons(declaration, n, arrays) for n, arrays in groups)
    return neurons + sum(_synapses(declaration, s) for s in declaration.synapses)


def size_of(kind: str, declaration: Declaration) -> int:
    """Bytes of an element of a GeNN type."""
    scalar = {"float": np.float32, "double": np.float64}[declaration.precision]
    return np.dtype(scalar if kind == "scalar" else kind.removesuffix("_t")).itemsize


def _neurons(declaration: Declaration, n: NeuronGroup, lengths: dict[str, int]) -> int:
    # GeNN keeps one step more than the largest delay reaches back
    slots = 1 + max((s.slots for s in declaration.synapses if s.target == n.name), default=0)
    # what synapses read, at both of their ends, is kept for all of these steps
    into = {v for s in declaration.synapses if s.target == n.name for v, _ in s.snippet.post}
    out_of = {v for s in declaration.synapses if s.source == n.name for v, _ in s.snippet.pre}
    delayed = (into | out_of) - {"Back"}
    arrays = sum(lengths[name] * size_of(kind, declaration) for name, kind in n.snippet.arrays)
    constants = n.size * sum(size_of(type_of(c), declaration) for c in n.snippet.constants)
    variables = sum(
        size_of(v.type, declaration) * (slots if v.name in delayed else 1)
        for v in n.snippet.variables
    )
    return arrays + constants + variables * n.size * declaration.batch_size


def _synapses(declaration: Declaration, s: SynapseGroup) -> int:
    sizes = {n.name: n.size for n in declaration.neurons}
    scalar = size_of("scalar", declaration)
    per_trial = sum(
        size_of(v.type, declaration) for v in s.snippet.variables if v.access == "READ_WRITE"
    )
    shared = sum(
        size_of(v.type, declaration) for v in s.snippet.variables if v.access == "READ_ONLY"
    )
    totals = 2 * scalar
    adam = len(s.learn) * len(ADAM_STATE) * 8
    per_synapse = INDEX + shared + per_trial * declaration.batch_size + totals + adam
    arriving = declaration.batch_size * (s.slots + 1) * sizes[s.target] * scalar
    return sizes[s.source] * (s.row * per_synapse + 4) + arriving
