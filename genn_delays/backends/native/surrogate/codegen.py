"""From a plan with the surrogate rule to C: one model per kind of neuron.

Sizes, delays, taps and time constants are data of the compiled engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from genn_delays.backends.native.codegen import real_of, render_engine
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
    collected_count,
    functions_of,
    mapped_code,
    mapped_matrices,
    mapped_patterns,
)
from genn_delays.backends.native.structures import EVENTS
from genn_delays.backends.native.surrogate.structures import MAPPED, structures_of
from genn_delays.backends.native.vectors import vector_bytes, widest_bytes
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.plan import Plan, PlannedPopulation

TAPS = 8
"""Most taps that one walk over the steps serves; wider kernels take several."""
TILE = 8
"""Steps that a walk over vectors of 64 bytes has in hand at once; half as many over narrower ones,
which have half as many registers too on processors without AVX-512, and are no slower with it."""
PAD = TAPS + TILE
"""Steps of zeros around rows: a walk reads up to TAPS + TILE beyond a trial."""


TOGETHER = 4
"""Frequencies that a set of weights is made for at once."""
WIDE = 48
"""Units of a block of weights: whole tiles, and whole lines of the cache."""
BLOCK = 24
"""Post units of a block of gradients."""
MOST = 128
"""Taps up to which a smaller basis is looked for."""
CHUNK = 8
"""Steps of a recurrent layer that dL/d sent is summed for at once, backwards."""
FIFTH = [2.0 * np.pi / 5.0 * k for k in (1, 2)]
ROOTS = {"sin3": np.sqrt(0.75), "cos5": np.cos(FIFTH), "sin5": np.sin(FIFTH)}
"""Of unity, for transforms of three and of five numbers."""


@dataclass(frozen=True, kw_only=True)
class Model(NeuronModel):
    """The structure of one kind of neuron, without its numbers.

    Attributes:
        P, Q, r: nonzero entries of the propagator, of R - 1 and of the reset offset; ``k`` is
            the index among the constants of a unit.
        attached: gradients flow through the reset.
        flow: entries of P whose gradient is collected; ``k`` is the index among these.
        map: the code of a step map, in place of P, Q and flow; None without one.
        K, R, start: with a step map, its constants, and entries of R and of the initial state.
        sums: numbers of a unit whose gradients are summed.
    """

    attached: bool
    r: tuple[Entry, ...]
    sums: int
    P: tuple[Entry, ...] = ()
    Q: tuple[Entry, ...] = ()
    flow: tuple[Entry, ...] = ()
    map: MappedCode | None = None
    K: tuple[Entry, ...] = ()
    R: tuple[Entry, ...] = ()
    start: tuple[Entry, ...] = ()

    @property
    def moving(self) -> tuple[int, ...]:
        """States that a spike changes."""
        return tuple(sorted({e.row for e in (*self.Q, *self.r)}))

    @property
    def pulled(self) -> tuple[int, ...]:
        """States whose adjoint a spike changes."""
        return tuple(sorted({e.column for e in self.Q}))

    @property
    def sources(self) -> tuple[int, ...]:
        """States after a step that the gradient of P needs."""
        return tuple(sorted({e.column for e in self.flow}))

    @property
    def stored(self) -> tuple[int, ...]:
        """States that the backward pass needs of every step: of a step map all of them."""
        if self.map is not None:
            return tuple(range(self.states))
        needed = {self.threshold_state, *self.sources}
        needed |= {e.column for e in self.Q if self.attached or e.row in self.sources}
        return tuple(sorted(needed))

    @property
    def kept(self) -> int:
        """Vectors that are kept of every step: the stored states, then who is refractory."""
        return len(self.stored) + self.holds


def models_of(plan: Plan) -> Models[Model]:
    """The distinct models of a plan, and the model of each population that has dynamics."""
    attached = not rule_of(plan).detach_reset
    return distinct_models(plan, _signature, partial(_model, attached))


def rule_of(plan: Plan) -> Surrogate:
    """The gradient rule of a plan that runs here."""
    assert isinstance(plan.gradient, Surrogate)
    return plan.gradient


def learns_time_constants(p: PlannedPopulation) -> bool:
    """Training changes its propagator."""
    return any(name not in ("gain", "bias") for name in p.learn)


def _patterns(p: PlannedPopulation) -> dict[str, np.ndarray]:
    """Which entries of P, Q and r are there, for all units alike."""
    if p.step_map is not None:
        return mapped_patterns(p)
    there = {name: nonzero(array) for name, array in _matrices(p).items()}
    if learns_time_constants(p):  # 1 - dt / tau may start at zero
        there["P"] = there["P"] | np.eye(len(p.states), dtype=bool)
    return there


def _matrices(p: PlannedPopulation) -> dict[str, np.ndarray]:
    if p.step_map is not None:
        return mapped_matrices(p)
    return {
        "P": p.propagator,
        "Q": p.reset_matrix - np.eye(len(p.states)),
        "r": p.reset_offset[:, :, None],
    }


def _signature(p: PlannedPopulation) -> tuple:
    patterns = tuple(pattern.tobytes() for pattern in _patterns(p).values())
    flags = (p.is_spiking, learns_time_constants(p), p.holds)
    code = mapped_code(p, strands=False)
    common = (p.states, p.input_state, p.threshold_state, flags, patterns)
    return (*common, None if code is None else code.key)


def _model(attached: bool, index: int, p: PlannedPopulation) -> Model:
    fields = structure(index, p, _patterns(p)) | {"attached": attached}
    if p.step_map is not None:
        return Model(**fields, map=mapped_code(p, strands=False), sums=collected_count(p))
    learnt = fields["P"] if learns_time_constants(p) else ()
    flow = tuple(Entry(e.row, e.column, n) for n, e in enumerate(learnt))
    return Model(**fields, flow=flow, sums=len(flow))


def unit_constants(p: PlannedPopulation, model: Model, dtype: type) -> np.ndarray:
    """Constants of each unit, shape (units, constants)."""
    values: np.ndarray = np.zeros((p.size, model.constants), dtype)
    for name, array in _matrices(p).items():
        for e in getattr(model, name):
            values[:, e.k] = array[:, e.row, e.column]
    if p.threshold is not None:
        values[:, model.threshold] = p.threshold
    if model.holds:
        values[:, -1] = whole_bits(p.refractory, values.dtype)
    return values


def render(plan: Plan) -> str:
    """The C source of a plan's engine."""
    models, _ = models_of(plan)
    of, maps = structures_of(plan), [model.map for model in models if model.map is not None]
    widest = max(vector_bytes(plan), widest_bytes())
    pieces = CHUNK * vector_bytes(plan) // widest
    return render_engine(
        "surrogate",
        plan,
        [EVENTS, of.population, of.projection, of.simulation],
        models=models,
        holds=any(model.holds for model in models),
        most_kept=max(model.kept for model in models),
        function=rule_of(plan).function,
        counts=range(1, TAPS + 1),
        tile=TILE if vector_bytes(plan) == 64 else TILE // 2,
        pad=PAD,
        rows=4 if vector_bytes(plan) == 64 else 2,
        together=TOGETHER,
        wide=WIDE,
        block=BLOCK,
        chunk=CHUNK,
        widest=widest,
        pieces=pieces,
        sets=max(1, 8 // pieces),
        most=MOST,
        roots=ROOTS,
        mapped=of is MAPPED,
        ports=max((len(code.ports) for code in maps), default=1),
        **functions_of(maps, real_of(plan.dtype)),
    )
