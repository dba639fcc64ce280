"""What a neuron declares: a linear ODE x' = M x with a threshold and an affine reset.

A neuron is data. Every backend emits the update of a step from the propagator
P = expm(M dt), so that no neuron is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from genn_delays.errors import NetworkError

Parameter = float | np.ndarray
"""A scalar, or one value per neuron of the population."""


@dataclass(frozen=True, eq=False)
class Neuron:
    """Base of all neurons: what a new one has to declare.

    Class attributes:
        states: names of the state variables, in the order of the rows of M.
        input_state: the state that arriving weights are added to.
        threshold_state: the state compared with the threshold; readouts sample it too.
        spiking: False for neurons without a threshold.
        positive: parameters that must be > 0.
    """

    states: ClassVar[tuple[str, ...]] = ()
    input_state: ClassVar[str] = "I"
    threshold_state: ClassVar[str] = "V"
    spiking: ClassVar[bool] = True
    positive: ClassVar[tuple[str, ...]] = ()

    def parameters(self, size: int) -> dict[str, np.ndarray]:
        """Every parameter as an array of shape (size,).

        Raises:
            NetworkError: a per-neuron array of another length, a value not finite, or a
                time constant that is not positive.
        """
        resolved = {}
        for field in fields(self):
            name = f"{type(self).__name__}({field.name}=...)"
            given = getattr(self, field.name)
            try:
                value = np.asarray(given, dtype=np.float64)
            except (TypeError, ValueError):
                raise NetworkError(f"{name}: {given!r} is not a number or an array") from None
            if value.ndim > 1 or (value.ndim == 1 and value.shape != (size,)):
                raise NetworkError(
                    f"{name}: shape {value.shape} for a population of {size}; "
                    f"give a number or an array of length {size}"
                )
            if not np.all(np.isfinite(value)):
                raise NetworkError(f"{name}: every value must be finite")
            if field.name in self.positive and np.any(value <= 0):
                raise NetworkError(f"{name}: {value.min():g} given, must be > 0")
            resolved[field.name] = np.broadcast_to(value, (size,)).copy()
        return resolved

    def flow(self, size: int) -> np.ndarray:
        """M in 1/ms, shape (size, states, states)."""
        return np.zeros((size, len(self.states), len(self.states)))

    def threshold_value(self, size: int) -> np.ndarray | None:
        """Threshold per neuron, shape (size,): the parameter ``threshold``; None without spikes."""
        if not self.spiking:
            return None
        parameters = self.parameters(size)
        if "threshold" not in parameters:
            raise NetworkError(f"{type(self).__name__} spikes; give it a parameter threshold")
        return parameters["threshold"]

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(R, r) of x <- R x + r at a spike: shapes (size, states, states), (size, states)."""
        count = len(self.states)
        return np.tile(np.eye(count), (size, 1, 1)), np.zeros((size, count))

    def describe(self) -> dict[str, Any]:
        """Parameters as plain numbers and lists, for files."""
        return {f.name: np.asarray(getattr(self, f.name)).tolist() for f in fields(self)}


@dataclass(frozen=True, eq=False)
class Input(Neuron):
    """A population whose spikes or graded values come from outside. It has no state."""

    spiking: ClassVar[bool] = False
