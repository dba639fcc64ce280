"""What the EventProp engine and Python share; see ``structures.py``.

Sizes: T steps; row = T + largest delay (at most T) + 1, rounded up to whole lines of the cache;
padded = size, rounded up to whole LANES.
"""

from __future__ import annotations

from genn_delays.backends.native.structures import Line, Structures, shared
from genn_delays.planning.plan import Plan

_POPULATION = [
    ("int32_t size, padded, blocks, model, states, is_input", ""),
    ("int32_t band, chunks", "blocks, and parts of the batch, that one thread takes at a time"),
    ("const vec *constants", "[blocks][constants of the model]"),
    ("real *voltage", "[trials][T][padded], where the readout wants it"),
    ("const real *voltage_gradient", "[trials][T][padded] dL/dV, or NULL"),
    ("const double *step_weight", "[T] of a readout that sums weighted voltages, or NULL"),
    ("double *output", "[trials][padded] these sums"),
    ("const double *output_gradient", "[trials][padded] dL/d output, or NULL"),
    ("const real *spike_drive", "[trials][padded], added to a_V at each spike, or NULL"),
    ("const real *first_spike_gradient", "[trials][padded] dL/dt of the first spike, or NULL"),
    ("int32_t *count", "[trials][padded] spikes"),
    ("int64_t *first", "[trials][padded] where a neuron's spikes begin in time"),
    ("int32_t *time", "steps, ascending for each neuron"),
    (
        "int32_t *active, *n_active",
        "[trials][padded] units that sent anything, and [trials] how many these are",
    ),
    ("int64_t *sent", "[trials] how much, by all of them"),
    ("real *value", "graded values beside time, or NULL"),
    (
        "real *rows",
        "[trials][size][row_before + T in whole lines] what an input sends at every step, "
        "zeros included",
    ),
    (
        "uint8_t *by_row",
        "[trials] where it sends so much that rows are quicker to walk, or NULL",
    ),
    (
        "int32_t *order",
        "beside time: a block's spikes as they happened, LANES (index in the block) + lane",
    ),
    ("real *before", "[states] beside order: the state before reset and input"),
    (
        "real *release",
        "beside order: V' where the neuron is released after that spike, 0 for not within the "
        "trial; NULL where nothing is refractory",
    ),
    ("real *feedback", "[slots][storage] dL/d arrival time, summed over slots"),
    (
        "real *adjoint",
        "see correlate.c.j2: a_in, zero after the trial; where not NULL, a backward pass keeps "
        "it and leaves out the gradients of synapses from outside",
    ),
    ("int64_t storage", "entries of time"),
    ("int32_t capacity", "entries of time for one block of one trial"),
    ("int32_t slots", ""),
    ("int32_t row_before", "zeros before step 0: more than any delay"),
    ("int64_t needed", "most spikes of a block; above capacity nothing was stored"),
]

_PROJECTION = [
    ("int32_t pre, post, internal, dense", ""),
    ("int32_t slot", "of the pre population's feedback, -1 for none"),
    ("int32_t chunks", "parts of the batch with gradients of their own"),
    ("int64_t synapses", ""),
    ("const int64_t *begin", "by post neuron; for internal projections by pre neuron"),
    (
        "const int32_t *owner, *other",
        "the neuron that a slot lies by, and the one at the other end: followed by zeros",
    ),
    ("const int64_t *place", "of each slot in the host's table, -1 for padding"),
    ("const int32_t *delay", "steps"),
    ("const real *weight", ""),
    ("real *weight_gradient", "[chunks][synapses]"),
    ("real *delay_gradient", "[chunks][synapses]"),
]

_SIMULATION = [
    ("int32_t steps, row, trials, n_populations, n_projections", ""),
    ("real dt, min_slope", ""),
    ("population *populations", ""),
    ("projection *projections", ""),
]

_OF_STEP_MAPS = [
    ("int32_t mapped, ports", "whether it has a step map; its input states"),
    ("int32_t logged, collected", "numbers beside order in before, and whose gradients are summed"),
    ("real *record", "[trials][blocks][T][kept][LANES], what the way back needs, or NULL"),
    ("double *unit_gradient", "[chunks][blocks][collected][LANES]"),
    ("int64_t blown", "step size + unit of the first state that is not finite, or -1"),
]


def _structures(population: list[Line], projection: list[Line]) -> Structures:
    one, other = shared("population", population), shared("projection", projection)
    return Structures(one, other, shared("simulation", _SIMULATION, one, other))


PLAIN = _structures(_POPULATION, _PROJECTION)
MAPPED = _structures(
    [*_POPULATION, *_OF_STEP_MAPS],
    [*_PROJECTION, ("int32_t port", "input state of post, among these")],
)


def structures_of(plan: Plan) -> Structures:
    """The structures that the engine of a plan has."""
    return MAPPED if any(p.step_map is not None for p in plan.populations) else PLAIN


GATHERED_EVENTS = shared(
    "gathered_events",
    [
        ("const int64_t *begin", "[groups][padded + 1]"),
        ("int32_t *place", "in the rows of these trials, at delay 0"),
        ("real *value", "beside place, or NULL for spikes"),
    ],
)

PAIRINGS = shared(
    "pairings",
    [
        ("int64_t tasks", ""),
        ("const int64_t *begin", "[tasks + 1] in order"),
        ("const int64_t *order", "of pairs"),
        ("const int32_t *from, *to", "units of each pair"),
        ("const int32_t *first", "smallest delay of each pair"),
    ],
)
