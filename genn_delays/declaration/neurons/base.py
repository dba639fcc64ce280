"""What a neuron declares: a linear ODE x' = M x with a threshold and an affine reset.

A neuron is data. Every backend emits the update of a step from the propagator
P = expm(M dt), so that no neuron is written twice. A neuron that exists on a time grid only
declares P itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from genn_delays.support.checks import own_copy
from genn_delays.support.errors import NetworkError
from genn_delays.support.references import Cited

Parameter = float | np.ndarray
"""A scalar, or one value per neuron of the population."""


@dataclass(frozen=True, eq=False)
class Neuron(Cited):
    """Base of all neurons: what a new one has to declare.

    Class attributes:
        states: names of the state variables, in the order of the rows of M.
        input_state: the state that arriving weights are added to.
        threshold_state: the state compared with the threshold; readouts sample it too.
        spiking: False for neurons without a threshold.
        positive: parameters that must be > 0.
        not_negative: parameters that must be >= 0.
        flags: parameters that are 0 or 1.
        time_constants: the state whose row of M is proportional to 1 / parameter, by the name of
            the parameter; these can be learnt.
        on_grid: True where P is declared instead of M, which EventProp cannot use.
    """

    states: ClassVar[tuple[str, ...]] = ()
    input_state: ClassVar[str] = "I"
    threshold_state: ClassVar[str] = "V"
    spiking: ClassVar[bool] = True
    positive: ClassVar[tuple[str, ...]] = ()
    not_negative: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ()
    time_constants: ClassVar[Mapping[str, str]] = {}
    on_grid: ClassVar[bool] = False

    def parameters(self, size: int) -> dict[str, np.ndarray]:
        """Every parameter as an array of shape (size,).

        Raises:
            NetworkError: a per-neuron array of another length, a value not finite, or one out of
                its range.
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
            if field.name in self.not_negative and np.any(value < 0):
                raise NetworkError(f"{name}: {value.min():g} given, must be >= 0")
            if field.name in self.flags and not np.all((value == 0) | (value == 1)):
                raise NetworkError(f"{name}: {given!r} given, must be True or False")
            resolved[field.name] = np.broadcast_to(value, (size,)).copy()
        return resolved

    def owned(self) -> Neuron:
        """This neuron, with copies of per-neuron parameters that nobody can change."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        made = copy(self)
        for name, value in arrays.items():
            if not np.isscalar(value):
                object.__setattr__(made, name, own_copy(value))
        return made

    def flow(self, size: int) -> np.ndarray:
        """M in 1/ms, shape (size, states, states)."""
        return np.zeros((size, len(self.states), len(self.states)))

    def propagator(self, size: int, dt: float, discretisation: str) -> np.ndarray:
        """P of one step of ``dt`` ms, shape (size, states, states).

        expm(M dt) for ``discretisation="exact"``, 1 + M dt for ``"euler"``.
        """
        flow = self.flow(size)
        if discretisation == "euler":
            return np.eye(len(self.states)) + flow * dt
        # scipy.linalg takes a fifth of a second to import, and not every command needs it
        from scipy.linalg import expm

        return _each_distinct(lambda m: expm(m * dt), flow)

    def propagator_derivative(
        self, parameter: str, size: int, dt: float, discretisation: str
    ) -> np.ndarray:
        """dP / d parameter in 1/ms of one of ``time_constants``, as :meth:`propagator`."""
        flow = self.flow(size)
        row = self.states.index(self.time_constants[parameter])
        change = np.zeros_like(flow)
        change[:, row] = -flow[:, row] / self.parameters(size)[parameter][:, None]
        if discretisation == "euler":
            return change * dt
        from scipy.linalg import expm_frechet  # as above

        both = np.concatenate([flow, change], axis=-1) * dt
        count = len(self.states)
        return _each_distinct(
            lambda m: expm_frechet(m[:, :count], m[:, count:], compute_expm=False), both
        )

    def threshold_value(self, size: int) -> np.ndarray | None:
        """Threshold per neuron, shape (size,): the parameter ``threshold``; None without spikes."""
        if not self.spiking:
            return None
        parameters = self.parameters(size)
        if "threshold" not in parameters:
            raise NetworkError(f"{type(self).__name__} spikes; give it a parameter threshold")
        return parameters["threshold"]

    def refractory_period(self, size: int) -> np.ndarray:
        """ms in which V is held after a spike, shape (size,): the parameter ``refractory`` or 0."""
        if not self.spiking:
            return np.zeros(size)
        return self.parameters(size).get("refractory", np.zeros(size))

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

    cites: ClassVar[tuple[str, ...]] = ()
    spiking: ClassVar[bool] = False


def _each_distinct(
    function: Callable[[np.ndarray], np.ndarray], matrices: np.ndarray
) -> np.ndarray:
    """``function`` of each matrix, called once per distinct one: most populations are uniform."""
    if not matrices.shape[-1]:
        return matrices
    distinct, inverse = np.unique(matrices, axis=0, return_inverse=True)
    return np.array([function(m) for m in distinct])[inverse.ravel()]
