"""Step maps as GeNN code: each run of a program is a scope of its own, with what it reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.planning.dynamics import PlannedPopulation

if TYPE_CHECKING:  # sympy takes long, and most plans do without
    from genn_delays.backends.code_printer import Code
    from genn_delays.planning.step_maps import StepMap

Pairs = tuple[tuple[str, str], ...]
TAKEN = re.compile(
    r"[acpux]\d+|free|bend|caused|earlier|kick|moment|moved|rest|spiked|Blown|Collected\d+"
    r"|(Isyn|Into|Into1|Into2|Shift|Moved|Adjoint|Arrived)_\d+"
)
"""Names that a state cannot have besides ``RESERVED``, where there is a step map."""


@dataclass(frozen=True)
class Block:
    """A program as a scope of GeNN code.

    Attributes:
        given: name and value of its inputs. lines: declarations of temporaries.
        results: statements up to their value, and the value.
    """

    given: Pairs
    lines: tuple[str, ...]
    results: Pairs


@dataclass(frozen=True)
class Port:
    """An input state.

    Attributes:
        suffix: of the names that belong to it, nothing for the first.
        jumps: arrivals in it move the thresholded voltage itself.
    """

    suffix: str
    state: str
    jumps: bool


def suffix_of(port: int) -> str:
    """What names that belong to an input state end in."""
    return f"_{port}" if port else ""


def ports_of(p: PlannedPopulation) -> tuple[Port, ...]:
    """The input states of a population."""
    v = p.threshold_state
    return tuple(Port(suffix_of(k), p.states[i], i == v) for k, i in enumerate(p.input_states))


def mapped_constants(p: PlannedPopulation) -> dict[str, np.ndarray]:
    """Constants by name, each (n,): ``c`` of the programs, R, r and ``start`` of the states.

    Entries that are 0 in all neurons are left out, but for those that are learnt.
    """
    learnt, states = _map_of(p).collected, p.states
    found = {f"c{k}": p.constants[:, k] for k in range(p.constants.shape[1])}
    for i, j in sorted(_reset_entries(p)):
        found[f"R_{states[i]}_{states[j]}"] = p.reset_matrix[:, i, j]
    for name, vector, kept in (
        ("r", p.reset_offset, learnt.offset),
        ("start", p.initial, learnt.initial),
    ):
        there = set(np.flatnonzero(np.any(vector != 0, axis=0)).tolist())
        for i in sorted(there | set(kept)):
            found[f"{name}_{states[i]}"] = vector[:, i]
    return found


def sums_of(p: PlannedPopulation) -> tuple[tuple[str, str], ...]:
    """(name, type) of arrays: what is summed, and where a run ends."""
    sums = ((f"Collected{k}", "double") for k in range(_map_of(p).collected.count))
    return (*sums, ("Blown", "uint32_t"))


def forward_arguments(p: PlannedPopulation) -> dict[str, object]:
    """What the templates need of a step map to run it forwards, besides the equations."""
    return {"flow": _flow(p), "collected": _map_of(p).collected}


def eventprop_arguments(p: PlannedPopulation) -> dict[str, object]:
    """What those of EventProp need.

    ``full`` are states whose value at the threshold is read, ``sped`` those whose speed is.
    """
    delta = any(port.jumps for port in ports_of(p)) and p.is_spiking
    columns = {j for _, j in _map_of(p).collected.matrix}
    sped = {p.threshold_state, *(j for _, j in _reset_entries(p))}
    return {
        **forward_arguments(p),
        "port_of": {port.state: port for port in ports_of(p)},
        "delta": delta,
        "full": p.states if delta else _names(p, columns),
        "sped": _names(p, sped),
        "pull": _pull(p, {f"q{k}": f"Moved{port.suffix} =" for k, port in enumerate(ports_of(p))}),
        "release": _speed(p, "flowed_", {p.threshold_state: "slope ="}),
        "speed": _speed(p, "before_", {i: f"speed_{p.states[i]} =" for i in sped}, "bend ="),
        "onward": _speed(p, "after_", _into(p, "onward_")),
    }


def surrogate_arguments(p: PlannedPopulation, attached: bool) -> dict[str, object]:
    """What those of the surrogate rule need.

    ``full``, ``began`` and ``pulled`` are those of :func:`_read_back`.

    Args:
        attached: gradients flow through the reset.
    """
    return {**forward_arguments(p), "pull": _pull(p, {}), **_read_back(p, attached)}


def kept_states(p: PlannedPopulation, attached: bool) -> tuple[str, ...]:
    """States whose values before the threshold the surrogate rule reads going back."""
    read = _read_back(p, attached)
    return tuple(s for s in p.states if s in read["full"] or s in read["began"])


def _read_back(p: PlannedPopulation, attached: bool) -> dict[str, tuple[str, ...]]:
    """States that the surrogate rule reads going back.

    ``pulled`` are those that the transposed flow reads as they were before it, ``began`` those at
    the end of the step before that these follow from, ``full`` those read at the threshold.
    """
    pulled = {int(name[1:]) for name, _ in _pull(p, {}).given if name[0] == "x"}
    began, full = set(pulled), set()
    if p.is_spiking:
        began |= {j for i, j in _reset_entries(p) if i in pulled}
        began |= {p.threshold_state} if pulled else set()
        full = {p.threshold_state, *(j for _, j in _map_of(p).collected.matrix)}
        full |= set(range(len(p.states))) if attached else set()
    return {"full": _names(p, full), "began": _names(p, began), "pulled": _names(p, pulled)}


def _names(p: PlannedPopulation, states: Collection[int]) -> tuple[str, ...]:
    return tuple(s for i, s in enumerate(p.states) if i in states)


def _reset_entries(p: PlannedPopulation) -> set[tuple[int, int]]:
    """Entries of R that have a constant."""
    there = {(int(i), int(j)) for i, j in np.argwhere(np.any(p.reset_matrix != 0, axis=0))}
    return there | set(_map_of(p).collected.matrix)


def _into(p: PlannedPopulation, prefix: str) -> dict[int, str]:
    return {i: f"{prefix}{s} =" for i, s in enumerate(p.states)}


def _flow(p: PlannedPopulation) -> Block:
    results = {f"y{i}": text for i, text in _into(p, "flowed_").items()}
    return _block(p, "flow", "", results)


def _pull(p: PlannedPopulation, shifts: Mapping[str, str]) -> Block:
    results = {f"b{i}": text for i, text in _into(p, "adjoint_").items()} | dict(shifts)
    count = len(_map_of(p).collected.constants)
    results |= {f"g{k}": f"Collected{k}[unit] +=" for k in range(count)}
    return _block(p, "pull", "began_", results)


def _speed(p: PlannedPopulation, state: str, into: Mapping[int, str], bend: str = "") -> Block:
    results = {f"f{i}": text for i, text in into.items()} | ({"bend": bend} if bend else {})
    return _block(p, "speed", state, results)


def _block(p: PlannedPopulation, which: str, state: str, results: Mapping[str, str]) -> Block:
    """A program, and where each of its outputs goes; ``state`` begins the names of what x is."""
    code, used = _printed(_map_of(p), which, tuple(results))
    values = {"free": "held ? 0.0 : 1.0" if p.holds and which != "speed" else "1.0"}
    values |= {f"x{i}": f"{state}{s}" for i, s in enumerate(p.states)}
    values |= {f"a{i}": f"adjoint_{s}" for i, s in enumerate(p.states)}
    given = tuple((name, values[name]) for name in sorted(used & values.keys()))
    return Block(given, code.lines, tuple((text, code.outputs[o]) for o, text in results.items()))


@lru_cache(maxsize=256)
def _printed(step: StepMap, which: str, outputs: Iterable[str]) -> tuple[Code, frozenset[str]]:
    """A program without what these outputs do not need, and the inputs that it reads."""
    from genn_delays.backends.code_printer import print_program  # sympy takes long
    from genn_delays.backends.genn.functions import GENN
    from genn_delays.planning.step_maps.program import program

    whole = getattr(step, which)
    wanted = program(whole.assignments, {name: whole.outputs[name] for name in outputs})
    return print_program(wanted, GENN), wanted.symbols


def _map_of(p: PlannedPopulation) -> StepMap:
    assert p.step_map is not None
    return p.step_map
