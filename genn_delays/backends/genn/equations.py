"""From the matrices of a population to expressions of GeNN code, and the templates they go into."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from genn_delays.backends.genn.snippets import type_of
from genn_delays.backends.genn.step_map import TAKEN, mapped_constants, ports_of
from genn_delays.planning.plan import PlannedPopulation
from genn_delays.support.errors import PlanError

# fmt: off
RESERVED = frozenset([
    "Adjoint", "ArrivalGradient", "Back", "Bias", "Dropout", "EventStart", "EventStep",
    "EventValue", "FirstSpikeGradient", "Held", "Hold", "Into", "Into1", "Into2", "Isyn",
    "LaterValue", "Left", "Life", "Line", "MinSlope", "Moved", "Next", "Offset", "Output",
    "OutputGradient", "Refractory", "Release", "Room", "Shift", "Slope", "SpikeDrive",
    "StepWeight", "Steps", "TapeCount", "TapeRelease", "TapeStep", "Trial", "Value", "Voltage",
    "VoltageGradient", "above", "above_threshold", "batch", "bias_gradient", "bracket",
    "decay", "derivative", "dt", "fired", "held", "held_voltage", "id", "latest", "now",
    "num_neurons", "place", "sent", "since", "slope", "spike_drive", "steep", "step", "t",
    "threshold", "trial", "unit",
])
# fmt: on
"""Names that a state of a neuron cannot have, because the snippets use them."""


PREFIXES = (
    *("D", "History", "Start", "Tape", "adjoint", "after", "before", "began", "flowed", "full"),
    *("jumped", "kink", "onward", "r", "reached", "reset", "speed", "start"),
)
"""What the snippets put before the name of a state, with an underscore between."""


def constants_of(p: PlannedPopulation) -> dict[str, np.ndarray]:
    """Every constant of a population's equations by name, each of shape (n,).

    ``P_V_I`` is the entry of P in row V and column I; entries that are zero in all neurons are
    left out. M is the flow, R and r the reset, C = R - 1, D the arrival shift. ``Refractory`` is in
    steps, where any neuron has a refractory period. With a step map there are those of
    :func:`mapped_constants` instead of P, M, C and D.
    """
    found = _linear_constants(p) if p.step_map is None else mapped_constants(p)
    if p.threshold is not None:
        found["threshold"] = p.threshold
    if p.holds:
        found["Refractory"] = p.refractory
    return found


def _linear_constants(p: PlannedPopulation) -> dict[str, np.ndarray]:
    matrices = {"P": p.propagator, "M": p.flow, "R": p.reset_matrix}
    matrices["C"] = p.reset_matrix - np.eye(len(p.states))
    vectors = {"r": p.reset_offset, "D": p.arrival_shift}
    found = {
        f"{name}_{p.states[i]}_{p.states[j]}": matrix[:, i, j]
        for name, matrix in matrices.items()
        for i, j in np.argwhere(np.any(matrix != 0, axis=0))
    }
    for name, vector in vectors.items():
        for i in np.flatnonzero(np.any(vector != 0, axis=0)):
            found[f"{name}_{p.states[i]}"] = vector[:, i]
    return found


def constants_in(
    code: str, p: PlannedPopulation
) -> tuple[tuple[tuple[str, str, float], ...], tuple[str, ...]]:
    """(params, names of per-neuron constants) of the constants that a piece of code uses.

    Params are compiled in. Where parameters of the neuron are learnt only ``Refractory`` is.
    """
    words = set(re.findall(r"\w+", code))
    used = {name: values for name, values in constants_of(p).items() if name in words}

    stays = used.keys() & {"Refractory"} if p.changes else used.keys()
    shared = {n: v[0].item() for n, v in used.items() if np.all(v == v[0]) and n in stays}
    params = tuple((name, type_of(name), value) for name, value in shared.items())
    return params, tuple(name for name in used if name not in shared)


def equations(p: PlannedPopulation, arriving: str = "Isyn") -> dict[str, object]:
    """What the templates need to write a population's equations.

    Args:
        arriving: what arrives in its first input state.
    """
    constants, ports = constants_of(p), ports_of(p)

    def total(terms: list[tuple[str, str]]) -> str:
        return " + ".join(f"({a} * {x})" for a, x in terms if a in constants) or "0.0"

    def dot(matrix: str, row: str, x: str) -> str:
        return total([(f"{matrix}_{row}_{column}", x + column) for column in p.states])

    def history(state: str, at: str = "place") -> str:
        voltage = p.states.index(state) == p.threshold_state
        return f"Voltage[{at}]" if voltage else f"History_{state}[{at}]"

    def change(row: str) -> str:
        terms = [(f"C_{row}_{s}", history(s)) for s in p.states]
        return total(terms) + (f" + r_{row}" if f"r_{row}" in constants else "")

    return {
        "states": p.states,
        "mapped": p.step_map is not None,
        "ports": ports,
        "arrivals": {q.state: f"Isyn{q.suffix}" if q.suffix else arriving for q in ports},
        "start": lambda s: f"start_{s}" if f"start_{s}" in constants else "0",
        "spiking": p.is_spiking,
        "holds": p.holds,
        "input_state": p.states[p.input_state],
        "threshold_state": p.states[p.threshold_state],
        "dot": dot,
        "dot_transposed": lambda m, row, x: total([(f"{m}_{s}_{row}", x + s) for s in p.states]),
        "dot_column": lambda v, x: total([(f"{v}_{s}", x + s) for s in p.states]),
        "history": history,
        "change": change,
        "changes": lambda s: change(s) != "0.0",
        "affine": lambda s, x: dot("R", s, x) + (f" + r_{s}" if f"r_{s}" in constants else ""),
    }


def check_names(p: PlannedPopulation) -> None:
    """Raise PlanError where a state has a name that the snippets cannot use."""
    own = {f"{prefix}_{state}" for prefix in PREFIXES for state in p.states}
    own |= {f"{matrix}_{a}_{b}" for matrix in "CMPR" for a in p.states for b in p.states}
    for state in p.states:
        taken = state in RESERVED | own or (p.step_map is not None and TAKEN.fullmatch(state))
        if taken or not (state.isascii() and state.isidentifier()):
            raise PlanError(
                f"population {p.name!r}: GeNN code cannot have a state named {state!r}; "
                "rename it in the neuron's states"
            )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("genn_delays.backends.genn"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **values: object) -> str:
    """A snippet of GeNN code from its template."""
    return _environment().get_template(template).render(**values)
