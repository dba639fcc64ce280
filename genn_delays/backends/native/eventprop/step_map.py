"""Models of populations with a step map: which code they have, and which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genn_delays.backends.code_printer import Code, print_program
from genn_delays.backends.native.functions import VECTORS
from genn_delays.backends.native.model import nonzero
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.step_maps import Collected, StepMap


@dataclass(frozen=True)
class MappedCode:
    """What the code of a model with a step map is made of.

    Attributes:
        kind: of the step.
        flow, pull, speed: its programs.
        ports: states that input arrives in.
        collected: what training needs the gradient of.
    """

    kind: str
    flow: Code
    pull: Code
    speed: Code
    ports: tuple[int, ...]
    collected: Collected

    @property
    def key(self) -> tuple:
        """Equal for equal code."""
        programs = (self.flow, self.pull, self.speed)
        texts = tuple((code.lines, tuple(code.outputs.items())) for code in programs)
        return (self.kind, texts, self.ports, self.collected)

    @property
    def functions(self) -> frozenset[str]:
        """Functions that the programs call."""
        return self.flow.functions | self.pull.functions | self.speed.functions


def mapped_code(p: PlannedPopulation) -> MappedCode | None:
    """None for a population without a step map."""
    if (step := p.step_map) is None:
        return None
    return MappedCode(step.kind, *_programs(step), p.input_states, step.collected)


@lru_cache(maxsize=64)
def _programs(step: StepMap) -> tuple[Code, Code, Code]:
    """A plan is asked for its models several times, and printing takes long."""
    return tuple(print_program(one, VECTORS) for one in (step.flow, step.pull, step.speed))  # type: ignore[return-value]


def mapped_matrices(p: PlannedPopulation, dtype: type) -> dict[str, np.ndarray]:
    """Numbers of the units by the names that a model has for them, (n, rows, columns).

    K are the constants of the step map; ``floor`` is threshold - initial voltage.
    """
    rise = np.zeros((p.size, 1, 1))
    if p.threshold is not None:
        start = p.initial[:, p.threshold_state].astype(dtype)
        rise[:, 0, 0] = p.threshold.astype(dtype) - start
    return {
        "K": p.constants[:, :, None],
        "R": p.reset_matrix,
        "r": p.reset_offset[:, :, None],
        "start": p.initial[:, :, None],
        "floor": rise,
    }


def mapped_patterns(p: PlannedPopulation, dtype: type) -> dict[str, np.ndarray]:
    """Which entries have a constant: every one that is not 0 now, or once something is learnt."""
    assert p.step_map is not None
    matrices, learnt = mapped_matrices(p, dtype), p.step_map.collected
    found = {name: nonzero(array) for name, array in matrices.items()}
    found["K"][...] = found["floor"][...] = True
    for i, j in learnt.matrix:
        found["R"][i, j] = True
    found["r"][list(learnt.offset), 0] = True
    found["start"][list(learnt.initial), 0] = True
    return found


def logged_of(p: PlannedPopulation) -> int:
    """Numbers that are logged at a spike: the state before it and, with a step map, what arrived."""
    return len(p.states) + (len(p.input_states) if p.step_map is not None else 0)


def kept_states(p: PlannedPopulation) -> int:
    """States that are kept of every step of a training batch."""
    return 0 if p.step_map is None else len(p.states)


def collected_count(p: PlannedPopulation) -> int:
    """Numbers of each unit whose gradients are summed."""
    return 0 if p.step_map is None else p.step_map.collected.count
