"""How much memory a plan needs on the native backend, before anything is built."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.eventprop.buffers import INITIAL_SPIKES, OFTEN
from genn_delays.backends.native.eventprop.codegen import STRANDS, constants_of, models_of
from genn_delays.backends.native.eventprop.layout import layout_of
from genn_delays.backends.native.eventprop.shapes import (
    cell_shapes,
    gradient_shapes,
    input_shapes,
    read_shapes,
    record_shapes,
    row_shapes,
    spike_shapes,
    synapse_shapes,
    unit_shapes,
)
from genn_delays.backends.native.eventprop.step_map import logged_of
from genn_delays.backends.native.eventprop.structures import MAPPED, structures_of
from genn_delays.backends.native.eventprop.synapses import slots_of
from genn_delays.backends.native.shapes import nbytes
from genn_delays.backends.native.step_map import collected_count, ports_of
from genn_delays.backends.native.vectors import lanes_of, line_of
from genn_delays.declaration.network import Network
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


def estimate(
    plan: Plan,
    network: Network,
    *,
    threads: int,
    events_per_trial: float = 0.0,
    graded: bool = False,
    spikes_per_neuron: float = INITIAL_SPIKES,
) -> dict[str, int]:
    """See :func:`genn_delays.backends.native.memory.estimate`."""
    tables = [network.projections[q.name].synapses for q in plan.projections]
    layout = layout_of(plan, [len(table) for table in tables])
    room = min(max(spikes_per_neuron, min(INITIAL_SPIKES, plan.steps)), plan.steps)
    parts = {"spikes": 0, "voltages": 0, "synapses": 0}
    models = models_of(plan)[1]
    for k, p in enumerate(plan.populations):
        if p.is_input:
            parts["spikes"] += nbytes(cell_shapes(plan, k, plan.batch_size))
            continue
        parts["synapses"] += constants_of(p, models[k], plan).nbytes
        parts["voltages"] += nbytes(read_shapes(plan, k) | gradient_shapes(plan, k))
        if record := record_shapes(plan, k):
            parts["states"] = parts.get("states", 0) + nbytes(record)
        parts["synapses"] += nbytes(unit_shapes(plan, k, layout.chunks[k]))
        if p.is_spiking:
            capacity = int(np.ceil(room * lanes_of(plan)))
            held = spike_shapes(plan, k, capacity, layout.slots[k])
            parts["spikes"] += nbytes(cell_shapes(plan, k, plan.batch_size) | held)
    parts["spikes"] += _inputs(plan, events_per_trial, graded)
    for q, table in zip(plan.projections, tables, strict=True):
        owners = plan.populations[q.pre if q.internal else q.post].size
        slots = len(table) if q.internal else slots_of(plan, table)
        chunks = layout.chunks[q.post]
        parts["synapses"] += nbytes(synapse_shapes(plan, owners, len(table), slots, chunks))
    return parts | {"scratch": scratch_bytes(plan, threads, room)}


def _inputs(plan: Plan, events_per_trial: float, graded: bool) -> int:
    """Bytes of input events, and of their rows where inputs send often."""
    inputs = [k for k, p in enumerate(plan.populations) if p.is_input]
    found = nbytes(input_shapes(plan, round(plan.batch_size * events_per_trial), graded))
    if events_per_trial * OFTEN >= sum(plan.populations[k].size for k in inputs) * plan.steps:
        found += sum(nbytes(row_shapes(plan, k, plan.batch_size)) for k in inputs)
    return found


def row_length(plan: Plan) -> int:
    """Steps of a row of arrivals: the trial, the largest delay, rounded up to whole lines.

    What is delayed by more than a trial arrives after its end, whatever the delay.
    """
    line = line_of(plan)
    return -(-(plan.steps + min(plan.max_delay_steps, plan.steps) + 1) // line) * line


def kept_row(plan: Plan) -> int:
    """Steps of a row of adjoints that is kept for correlations: whole vectors fit beyond it."""
    return row_length(plan) + line_of(plan)


def scratch_bytes(plan: Plan, threads: int, room: float) -> int:
    """Most that the engine's threads hold at once; see templates/layer and recurrent.

    Args:
        room: spikes per neuron and trial that there is room for.
    """
    return threads * max(_component_scratch(plan, c, room) for c in plan.components)


def _component_scratch(plan: Plan, component: Component, room: float) -> int:
    real, lanes, row = np.dtype(plan.dtype).itemsize, lanes_of(plan), row_length(plan)
    trace, beyond = 2 * lanes * row * real, 2 * line_of(plan) * real
    jumps = room * jump_bytes(plan)
    members = [plan.populations[k] for k in component.populations]
    if not component.recurrent:
        ports, log = ports_of(members[0]), _log_bytes(plan, members[0], lanes)
        forward = real * lanes * row + max(STRANDS) * (real * lanes * row * ports + log)
        strands = max(STRANDS) * (ports * trace + lanes * jumps)
        return max(forward, int(trace + 2 * beyond + strands))
    forward, backward = lanes * row * real, trace + beyond
    for p in members:
        padded = -(-p.size // lanes) * lanes
        forward += row * padded * ports_of(p) * real + _log_bytes(plan, p, padded)
        backward += int(padded * ((2 * row * ports_of(p) + 1) * real + jumps)) + 2 * lanes * real
        if structures_of(plan) is MAPPED:
            backward += padded * (ports_of(p) * real + collected_count(p) * 8)
    return max(forward, backward)


def _log_bytes(plan: Plan, p: PlannedPopulation, padded: int) -> int:
    """Of the spikes of a trial, before they are sorted: there may be some in every step."""
    real, lanes = np.dtype(plan.dtype).itemsize, lanes_of(plan)
    vectors = logged_of(p) + p.holds
    return plan.steps * (12 * padded // lanes + padded * vectors * real)


def jump_bytes(plan: Plan) -> int:
    """Of the coefficients of a jump; see templates/types."""
    real = np.dtype(plan.dtype).itemsize
    states = max(len(p.states) for p in plan.populations)
    holds = any(p.holds for p in plan.populations)
    mapped = structures_of(plan) is MAPPED
    return 8 + real * (3 + states + 2 * holds + mapped)
