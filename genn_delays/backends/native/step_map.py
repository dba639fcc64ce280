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
        flow, pull, speed: its programs; the first two of one step, or for each of several strands.
        ports: states that input arrives in.
        collected: what training needs the gradient of.
        kept: numbers that a step leaves for the way back, where these are not the states.
    """

    kind: str
    flow: Code
    pull: Code
    speed: Code
    ports: tuple[int, ...]
    collected: Collected
    kept: int = 0

    @property
    def key(self) -> tuple:
        """Equal for equal code."""
        programs = (self.flow, self.pull, self.speed)
        texts = tuple((code.lines, tuple(code.outputs.items())) for code in programs)
        return (self.kind, texts, self.ports, self.collected, self.kept)

    @property
    def functions(self) -> frozenset[str]:
        """Functions that the programs call."""
        return self.flow.functions | self.pull.functions | self.speed.functions


def mapped_code(p: PlannedPopulation, strands: bool) -> MappedCode | None:
    """None for a population without a step map.

    Args:
        strands: units lie in lanes, trials are stepped side by side, and a step leaves its record;
            or else trials lie in lanes.
    """
    if (step := p.step_map) is None:
        return None
    kept = step.record.kept if strands else 0
    programs = _programs(step, strands)
    return MappedCode(step.kind, *programs, p.input_states, step.collected, kept)


@lru_cache(maxsize=64)
def _programs(step: StepMap, strands: bool) -> tuple[Code, Code, Code]:
    """A plan is asked for its models several times, and printing takes long."""
    from genn_delays.backends.code_printer import print_program  # as above
    from genn_delays.backends.native.functions import STRANDS, TRIALS, UNITS

    if not strands:
        flow, pull, speed = (print_program(p, TRIALS) for p in (step.flow, step.pull, step.speed))
        return flow, pull, speed
    flow, pull = (print_program(p, STRANDS) for p in (step.record.flow, step.record.pull))
    return flow, pull, print_program(step.speed, UNITS)


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
