"""How much memory the surrogate rule needs on the native backend, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.backends.native.shapes import nbytes
from genn_delays.backends.native.step_map import ports_of
from genn_delays.backends.native.surrogate.codegen import CHUNK, PAD, models_of, unit_constants
from genn_delays.backends.native.surrogate.shapes import (
    batch_shapes,
    blocks_of,
    kept_shapes,
    read_shapes,
    row_shapes,
    spike_shapes,
    state_shapes,
    synapse_shapes,
    tap_shapes,
)
from genn_delays.backends.native.surrogate.spectral import (
    Spectral,
    spectra_shapes,
    spectral_of,
    spectral_scratch,
    spectral_shapes,
)
from genn_delays.backends.native.threads import CHUNKS
from genn_delays.backends.native.vectors import vector_bytes
from genn_delays.declaration.kernels import taps_of
from genn_delays.declaration.network import Network
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


def estimate(plan: Plan, network: Network, *, threads: int, **_: float) -> dict[str, int]:
    """See :func:`genn_delays.backends.native.memory.estimate`; kernels as wide as they are."""
    parts = {"spikes": 0, "voltages": 0, "synapses": 0}
    models, spectrals = models_of(plan)[1], dict[int, Spectral]()
    for k, p in enumerate(plan.populations):
        held = state_shapes(plan, k, models.get(k)) | batch_shapes(plan, k)
        parts["spikes"] += nbytes(spike_shapes(plan, k))
        parts["voltages"] += nbytes(held)
        if k in models:
            parts["synapses"] += unit_constants(p, models[k], plan.dtype).nbytes
    parts["spikes"] += nbytes(row_shapes(plan, threads))
    parts["voltages"] += nbytes(read_shapes(plan))
    for index, q in enumerate(plan.projections):
        projection = network.projections[q.name]
        synapses, first = len(projection.synapses), projection.synapses.delay[:1]
        one = taps_of(first, projection.kernel, plan.dt, q.max_delay_steps, plan.dtype)
        parts["synapses"] += nbytes(synapse_shapes(plan, index, synapses, CHUNKS))
        parts["synapses"] += nbytes(kept_shapes(synapses))
        held = tap_shapes(plan, synapses, one.count, one.slope is not None)
        if (found := spectral_of(plan, index, synapses, projection.kernel)) is not None:
            spectrals[index] = found
            held = spectral_shapes(plan, index, synapses, found)
        parts["synapses"] += nbytes(held)
    parts["voltages"] += nbytes(spectra_shapes(plan, spectrals))
    return parts | {"scratch": scratch_bytes(plan, threads, spectrals)}


def scratch_bytes(plan: Plan, threads: int, spectrals: Mapping[int, Spectral]) -> int:
    """Most that the engine's threads hold at once; see templates/surrogate/layer and loop."""
    each = [_component_scratch(plan, c) for c in plan.components]
    each += [spectral_scratch(plan, k, one) for k, one in spectrals.items()]
    return threads * max(each)


def _component_scratch(plan: Plan, component: Component) -> int:
    models = models_of(plan)[1]
    sizes = {k: plan.populations[k].size for k in component.populations}
    if not component.recurrent:
        ((k, size),), kept = sizes.items(), max(model.kept for model in models_of(plan)[0])
        rows = blocks_of(plan, size)[1] * _rows(plan, k) * vector_bytes(plan)
        return rows + plan.steps * (kept * vector_bytes(plan) + np.dtype(np.uint16).itemsize)
    holds = any(model.holds for model in models.values())
    units = {
        k: (models[k].states, _rows(plan, k) + 1 + holds, 2 + models[k].sums + CHUNK) for k in sizes
    }
    forward = sum(n * (units[k][0] + units[k][1]) for k, n in sizes.items())
    backward = sum(n * (units[k][0] + units[k][2]) for k, n in sizes.items())
    return max(forward, backward) * vector_bytes(plan)


def _rows(plan: Plan, k: int) -> int:
    """Steps of what arrives at a unit, in all of its input states."""
    return ports_of(plan.populations[k]) * (plan.steps + PAD)
