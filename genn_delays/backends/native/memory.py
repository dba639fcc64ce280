"""How much memory a plan needs on the native backend, before anything is built."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.buffers import INITIAL_SPIKES, OFTEN
from genn_delays.backends.native.codegen import lanes_of, models_of
from genn_delays.backends.native.layout import CHUNKS, layout_of, rows_of
from genn_delays.backends.native.surrogate_memory import estimate_surrogate
from genn_delays.backends.native.synapses import slots_of
from genn_delays.gradients import Surrogate
from genn_delays.graph import Component
from genn_delays.network import Network
from genn_delays.plan import Plan


def estimate(
    plan: Plan,
    network: Network,
    *,
    threads: int,
    events_per_trial: float = 0.0,
    graded: bool = False,
    spikes_per_neuron: float = INITIAL_SPIKES,
) -> dict[str, int]:
    """Bytes by part: ``"spikes"``, ``"voltages"``, ``"synapses"``, ``"scratch"``.

    Args:
        plan, network: what will be run.
        threads: each has scratch of its own.
        events_per_trial: input events, all input populations together.
        graded: input events carry values.
        spikes_per_neuron: the room that the busiest block of neurons needs, per trial; the
            engine starts with room for the default and makes more on demand. The surrogate
            rule keeps every step, whatever happens in it.
    """
    if isinstance(plan.gradient, Surrogate):
        return estimate_surrogate(plan, network, threads=threads, chunks=CHUNKS)
    parts = {"spikes": 0, "voltages": 0, "synapses": 0}
    real, lanes = np.dtype(plan.dtype).itemsize, lanes_of(plan.dtype)
    _, models = models_of(plan)
    tables = [network.projections[q.name].synapses for q in plan.projections]
    layout = layout_of(plan, [len(table) for table in tables])
    room = min(max(spikes_per_neuron, min(INITIAL_SPIKES, plan.steps)), plan.steps)
    for k, p in enumerate(plan.populations):
        padded = -(-p.size // lanes) * lanes
        if p.is_input:
            parts["spikes"] += plan.batch_size * (padded * 16 + 4)
            continue
        parts["synapses"] += models[k].constants * padded * real
        if k == plan.readout_population and plan.readout.reads == "voltage":
            summed = plan.readout.weights(plan.steps, plan.dt) is not None
            each = 8 if summed else plan.steps * real
            parts["voltages"] += 2 * plan.batch_size * padded * each + 8 * plan.steps * summed
        if p.is_spiking:
            per_spike = 8 + real * (len(p.states) + layout.slots[k])
            parts["spikes"] += int(plan.batch_size * (padded * (16 + room * per_spike) + 4))
    per_event = 4 + real * graded
    parts["spikes"] += int(plan.batch_size * events_per_trial * per_event)
    inputs = sum(p.size for p in plan.populations if p.is_input)
    if events_per_trial * OFTEN >= inputs * plan.steps:
        parts["spikes"] += plan.batch_size * inputs * rows_of(plan)[1] * real
    for q, table in zip(plan.projections, tables, strict=True):
        owner = plan.populations[q.pre if q.internal else q.post].size
        each = 12 + real * (1 + 2 * layout.chunks[q.post])
        slots = len(table) if q.internal else slots_of(table)
        parts["synapses"] += slots * each + 16 * len(table) + 8 * (owner + 1)
    return parts | {"scratch": scratch_bytes(plan, threads, room)}


def row_length(plan: Plan) -> int:
    """Steps of a row of arrivals: the trial, the largest delay, rounded up to whole vectors.

    What is delayed by more than a trial arrives after its end, whatever the delay.
    """
    lanes = lanes_of(plan.dtype)
    return -(-(plan.steps + min(plan.max_delay_steps, plan.steps) + 1) // lanes) * lanes


def kept_row(plan: Plan) -> int:
    """Steps of a row of adjoints that is kept for correlations: whole vectors fit beyond it."""
    return row_length(plan) + lanes_of(plan.dtype)


def scratch_bytes(plan: Plan, threads: int, room: float) -> int:
    """Most that the engine's threads hold at once; see templates/layer and recurrent.

    Args:
        room: spikes per neuron and trial that there is room for.
    """
    return threads * max(_component_scratch(plan, c, room) for c in plan.components)


def _component_scratch(plan: Plan, component: Component, room: float) -> int:
    real, lanes, row = np.dtype(plan.dtype).itemsize, lanes_of(plan.dtype), row_length(plan)
    pairs = 2 * lanes * row * real
    states = max(len(p.states) for p in plan.populations)
    leaps = room * (8 + real * (3 + states))
    if not component.recurrent:
        log = plan.steps * (12 + lanes * states * real)
        forward = real * lanes * (row + plan.steps + lanes) + log
        return max(forward, int(2 * pairs + lanes * leaps))
    forward, backward = lanes * row * real, pairs
    for k in component.populations:
        p = plan.populations[k]
        padded = -(-p.size // lanes) * lanes
        log = plan.steps * (12 * padded // lanes + padded * len(p.states) * real)
        forward += row * padded * real + log
        backward += int(padded * (2 * row * real + leaps))
    return max(forward, backward)
