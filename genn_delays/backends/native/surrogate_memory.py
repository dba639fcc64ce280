"""How much memory the surrogate rule needs on the native backend, before anything is built."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.codegen import VECTOR_BYTES, lanes_of
from genn_delays.backends.native.surrogate_buffers import blocks_of, groups_of
from genn_delays.backends.native.surrogate_codegen import PAD, surrogate_models
from genn_delays.graph import Component
from genn_delays.kernels import taps_of
from genn_delays.network import Network
from genn_delays.plan import Plan


def estimate_surrogate(
    plan: Plan, network: Network, *, threads: int, chunks: int
) -> dict[str, int]:
    """Bytes by part: ``"spikes"``, ``"voltages"``, ``"synapses"``, ``"scratch"``.

    Args:
        plan, network: what will be run; kernels count with the width they have now.
        threads: each has scratch of its own.
        chunks: parts of the batch with gradients of their own.
    """
    parts = {"spikes": 0, "voltages": 0, "synapses": 0}
    real, lanes = np.dtype(plan.dtype).itemsize, lanes_of(plan.dtype)
    groups, (_, models) = groups_of(plan, plan.batch_size), surrogate_models(plan)
    for k, p in enumerate(plan.populations):
        units = groups * p.size
        if p.is_input or p.is_spiking:
            parts["spikes"] += units * ((plan.steps + PAD) * VECTOR_BYTES + plan.steps * 4)
        if p.is_input:
            continue
        rows = len(models[k].stored) + (p.normalise is not None) + (k == plan.readout_population)
        parts["voltages"] += units * (rows * plan.steps + plan.steps + PAD) * VECTOR_BYTES
        parts["voltages"] += units * 8 * (2 + len(models[k].flow) + 2 * (p.normalise is not None))
        parts["voltages"] += units * lanes * (4 * p.is_spiking + real * (p.dropout > 0))
        parts["synapses"] += p.size * models[k].constants * real
    read = plan.populations[plan.readout_population]
    parts["voltages"] += 2 * groups * plan.steps * read.size * VECTOR_BYTES
    for index in range(len(plan.projections)):
        parts["synapses"] += _synapses(plan, network, index, chunks)
    return parts | {"scratch": scratch_bytes(plan, threads)}


def _synapses(plan: Plan, network: Network, index: int, chunks: int) -> int:
    q, real = plan.projections[index], np.dtype(plan.dtype).itemsize
    projection = network.projections[q.name]
    table = projection.synapses
    one = taps_of(table.delay[:1], projection.kernel, plan.dt, q.max_delay_steps, plan.dtype)
    arrays = 1 if one.slope is None else 3
    each = 12 + 8 + 16 + 2 * table.pre.itemsize + real * (arrays * one.count + 2 * chunks)
    blocks, _ = blocks_of(plan, plan.populations[q.pre].size)
    ends = table.pre_size if q.internal else blocks * (table.post_size + 1)
    return len(table) * each + 8 * ends


def scratch_bytes(plan: Plan, threads: int) -> int:
    """Most that the engine's threads hold at once; see templates/surrogate/layer and loop."""
    return threads * max(_component_scratch(plan, c) for c in plan.components)


def _component_scratch(plan: Plan, component: Component) -> int:
    stride, (_, models) = plan.steps + PAD, surrogate_models(plan)
    sizes = {k: plan.populations[k].size for k in component.populations}
    if not component.recurrent:
        return sum(blocks_of(plan, n)[1] for n in sizes.values()) * stride * VECTOR_BYTES
    units = {k: (models[k].states, stride + 1, 2 + len(models[k].flow)) for k in sizes}
    forward = sum(n * (units[k][0] + units[k][1]) for k, n in sizes.items())
    backward = sum(n * (units[k][0] + units[k][2]) for k, n in sizes.items())
    return max(forward, backward) * VECTOR_BYTES
