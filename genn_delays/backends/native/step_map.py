"""Models of populations with a step map: which code they have, and which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from genn_delays.backends.native.model import nonzero
from genn_delays.planning.dynamics import PlannedPopulation

if TYPE_CHECKING:  # sympy takes long, and most plans do without
    from genn_delays.backends.code_printer import Code
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


def mapped_code(p: PlannedPopulation, dialect: str) -> MappedCode | None:
    """None for a population without a step map.

    Args:
        dialect: of ``DIALECTS``.
    """
    if (step := p.step_map) is None:
        return None
    return MappedCode(step.kind, *_programs(step, dialect), p.input_states, step.collected)


@lru_cache(maxsize=64)
def _programs(step: StepMap, dialect: str) -> tuple[Code, Code, Code]:
    """A plan is asked for its models several times, and printing takes long."""
    from genn_delays.backends.code_printer import print_program  # as above
    from genn_delays.backends.native.functions import DIALECTS

    programs = (step.flow, step.pull, step.speed)
    flow, pull, speed = (print_program(program, DIALECTS[dialect]) for program in programs)
    return flow, pull, speed


def functions_of(codes: list[MappedCode], real: str) -> dict[str, Any]:
    """What the templates need of the functions that these call; nothing where there are none."""
    if not codes:
        return {"functions": ()}
    from genn_delays.backends.native.functions import template_arguments  # as above

    return template_arguments(frozenset().union(*(code.functions for code in codes)), real)


def mapped_matrices(p: PlannedPopulation) -> dict[str, np.ndarray]:
    """Numbers of the units by the names that a model has for them, (n, rows, columns).

    K are the constants of the step map.
    """
    return {
        "K": p.constants[:, :, None],
        "R": p.reset_matrix,
        "r": p.reset_offset[:, :, None],
        "start": p.initial[:, :, None],
    }


def mapped_patterns(p: PlannedPopulation) -> dict[str, np.ndarray]:
    """Which entries have a constant: every one that is not 0 now, or once something is learnt."""
    assert p.step_map is not None
    learnt = p.step_map.collected
    found = {name: nonzero(array) for name, array in mapped_matrices(p).items()}
    found["K"][...] = True
    for i, j in learnt.matrix:
        found["R"][i, j] = True
    found["r"][list(learnt.offset), 0] = True
    found["start"][list(learnt.initial), 0] = True
    return found


def ports_of(p: PlannedPopulation) -> int:
    """Input states, each with arrivals of its own; 1 for what has none."""
    return max(len(p.input_states), 1)


def collected_count(p: PlannedPopulation) -> int:
    """Numbers of each unit whose gradients are summed."""
    return 0 if p.step_map is None else p.step_map.collected.count
