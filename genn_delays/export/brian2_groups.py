"""Populations as Brian2's NeuronGroups: equations where it solves them exactly, else the step."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.export.currents import Currents, currents_of
from genn_delays.export.description import DescribedPopulation, Description
from genn_delays.export.names import identifiers
from genn_delays.export.script import RESERVED, about, is_uniform, number

if TYPE_CHECKING:
    from genn_delays.backends.code_printer import Dialect

APART = 1e-3
"""Relative distance of time constants below which Brian2's solution, which divides by their
difference, loses digits."""
SHORT = 6
"""Characters of a number that is written where it is used; longer ones are variables."""
WORDS = """
    Clock Network NeuronGroup SpikeGeneratorGroup SpikeMonitor StateMonitor Synapses ms second
    N abs bias clip delay dt end exp exprel free i inf int j lastspike not_refractory pi rand randn
    refractory_period t t_in_timesteps threshold timestep w xi
"""
NAMES = RESERVED | frozenset(WORDS.split())
"""What has a meaning in the script, or in Brian2's equations."""


@dataclass(eq=False)
class Group:
    """A population as the script writes it.

    Attributes:
        p: the population. states: identifiers of its states.
        about: lines that say what it is.
        equations: differential equations; () where ``step`` takes their place.
        step: lines that Brian2 runs at each step.
        reset: lines of what a spike does.
        numbers: variables with a value per unit, (n,), and ``seconds``: those that are times in ms.
    """

    p: DescribedPopulation
    states: tuple[str, ...]
    about: list[str]
    equations: list[str] = field(default_factory=list)
    step: list[str] = field(default_factory=list)
    reset: list[str] = field(default_factory=list)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: set[str] = field(default_factory=set)

    @property
    def voltage(self) -> str:
        return self.states[self.p.planned.threshold_state]

    @property
    def condition(self) -> str:
        """When a unit spikes."""
        tail = " and timestep(t, dt) < end" if self.p.tail else ""
        return f"{self.voltage} >= threshold{tail}"

    @property
    def holds(self) -> bool:
        return self.p.planned.holds

    def state(self, name: str) -> str:
        """The identifier of a state."""
        return self.states[self.p.planned.states.index(name)]

    def variable(self, name: str, values: np.ndarray, *, time: bool = False) -> str:
        """Declare a variable; the name that it got."""
        taken = {*NAMES, *self.states, *self.numbers} - {"threshold", "bias", "refractory_period"}
        made = identifiers([name], taken)[name]
        self.numbers[made] = np.asarray(values, dtype=np.float64)
        if time:
            self.seconds.add(made)
        return made

    def factor(self, name: str, values: np.ndarray) -> str:
        """A number where all units have the same short one, else a variable."""
        text = number(values[0])
        if is_uniform(values) and len(text) <= SHORT and not text.startswith("-"):
            return text
        return self.variable(name, values)

    def start(self) -> list[tuple[str, np.ndarray]]:
        """States that do not begin at 0."""
        columns = zip(self.states, self.p.planned.initial.T, strict=True)
        return [(name, values) for name, values in columns if np.any(values)]


def written(p: DescribedPopulation, description: Description) -> Group:
    """A population for the script."""
    states = identifiers(p.planned.states, NAMES)
    group = Group(p, tuple(states.values()), about(p))
    currents = currents_of(p, description)
    if currents is not None and _is_solved(currents):
        _write_equations(group, currents)
    elif p.planned.step_map is not None:
        _write_program(group)
    else:
        _write_propagator(group)
    if p.is_spiking:
        assert p.planned.threshold is not None
        group.variable("threshold", p.planned.threshold)
        _write_reset(group)
    if group.holds:
        # Brian2 holds for one step less than it is told
        group.variable(
            "refractory_period", (p.planned.refractory + 1.0) * description.dt, time=True
        )
    if p.bias is not None:
        group.variable("bias", p.bias)
    return group


def _is_solved(currents: Currents) -> bool:
    """Brian2's exact solution has all its digits."""
    taus = np.column_stack([currents.tau, currents.taus])
    ratio = taus[:, :, None] / taus[:, None, :]
    near = np.abs(ratio - 1) < APART
    near[:, np.arange(taus.shape[1]), np.arange(taus.shape[1])] = False
    return not np.any(near[:, 0])  # currents do not act on each other


def _write_equations(group: Group, currents: Currents) -> None:
    declared = {state: name for name, state in group.p.neuron.time_constants.items()}
    names = dict(zip(group.p.planned.states, group.states, strict=True))

    def tau(state: str, values: np.ndarray) -> str:
        return group.variable(declared.get(state, f"tau_{names[state]}"), values, time=True)

    voltage = names[currents.voltage]
    terms = f"-{voltage}"
    for k, state in enumerate(currents.names):
        gain = currents.gain[:, k]
        if np.allclose(np.abs(gain), 1, rtol=0, atol=1e-12) and is_uniform(np.sign(gain)):
            terms += f" {'+' if gain[0] > 0 else '-'} {names[state]}"
        elif np.any(gain):
            terms += f" + {group.factor(f'gain_{names[state]}', gain)} * {names[state]}"
    if np.any(currents.drive):
        terms += f" + {group.factor('drive', currents.drive)}"
    held = " (unless refractory)" if group.holds else ""
    membrane = tau(currents.voltage, currents.tau)
    group.equations.append(f"d{voltage}/dt = ({terms}) / {membrane} : 1{held}")
    for k, state in enumerate(currents.names):
        own = tau(state, currents.taus[:, k])
        group.equations.append(f"d{names[state]}/dt = -{names[state]} / {own} : 1")


def _write_propagator(group: Group) -> None:
    """x <- P x."""
    matrix, nothing = group.p.planned.propagator, np.zeros(group.p.size)
    rows = {
        k: text
        for k in range(len(group.states))
        if (text := _row(group, "P", k, matrix[:, k], nothing)) != group.states[k]
    }
    if group.holds:
        v = group.p.planned.threshold_state
        group.step.append("free = int(not_refractory)")
        rows[v] = f"free * ({rows[v]}) + (1 - free) * {group.voltage}"
    group.step += _assigned(group, rows)


def _write_program(group: Group) -> None:
    """The assignments of the step map."""
    from genn_delays.backends.code_printer import print_program  # sympy takes long

    step_map = group.p.planned.step_map
    assert step_map is not None
    names = {f"x{k}": name for k, name in enumerate(group.states)}
    for k, values in enumerate(group.p.planned.constants.T):
        if f"c{k}" in step_map.flow.symbols:
            names[f"c{k}"] = group.variable(f"c{k}", values)
    code = print_program(step_map.flow, _dialect(names))
    if "free" in step_map.flow.symbols:
        group.step.append("free = int(not_refractory)")
    group.step += [line.strip().removesuffix(";") for line in code.lines]
    rows = {
        k: code.outputs[f"y{k}"]
        for k in range(len(group.states))
        if code.outputs[f"y{k}"] != group.states[k]
    }
    group.step += _assigned(group, rows)


def _dialect(names: dict[str, str]) -> Dialect:
    """Brian2's abstract code; what is in between has names that no user's variable has."""
    from genn_delays.backends.code_printer import Dialect

    return Dialect(
        declare="",
        number=str,
        spread=str,
        symbol=lambda name: names.get(name, name),
        functions={
            **{name: name for name in ("cos", "exp", "exprel", "log", "sin", "sqrt", "tanh")},
            "above": "int({0} > {1})",
            "magnitude": "abs({0})",
            "maximum": "clip({0}, {1}, inf)",
            "minimum": "clip({0}, -inf, {1})",
            "power": "({0} ** {1})",
        },
        temporary=lambda name: f"step_{name}",
    )


def _write_reset(group: Group) -> None:
    """x <- R x + r."""
    planned, v = group.p.planned, group.p.planned.threshold_state
    rows = {}
    for k, name in enumerate(group.states):
        matrix, offset = planned.reset_matrix[:, k], planned.reset_offset[:, k]
        taken_off = planned.threshold is not None and np.array_equal(-offset, planned.threshold)
        if k == v and taken_off and np.all(matrix == np.eye(len(group.states))[k]):
            rows[k] = f"{name} - threshold"
        elif (text := _row(group, "R", k, matrix, offset)) != name:
            rows[k] = text
    group.reset += _assigned(group, rows)


def _row(group: Group, letter: str, k: int, matrix: np.ndarray, offset: np.ndarray) -> str:
    """A row of a matrix times the state, plus an offset; (n, S) and (n,)."""
    terms = []
    for name, values in zip(group.states, matrix.T, strict=True):
        if not np.any(values):
            continue
        factor = group.factor(f"{letter}_{group.states[k]}_{name}", values)
        terms.append(name if factor == "1" else f"{factor} * {name}")
    if np.any(offset):
        terms.append(group.factor(f"r_{group.states[k]}", offset))
    return " + ".join(terms) or "0"


def _assigned(group: Group, rows: dict[int, str]) -> list[str]:
    """Assignments to states that all see the states before."""
    names = {k: group.states[k] for k in rows}
    used = {k: set(re.findall(r"\w+", text)) for k, text in rows.items()}
    if not any(names[j] in used[k] for j in rows for k in rows if j != k):
        return [f"{names[k]} = {text}" for k, text in rows.items()]
    first = [f"new_{names[k]} = {text}" for k, text in rows.items()]
    return first + [f"{name} = new_{name}" for name in names.values()]
