"""What the surrogate engine and Python share; see ``structures.py``."""

from __future__ import annotations

from genn_delays.backends.native.structures import Line, Structures, shared
from genn_delays.planning.plan import Plan

_POPULATION: list[Line] = [
    ("int32_t size, model, spiking", ""),
    ("int32_t life", "steps in which it is on"),
    ("int32_t feedback", "the adjoint holds dL/d sent from outside its component"),
    ("int32_t arrived", "forwards: the adjoint holds what arrives through spectra"),
    ("int32_t sums", "values in unit_sums of each unit"),
    ("int32_t states", ""),
    ("int32_t block", "units of one task"),
    ("int32_t in_parts", "sent has the groups of the part only"),
    ("const real *constant", "[units][constants]"),
    ("real *sent", "[groups][units][stride][LANES] spikes with dropout, or the input"),
    ("uint16_t *fired", "[groups][units][T] a bit per lane that spiked, or NULL"),
    ("int32_t *active", "[groups][units][T] steps with anything sent, ascending"),
    ("int32_t *active_count", "[groups][units]"),
    (
        "real *trace",
        "[groups][units][T][kept][LANES] states before the threshold, who is held;"
        " or NULL: made again from current",
    ),
    ("real *current", "[groups][units][life][LANES] input before batch normalisation, or NULL"),
    ("real *adjoint", "[groups][units][stride][LANES] dL/d sent, then dL/d input"),
    ("real *voltage_gradient", "[groups][units][T][LANES] dL/dV, or NULL"),
    ("const real *mask", "[groups][units][LANES] dropout, or NULL"),
    ("const real *spike_drive", "[groups][units][LANES], or NULL"),
    ("int32_t *spike_count", "[groups][units][LANES]"),
    ("const real *centre, *gain, *shift", "[units] input <- (input - centre) gain + shift"),
    ("const real *scale, *adjoint_mean, *along", "[units] of batch normalisation, backwards"),
    ("double *moments", "[groups][units][2] mean of the input, sum of squares about it"),
    ("double *unit_sums", "[groups][units][sums] see neuron.c.j2"),
]

_PROJECTION: list[Line] = [
    ("int32_t pre, post, internal, taps", ""),
    ("int32_t fresh", "the first to add to dL/d sent of its pre units"),
    ("int32_t rounded", "one tap without a slope"),
    ("int32_t blocks, block", "blocks of pre units, and units in each"),
    ("int32_t lag", ""),
    ("int32_t length, kept, segments", "see spectra.c.j2; length 0: walked tap by tap"),
    ("int32_t rank, row", "row: pre units, in whole lines of the cache"),
    ("int64_t synapses", ""),
    ("const int64_t *begin", ""),
    ("const int32_t *pre_unit, *post_unit", ""),
    ("const int32_t *by_delay", "inside: [synapses] far ones first, of each pre unit"),
    ("const int64_t *near", "inside: [pre units] where those of less than CHUNK steps begin"),
    ("const int32_t *first", "steps from sending to the first tap"),
    ("const real *weight", "[synapses][taps]"),
    ("real *share", "[synapses][taps or rank] d (weight of a tap) / d weight"),
    ("real *slope", "[synapses][taps or rank] the same / (weight x d delay in steps)"),
    ("const real *roots", "[length][2]"),
    ("const real *basis", "[length / 2 + 1][rank][2] spectra of the rows of the basis"),
    ("real *mixed", "[rank][post units][row] weight x share of every pair"),
    ("real *weight_gradient", "[chunks][synapses]"),
    ("real *delay_gradient", "[chunks][synapses] divided by weight, per step"),
]

_SIMULATION: list[Line] = [
    ("int32_t steps, stride, trials, groups, chunks, n_populations, n_projections", ""),
    ("int64_t first, part", "groups in hand: the first, and how many"),
    ("double slope", "of the surrogate"),
    ("real *pre_spectra, *post_spectra", "of the projection in hand, see spectra.c.j2"),
    ("population *populations", ""),
    ("projection *projections", ""),
]

_OF_STEP_MAPS: list[Line] = [
    ("int32_t ports", "input states, each with rows of its own in adjoint and current"),
    ("int64_t plane", "numbers of the rows of one of them in adjoint"),
    ("int64_t *blown", "step size + unit of the first state that is not finite, or -1"),
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
