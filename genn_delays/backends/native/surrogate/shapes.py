"""Every array of the surrogate engine: its name in the C structure, its shape and its type.

What an array holds stands in ``structures.py``. One trial lies in each lane.
"""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.shapes import Shapes
from genn_delays.backends.native.step_map import ports_of
from genn_delays.backends.native.surrogate.codegen import PAD, Model
from genn_delays.backends.native.vectors import lanes_of, vector_bytes
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan

CACHE = 256 * 1024
"""Bytes of rows that are worked on together, so that they stay in the second-level cache."""
PART = 3 << 20
"""Bytes of rows of spikes that are there at once, where the threads need no more."""


def groups_of(plan: Plan, trials: int) -> int:
    """Groups of trials that share vectors."""
    return -(-trials // lanes_of(plan))


def blocks_of(plan: Plan, size: int) -> tuple[int, int]:
    """(blocks, units in each) of a population, so that the rows of a block fit the cache."""
    rows = CACHE // ((plan.steps + PAD) * vector_bytes(plan))
    blocks = -(-size // min(max(rows, 4), 32))
    return blocks, -(-size // blocks)


def sums_of(model: Model | None) -> int:
    """Values that are summed for each unit going backwards."""
    return 2 + (model.sums if model else 0)


def in_parts(plan: Plan, k: int) -> bool:
    """Whether rows of what a population sends are made where they are walked: outside of loops."""
    p = plan.populations[k]
    return p.is_spiking and not any(c.recurrent for c in plan.components if k in c.populations)


def sending_in_parts(plan: Plan, component: Component) -> list[int]:
    """Populations whose rows a component needs, part by part."""
    pres = {p.pre for p in plan.projections if p.post in component.populations and not p.internal}
    return sorted(k for k in pres if in_parts(plan, k))


def groups_with_rows(plan: Plan, threads: int) -> int:
    """Groups of trials of a part: as many as PART has room for, and one for each thread."""
    row = (plan.steps + PAD) * vector_bytes(plan)
    fitting = PART // max(1, _units_in_parts(plan) * row)
    return min(max(fitting, threads), groups_of(plan, plan.batch_size))


def row_shapes(plan: Plan, threads: int) -> Shapes:
    """Rows of what populations send to the component in hand, one population after another."""
    units = _units_in_parts(plan)
    if not units:
        return {}
    return {"rows": (_padded(plan, groups_with_rows(plan, threads), units), plan.dtype)}


def _units_in_parts(plan: Plan) -> int:
    """Most that send rows to one component."""
    sending = (sending_in_parts(plan, component) for component in plan.components)
    return max(sum(plan.populations[k].size for k in some) for some in sending)


def spike_shapes(plan: Plan, k: int) -> Shapes:
    """What a population sends, and which steps are not silent."""
    p, groups = plan.populations[k], groups_of(plan, plan.batch_size)
    if not (p.is_input or p.is_spiking):
        return {}
    shapes: Shapes = {
        "active": ((groups, p.size, plan.steps), np.int32),
        "active_count": ((groups, p.size), np.int32),
    }
    if not in_parts(plan, k):
        shapes["sent"] = (_padded(plan, groups, p.size), plan.dtype)
    if p.is_spiking:
        shapes["fired"] = ((groups, p.size, plan.steps), np.uint16)
    return shapes


def state_shapes(plan: Plan, k: int, model: Model | None) -> Shapes:
    """States and adjoints of a population; nothing of an input."""
    if model is None:
        return {}
    p, real, lanes = plan.populations[k], plan.dtype, lanes_of(plan)
    groups = groups_of(plan, plan.batch_size)
    ports, plane = ports_of(p), _padded(plan, groups, p.size)[0]
    cells, row = (groups, p.size), (groups, p.size, plan.steps, lanes)
    shapes: Shapes = {
        "adjoint": ((ports * plane, lanes), real),
        "unit_sums": ((*cells, sums_of(model)), np.float64),
    }
    if p.normalise is None or plan.reads_voltage(k):
        shapes["trace"] = ((*cells, plan.steps, model.kept, lanes), real)
    if p.is_spiking:
        shapes["spike_count"] = ((*cells, lanes), np.int32)
    if p.normalise is not None:
        life = plan.steps - p.tail
        shapes["current"] = ((ports * groups, p.size, life, lanes), real)
        shapes["moments"] = ((*cells, 2), np.float64)
    if plan.reads_voltage(k):
        shapes["voltage_gradient"] = (row, real)
    return shapes


def plane_of(plan: Plan, k: int) -> int:
    """Numbers in ``adjoint`` of one input state of a population."""
    rows, lanes = _padded(plan, groups_of(plan, plan.batch_size), plan.populations[k].size)
    return rows * lanes


def batch_shapes(plan: Plan, k: int) -> Shapes:
    """What a batch brings along: factors of the normalisation, dropout, dL/d spike count."""
    p, groups = plan.populations[k], groups_of(plan, plan.batch_size)
    if p.is_input:
        return {}
    names = ["centre", "gain", "shift", "scale"]
    names += ["adjoint_mean", "along"] if p.normalise is not None else []
    shapes: Shapes = dict.fromkeys(names, ((p.size,), plan.dtype))
    lanes = ((groups, p.size, lanes_of(plan)), plan.dtype)
    if p.dropout:
        shapes["mask"] = lanes
    if k == plan.readout_population and plan.readout.reads == "spike_count":
        shapes["spike_drive"] = lanes
    return shapes


def read_shapes(plan: Plan) -> Shapes:
    """Voltages that the readout reads, and dL/d these, trials last as in the engine."""
    if plan.readout.reads != "voltage":
        return {}
    room = groups_of(plan, plan.batch_size) * lanes_of(plan)
    shape = (plan.populations[plan.readout_population].size, plan.steps, room)
    return {"voltage": (shape, plan.dtype), "voltage_gradient": (shape, plan.dtype)}


def synapse_shapes(plan: Plan, index: int, synapses: int, chunks: int) -> Shapes:
    """Synapses of a projection, and their gradients."""
    p = plan.projections[index]
    sizes = [plan.populations[k].size for k in (p.pre, p.post)]
    blocks, _ = blocks_of(plan, sizes[0])
    ends = (sizes[0] + 1,) if p.internal else (blocks, sizes[1] + 1)
    sorted_by: Shapes = {"by_delay": ((synapses,), np.int32), "near": ((sizes[0],), np.int64)}
    return (sorted_by if p.internal else {}) | {
        "begin": (ends, np.int64),
        "pre_unit": ((synapses,), np.int32),
        "post_unit": ((synapses,), np.int32),
        "weight_gradient": ((chunks, synapses), plan.dtype),
        "delay_gradient": ((chunks, synapses), plan.dtype),
    }


def kept_shapes(synapses: int) -> Shapes:
    """What the host keeps of a table: its connectivity, parameters and their order."""
    column = (synapses,)
    return {
        "pre": (column, np.int32),
        "post": (column, np.int32),
        "order": (column, np.int64),
        "weight": (column, np.float64),
        "delay": (column, np.float64),
    }


def tap_shapes(plan: Plan, synapses: int, taps: int, sloped: bool) -> Shapes:
    """Taps of every synapse; those that are rounded need no slopes."""
    each, none = (synapses, taps), (0, taps)
    return {
        "first": ((synapses,), np.int32),
        "weight": (each, plan.dtype),
        "share": (each if sloped else none, plan.dtype),
        "slope": (each if sloped else none, plan.dtype),
    }


def _padded(plan: Plan, groups: int, units: int) -> tuple[int, int]:
    """Rows of steps with zeros on either side."""
    return (groups * units * (plan.steps + PAD) + PAD, lanes_of(plan))
