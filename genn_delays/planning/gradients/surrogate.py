"""Surrogate gradients: BPTT through the steps of a network, with a slope in place of the spike's.

Forwards a spike is s = H(V - threshold). Backwards its derivative is that of a smooth function f
of x = V - threshold that rises from 0 to 1:

    arctan          f = arctan(pi/2 slope x) / pi + 1/2    f' = slope/2 / (1 + (pi/2 slope x)^2)
    fast_sigmoid    f = slope x / (1 + slope |x|) / 2 + 1/2    f' = slope/2 / (1 + slope |x|)^2
    sigmoid         f = 1 / (1 + exp(-slope x))            f' = slope f (1 - f)
    triangle        f' = slope max(0, 1 - slope |x|)

(Neftci, Mostafa and Zenke, 2019, IEEE Signal Process. Mag. 36; arctan of Fang et al., 2021, ICCV,
as in SpikingJelly and in Hammouamri et al., 2024; fast_sigmoid is the SuperSpike of Zenke and
Ganguli, 2018, Neural Comput. 30, whose f' is 2 / slope of this one: here every f rises from 0 to
1.)

Everything else is the transpose of the forward pass: with x the state before and x+ = x + s (R x +
r - x) after the threshold, a+ = P^T a[t+1] the adjoint of x+ and m the dropout factor of the spike,

    a = a+ + s (R^T - 1) a+ + e_V (f'(x_V - threshold) dL/ds + dL/dV)
    dL/ds = m dL/d(sent) + (R x + r - x) . a+         (the second term only with an attached reset)

dL/d(sent) of step t sums w g_k a_in over the taps k of all outgoing synapses at step t + lag + k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.dynamics import PlannedPopulation, PlannedProjection
from genn_delays.planning.gradients.base import GradientRule
from genn_delays.planning.readouts import Readout
from genn_delays.support.checks import is_number
from genn_delays.support.errors import PlanError, suggest

FUNCTIONS = ("arctan", "fast_sigmoid", "sigmoid", "triangle")


SOURCES = {"arctan": ("fang2021",), "fast_sigmoid": ("zenke2018",)}
"""What to cite for a function besides the rule."""


@dataclass(frozen=True)
class Surrogate(GradientRule):
    """Backpropagation through time with a surrogate derivative of the spike.

    Attributes:
        function: ``"arctan"``, ``"fast_sigmoid"``, ``"sigmoid"`` or ``"triangle"``.
        slope: steepness, per unit of voltage; 5 in the published networks.
        detach_reset: True where no gradient flows through the reset.
        smooth: True makes spikes graded, s = f(V - threshold), forwards too: then gradients are
            those of finite differences. For checks, on the reference backend.
    """

    name: ClassVar[str] = "surrogate"
    function: str = "arctan"
    slope: float = 5.0
    detach_reset: bool = True
    smooth: bool = False
    cites: ClassVar[tuple[str, ...]] = ("neftci2019",)

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            hint = suggest(str(self.function), FUNCTIONS)
            raise PlanError(f"Surrogate(function={self.function!r}): {hint}")
        if not (is_number(self.slope) and self.slope > 0):
            raise PlanError(f"Surrogate(slope={self.slope!r}): must be > 0 per unit of voltage")
        for name in ("detach_reset", "smooth"):
            if not isinstance(getattr(self, name), bool):
                value = getattr(self, name)
                raise PlanError(f"Surrogate({name}={value!r}): must be True or False")

    def publications(self) -> tuple[str, ...]:
        return (*self.cites, *SOURCES.get(self.function, ()))

    def value(self, x: np.ndarray) -> np.ndarray:
        """f at x = V - threshold."""
        y = self.slope * x
        if self.function == "arctan":
            return np.arctan(0.5 * np.pi * y) / np.pi + 0.5
        if self.function == "fast_sigmoid":
            return 0.5 + 0.5 * y / (1.0 + np.abs(y))
        if self.function == "sigmoid":
            return 0.5 * (1.0 + np.tanh(0.5 * y))
        y = np.clip(y, -1.0, 1.0)
        return 0.5 + y - 0.5 * y * np.abs(y)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """f' at x = V - threshold, of the type of x."""
        y = np.asarray(self.slope * x)
        if self.function == "arctan":
            return (0.5 * self.slope / (1.0 + (0.5 * np.pi * y) ** 2)).astype(y.dtype)
        if self.function == "fast_sigmoid":
            return (0.5 * self.slope / (1.0 + np.abs(y)) ** 2).astype(y.dtype)
        if self.function == "sigmoid":
            e = np.exp(-np.abs(y))  # f' is even, and this exponential never overflows
            return (self.slope * e / (1.0 + e) ** 2).astype(y.dtype)
        return (self.slope * np.maximum(0.0, 1.0 - np.abs(y))).astype(y.dtype)

    def needs_step_map(self, neuron: Neuron, learn: tuple[str, ...]) -> bool:
        """Time constants are learnt from dL/dP, all else needs more."""
        return any(name not in neuron.time_constants for name in learn)

    def check_population(self, population: PlannedPopulation) -> None:
        """Every neuron has a surrogate gradient; batch statistics need the whole trial."""
        if population.recurrent and population.normalise is not None:
            raise PlanError(
                f"population {population.name!r}: batch normalisation over time is not causal in a "
                "population that feeds back on itself; leave normalise out"
            )

    def check_projection(self, projection: PlannedProjection) -> None:
        """Spikes cannot arrive in their own step where the population feeds back on itself."""
        if projection.lag == 0 and projection.internal:
            raise PlanError(
                f"projection {projection.name!r}: lag=0 within a loop would need its own result; "
                "use lag=1"
            )

    def check_readout(self, readout: Readout, population: PlannedPopulation) -> None:
        """The time of a spike has no surrogate gradient."""
        if readout.reads == "first_spike":
            raise PlanError(
                f"{type(readout).__name__} has no surrogate gradient; use gd.EventProp(), or read "
                "a voltage"
            )
