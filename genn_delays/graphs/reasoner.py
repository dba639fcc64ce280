"""What a reasoner is: its settings, the shapes of its parameters, and constants that follow.

A population of LIF neurons for each entity of a graph, edges that differ in their delays alone, and
a perceptron that reads what the neurons of an entity have sent.

Xiao, Zhu, He and Lin (2024, ICML, arXiv 2405.16851). See docs/graphs.md for the equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import e, exp
from typing import ClassVar, Literal, get_args

import numpy as np

from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import ConfigError, suggest
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited

Delays = Literal["learnt", "none"]
MOST_STEPS = 1000
MOST_DELAY = 31
ADAM = 4
"""Columns of a parameter: itself and what Adam remembers of it."""


@dataclass(frozen=True)
class Reasoner(Cited):
    """Settings of a reasoner; a step is 1 ms.

    Attributes:
        relations: of the graph, without the inverse ones.
        neurons: of each entity, and numbers that stand for a query.
        steps: of a query.
        tau: time constant of voltage and current in steps.
        threshold: of the voltage.
        max_delay: largest delay of an edge in steps.
        slope: of the surrogate derivative, a sigmoid's, per unit of voltage.
        discount: on a spike's weight in the readout, per step.
        scale: on the map that all edges share.
        delays: ``"learnt"``, or ``"none"``: all are 0, and all relations are alike.
    """

    relations: int
    neurons: int = 32
    steps: int = 10
    tau: float = 4.0
    threshold: float = 2.0
    max_delay: int = 4
    slope: float = 4.0
    discount: float = 0.95
    scale: float = 1.0
    delays: Delays = "learnt"
    cites: ClassVar[tuple[str, ...]] = ("xiao2024",)

    def __post_init__(self) -> None:
        self._check_counts()
        for name in ("tau", "threshold", "slope", "discount", "scale"):
            value = getattr(self, name)
            if not (is_number(value) and 0.0 < value < 1e6):
                raise ConfigError(f"Reasoner({name}={value!r}): must be a number > 0")
        if self.delays not in get_args(Delays):
            hint = suggest(str(self.delays), get_args(Delays))
            raise ConfigError(f"Reasoner(delays={self.delays!r}): {hint}")
        check_size(8 * ADAM * self.parameters(), f"{self}: its parameters", error=ConfigError)

    def _check_counts(self) -> None:
        for name, least, most in (
            ("relations", 1, 2**31),
            ("neurons", 1, 2**16),
            ("steps", 2, MOST_STEPS),
            ("max_delay", 1, MOST_DELAY),
        ):
            value = getattr(self, name)
            if not (is_count(value, least) and value <= most):
                raise ConfigError(
                    f"Reasoner({name}={value!r}): must be a whole number from {least} to {most}"
                )

    @property
    def learns_delays(self) -> bool:
        """Whether delays are parameters."""
        return self.delays == "learnt"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter."""
        n, both = self.neurons, 2 * self.relations
        delays = {"delay_weight": (both, n, n), "delay_bias": (both, n)}
        return {
            "query": (both, n),
            **(delays if self.learns_delays else {}),
            "map_weight": (n, n),
            "map_bias": (n,),
            "hidden_weight": (2 * n, 2 * n),
            "hidden_bias": (2 * n,),
            "score_weight": (2 * n,),
            "score_bias": (1,),
        }

    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum(int(np.prod(shape, dtype=object)) for shape in self.shapes().values())

    def keep(self) -> float:
        """What is left of voltage and current after a step."""
        return exp(-1.0 / self.tau)

    def height(self) -> float:
        """What a spike of weight 1 adds to the current."""
        return e / self.tau

    def code_weights(self) -> np.ndarray:
        """Weight of a spike in the readout by its step; their sum is 1."""
        weights = self.discount ** np.arange(self.steps)
        return weights / weights.sum()

    def trace_weights(self) -> np.ndarray:
        """Minus the derivative of the kernel by the age of a spike in steps."""
        age = np.arange(self.steps)
        return -self.height() * (1.0 - (age + 1) / self.tau) * np.exp(-age / self.tau)
