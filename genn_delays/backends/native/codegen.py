"""From a plan to C: one model per kind of dynamics, rendered from the templates.

Sizes, delays and time constants are data of the compiled engine, so networks that differ only
in these share one library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from genn_delays.plan import Plan, PlannedPopulation
from genn_delays.timing import CLOSE

VECTOR_BYTES = 64
WIDEST = 8
"""Vectors of 32 bytes of delays that a correlation sums at once, in registers."""
TEAM = 4
"""Postsynaptic neurons that a walk over dense synapses takes side by side: one spike time serves
all of them, and the rows of more would not fit the first-level cache."""
TOGETHER = 4
"""Trials whose adjoints a correlation reads together, from the first-level cache."""


@dataclass(frozen=True)
class Entry:
    """A structurally nonzero entry of a matrix; ``k`` is its index among the constants."""

    row: int
    column: int
    k: int


@dataclass(frozen=True)
class Model:
    """The structure of one kind of dynamics, without its numbers.

    Attributes:
        P, M, R, r, D: nonzero entries of propagator, flow, reset matrix, reset offset and
            arrival shift.
        threshold: index of the threshold among the constants.
        constants: how many constants a neuron has.
    """

    index: int
    label: str
    states: int
    input_state: int
    threshold_state: int
    spiking: bool
    P: tuple[Entry, ...]
    M: tuple[Entry, ...]
    R: tuple[Entry, ...]
    r: tuple[Entry, ...]
    D: tuple[Entry, ...]
    threshold: int
    constants: int


def models_of(plan: Plan) -> tuple[tuple[Model, ...], dict[int, Model]]:
    """The distinct models of a plan, and the model of each population that has dynamics."""
    distinct: dict[tuple, Model] = {}
    by_population = {}
    for k, population in enumerate(plan.populations):
        if population.is_input:
            continue
        signature = _signature(population)
        if signature not in distinct:
            distinct[signature] = _model(len(distinct), population)
        by_population[k] = distinct[signature]
    return tuple(distinct.values()), by_population


def _matrices(p: PlannedPopulation) -> dict[str, np.ndarray]:
    return {
        "P": p.propagator,
        "M": p.flow,
        "R": p.reset_matrix,
        "r": p.reset_offset[:, :, None],
        "D": p.arrival_shift[:, :, None],
    }


def _nonzero(array: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((int(i), int(j)) for i, j in np.argwhere(np.any(array != 0, axis=0)))


def _signature(p: PlannedPopulation) -> tuple:
    pattern = tuple(_nonzero(array) for array in _matrices(p).values())
    return (p.states, p.input_state, p.threshold_state, p.is_spiking, pattern)


def _model(index: int, p: PlannedPopulation) -> Model:
    k, entries = 0, {}
    for name, array in _matrices(p).items():
        places = _nonzero(array)
        entries[name] = tuple(Entry(i, j, k + n) for n, (i, j) in enumerate(places))
        k += len(places)
    return Model(
        index=index,
        label=f"model {index}: states {', '.join(p.states)}; first used by {p.name!r}",
        states=len(p.states),
        input_state=p.input_state,
        threshold_state=p.threshold_state,
        spiking=p.is_spiking,
        threshold=k,
        constants=k + 1,
        **entries,
    )


def constants_of(p: PlannedPopulation, model: Model, dtype: type) -> np.ndarray:
    """Constants of each neuron, shape (blocks, constants, lanes); padding never spikes."""
    lanes = lanes_of(dtype)
    blocks = -(-p.size // lanes)
    values: np.ndarray = np.zeros((model.constants, blocks * lanes), dtype)
    for name, array in _matrices(p).items():
        for e in getattr(model, name):
            values[e.k, : p.size] = array[:, e.row, e.column]
    values[model.threshold] = np.inf
    if p.threshold is not None:
        values[model.threshold, : p.size] = p.threshold
    return np.ascontiguousarray(values.reshape(model.constants, blocks, lanes).transpose(1, 0, 2))


def lanes_of(dtype: type) -> int:
    """Neurons that are updated together."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize


@cache
def environment() -> Environment:
    """The templates of the engine; what is not defined is an error."""
    made = Environment(
        loader=PackageLoader("genn_delays.backends.native"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["close"] = CLOSE.hex()
    return made


def render(plan: Plan) -> str:
    """The C source of a plan's engine."""
    models, _ = models_of(plan)
    single = plan.precision == "float32"
    template = environment().get_template("engine.c.j2")
    return template.render(
        models=models,
        real="float" if single else "double",
        whole="int32_t" if single else "int64_t",
        lanes=lanes_of(plan.dtype),
        rounds=lanes_of(plan.dtype).bit_length() - 1,
        widest=WIDEST,
        together=TOGETHER,
        team=TEAM,
        most_states=max(model.states for model in models),
    )
