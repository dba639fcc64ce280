"""From a plan to C: one model per kind of dynamics, rendered from the templates.

Sizes, delays and time constants are data of the compiled engine, so networks that differ only
in these share one library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from genn_delays.backends.native.codegen import real_of, render_engine
from genn_delays.backends.native.eventprop.step_map import logged_of, rise_of
from genn_delays.backends.native.eventprop.structures import (
    GATHERED_EVENTS,
    MAPPED,
    PAIRINGS,
    structures_of,
)
from genn_delays.backends.native.model import (
    Entry,
    Models,
    NeuronModel,
    distinct_models,
    nonzero,
    structure,
    whole_bits,
)
from genn_delays.backends.native.step_map import (
    MappedCode,
    functions_of,
    mapped_code,
    mapped_matrices,
    mapped_patterns,
)
from genn_delays.backends.native.structures import EVENTS
from genn_delays.backends.native.vectors import lanes_of
from genn_delays.planning.plan import Plan, PlannedPopulation

WIDEST = 8
"""Vectors of 32 bytes of delays that a correlation sums at once, in registers."""
TOGETHER = 4
"""Trials whose adjoints a correlation reads together, from the first-level cache."""

STRANDS = (1, 2, 4)
"""Trials that are stepped side by side: a step waits for the one before in its own trial only."""
FORWARD_TASKS = 128
"""Tasks of a forward pass over a population, if there are enough trials: more than threads."""
SELDOM = 2
"""Where a neuron is sent something in fewer than one of so many steps, on average, it is added and
looked up where the steps lie, and nothing is turned over."""


@dataclass(frozen=True, kw_only=True)
class Model(NeuronModel):
    """The structure of one kind of dynamics, without its numbers.

    Attributes:
        P, M, R, r, D: nonzero entries of propagator, flow, reset matrix, reset offset and
            arrival shift.
        map: the code of a step map, in place of P, M and D; None without one.
        K, start, floor: with a step map, its constants, entries of the initial state, and how far
            the threshold is above that.
        logged: numbers that are logged at a spike.
    """

    R: tuple[Entry, ...]
    r: tuple[Entry, ...]
    logged: int
    P: tuple[Entry, ...] = ()
    M: tuple[Entry, ...] = ()
    D: tuple[Entry, ...] = ()
    map: MappedCode | None = None
    K: tuple[Entry, ...] = ()
    start: tuple[Entry, ...] = ()
    floor: tuple[Entry, ...] = ()

    @property
    def delta(self) -> bool:
        """What arrives may cause a spike at once."""
        return self.map is not None and self.spiking and self.threshold_state in self.map.ports


def abreast_of(plan: Plan) -> int:
    """Postsynaptic neurons that a walk over dense synapses takes side by side.

    One spike time serves all of them, and the rows of more would not fit the first-level cache.
    """
    return min(4, lanes_of(plan))


def models_of(plan: Plan) -> Models[Model]:
    """The distinct models of a plan, and the model of each population that has dynamics."""
    return distinct_models(plan, partial(_signature, plan.dtype), partial(_model, plan.dtype))


def _matrices(p: PlannedPopulation, dtype: type) -> dict[str, np.ndarray]:
    if p.step_map is not None:
        return mapped_matrices(p) | {"floor": rise_of(p, dtype)}
    return {
        "P": p.propagator,
        "M": p.flow,
        "R": p.reset_matrix,
        "r": p.reset_offset[:, :, None],
        "D": p.arrival_shift[:, :, None],
    }


def _patterns(p: PlannedPopulation, dtype: type) -> dict[str, np.ndarray]:
    if p.step_map is not None:
        return mapped_patterns(p) | {"floor": np.ones((1, 1), bool)}
    return {name: nonzero(array) for name, array in _matrices(p, dtype).items()}


def _signature(dtype: type, p: PlannedPopulation) -> tuple:
    pattern = tuple(pattern.tobytes() for pattern in _patterns(p, dtype).values())
    code = mapped_code(p, strands=True)
    common = (p.states, p.input_state, p.threshold_state, p.is_spiking, p.holds, pattern)
    return (*common, None if code is None else code.key)


def _model(dtype: type, index: int, p: PlannedPopulation) -> Model:
    given = structure(index, p, _patterns(p, dtype))
    return Model(**given, map=mapped_code(p, strands=True), logged=logged_of(p))


def constants_of(p: PlannedPopulation, model: Model, plan: Plan) -> np.ndarray:
    """Constants of each neuron, shape (blocks, constants, lanes); padding never spikes."""
    lanes = lanes_of(plan)
    blocks = -(-p.size // lanes)
    values: np.ndarray = np.zeros((model.constants, blocks * lanes), plan.dtype)
    for name, array in _matrices(p, plan.dtype).items():
        for e in getattr(model, name):
            values[e.k, : p.size] = array[:, e.row, e.column]
    if model.map is not None:
        values[:, p.size :] = values[:, p.size - 1 : p.size]  # numbers that can be computed with
    # what does not spike may run away: infinity would reach a threshold of infinity
    values[model.threshold] = np.inf if model.map is None else np.nan
    if p.threshold is not None:
        values[model.threshold, : p.size] = p.threshold
    if model.holds:
        values[-1, : p.size] = whole_bits(p.refractory, values.dtype)
    return np.ascontiguousarray(values.reshape(model.constants, blocks, lanes).transpose(1, 0, 2))


def render(plan: Plan) -> str:
    """The C source of a plan's engine."""
    models, _ = models_of(plan)
    of, maps = structures_of(plan), [model.map for model in models if model.map is not None]
    return render_engine(
        "eventprop",
        plan,
        [EVENTS, of.population, of.projection, of.simulation, GATHERED_EVENTS, PAIRINGS],
        models=models,
        rounds=lanes_of(plan).bit_length() - 1,
        widest=WIDEST,
        together=TOGETHER,
        parts=8 // np.dtype(plan.dtype).itemsize,
        abreast=abreast_of(plan),
        strands=STRANDS,
        forward_tasks=FORWARD_TASKS,
        seldom=SELDOM,
        most_states=max(model.states for model in models),
        holds=any(model.holds for model in models),
        mapped=of is MAPPED,
        ports=max((len(code.ports) for code in maps), default=1),
        delta=any(model.delta for model in models),
        logged="logged" if of is MAPPED else "states",
        **functions_of(maps, real_of(plan.dtype)),
    )
