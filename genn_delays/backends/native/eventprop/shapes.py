"""Every array of the EventProp engine: its name in the C structure, its shape and its type.

What an array holds stands in ``structures.py``.
"""

from __future__ import annotations

import numpy as np

from genn_delays.backends.native.eventprop.layout import blocks_of, rows_of
from genn_delays.backends.native.eventprop.step_map import kept_of, logged_of
from genn_delays.backends.native.shapes import Shapes
from genn_delays.backends.native.step_map import collected_count
from genn_delays.backends.native.vectors import lanes_of
from genn_delays.planning.plan import Plan

AHEAD = 8
"""Entries behind the last synapse that a walk may look at; more than AHEAD of the templates."""


BUNDLE = 8
"""Entries behind the last spike that a walk may look at: BUNDLE of the templates."""


def cell_shapes(plan: Plan, k: int, trials: int) -> Shapes:
    """Where the spikes of each unit lie, and which units sent any."""
    cells = (trials, blocks_of(plan, k) * lanes_of(plan))
    return {
        "count": (cells, np.int32),
        "first": (cells, np.int64),
        "active": (cells, np.int32),
        "n_active": ((trials,), np.int32),
        "sent": ((trials,), np.int64),
    }


def spike_shapes(plan: Plan, k: int, capacity: int, slots: int) -> Shapes:
    """Spikes of a population, with room for ``capacity`` of each block in each trial."""
    storage, p = plan.batch_size * blocks_of(plan, k) * capacity, plan.populations[k]
    release: Shapes = {"release": ((storage,), plan.dtype)} if p.holds else {}
    return release | {
        "time": ((storage + BUNDLE,), np.int32),
        "order": ((storage,), np.int32),
        "before": ((storage, logged_of(p)), plan.dtype),
        "feedback": ((slots, storage), plan.dtype),
    }


def record_shapes(plan: Plan, k: int) -> Shapes:
    """What is kept of each step of a training batch, where the way back needs some of it."""
    if not (kept := kept_of(plan.populations[k])):
        return {}
    shape = (plan.batch_size, blocks_of(plan, k), plan.steps, kept, lanes_of(plan))
    return {"record": (shape, plan.dtype)}


def unit_shapes(plan: Plan, k: int, chunks: int) -> Shapes:
    """Gradients of the numbers of units, for each part of the batch."""
    if not (collected := collected_count(plan.populations[k])):
        return {}
    return {"unit_gradient": ((chunks, blocks_of(plan, k), collected, lanes_of(plan)), np.float64)}


def input_shapes(plan: Plan, events: int, graded: bool) -> Shapes:
    """Events of an input population."""
    value: Shapes = {"value": ((events,), plan.dtype)} if graded else {}
    return {"time": ((events + BUNDLE,), np.int32)} | value


def row_shapes(plan: Plan, k: int, trials: int) -> Shapes:
    """Rows of all steps, where some trial of an input sends often."""
    shape = (trials, plan.populations[k].size, rows_of(plan)[1])
    return {"rows": (shape, plan.dtype), "by_row": ((trials,), np.uint8)}


def read_shapes(plan: Plan, k: int) -> Shapes:
    """What the readout reads of population ``k``: all voltages, or weighted sums of them."""
    if not plan.reads_voltage(k):
        return {}
    trials, padded = plan.batch_size, blocks_of(plan, k) * lanes_of(plan)
    if plan.readout.weights(plan.steps, plan.dt) is None:
        return {"voltage": ((trials, plan.steps, padded), plan.dtype)}
    return {"step_weight": ((plan.steps,), np.float64), "output": ((trials, padded), np.float64)}


def gradient_shapes(plan: Plan, k: int) -> Shapes:
    """What a backward pass without spike drives adds: dL/d of what is read."""
    read = {name: array for name, array in read_shapes(plan, k).items() if name != "step_weight"}
    if k == plan.readout_population and not read:
        cells = (plan.batch_size, blocks_of(plan, k) * lanes_of(plan))
        read = {"first_spike": (cells, plan.dtype)}
    return {f"{name}_gradient": array for name, array in read.items()}


def synapse_shapes(plan: Plan, owners: int, synapses: int, slots: int, chunks: int) -> Shapes:
    """Synapses of a projection, in ``slots`` by ``owners`` units that they lie by."""
    return {
        "begin": ((owners + 1,), np.int64),
        "owner": ((synapses,), np.int32),
        "other": ((synapses + AHEAD,), np.int32),
        "place": ((slots,), np.int64),
        "delay": ((slots,), np.int32),
        "weight": ((slots,), plan.dtype),
        "weight_gradient": ((chunks, slots), plan.dtype),
        "delay_gradient": ((chunks, slots), plan.dtype),
        "pre": ((synapses,), np.int32),
        "post": ((synapses,), np.int32),
    }
