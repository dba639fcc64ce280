"""What a neuron declares: a linear ODE x' = M x with a threshold and an affine reset.

A neuron is data. Every backend emits the update of a step from the propagator
P = expm(M dt), so that no neuron is written twice. A neuron that exists on a time grid only
declares P itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from genn_delays.declaration.init import Initialiser
from genn_delays.support.checks import own_copy
from genn_delays.support.errors import NetworkError
from genn_delays.support.references import Cited

Parameter = float | np.ndarray | Initialiser
"""A scalar, one value per neuron of the population, or what draws these."""


@dataclass(frozen=True, eq=False)
class Change:
    """Derivatives by one parameter, for every neuron.

    Those of M, m, R, r, the threshold and the initial state.

    Attributes:
        flow, reset_matrix: (size, states, states).
        drive, reset_offset, initial: (size, states).
        threshold: (size,).
    """

    flow: np.ndarray
    drive: np.ndarray
    reset_matrix: np.ndarray
    reset_offset: np.ndarray
    threshold: np.ndarray
    initial: np.ndarray

    @classmethod
    def none(cls, size: int, states: int) -> Change:
        """Nothing depends on it."""
        square, row = (size, states, states), (size, states)
        return cls(*(np.zeros(s) for s in (square, row, square, row, (size,), row)))


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

    @property
    def input_states(self) -> tuple[str, ...]:
        """States that arriving weights can be added to; the first is ``input_state``."""
        return (self.input_state,)

    @property
    def learnable(self) -> tuple[str, ...]:
        """Parameters that training can change."""
        return tuple(self.time_constants)

    @property
    def bounded(self) -> tuple[str, ...]:
        """Learnable parameters that stay within a tenth and ten times their declared value."""
        return self.learnable

    def arguments(self) -> dict[str, Any]:
        """What this neuron was made with, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def values(self) -> dict[str, Parameter]:
        """The numbers among the arguments, which :meth:`parameters` spreads over neurons."""
        return self.arguments()

    def with_values(self, values: Mapping[str, Parameter]) -> Neuron:
        """This neuron with some other numbers."""
        return replace(self, **values)

    def parameters(self, size: int) -> dict[str, np.ndarray]:
        """Every parameter as an array of shape (size,).

        Raises:
            NetworkError: a per-neuron array of another length, a value not finite, or one out of
                its range.
        """
        resolved = {}
        for field, given in self.values().items():
            name = f"{type(self).__name__}({field}=...)"
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
            if field in self.positive and np.any(value <= 0):
                raise NetworkError(f"{name}: {value.min():g} given, must be > 0")
            if field in self.not_negative and np.any(value < 0):
                raise NetworkError(f"{name}: {value.min():g} given, must be >= 0")
            if field in self.flags and not np.all((value == 0) | (value == 1)):
                raise NetworkError(f"{name}: {given!r} given, must be True or False")
            resolved[field] = np.broadcast_to(value, (size,)).copy()
        return resolved

    def drawn(self, size: int, rng: np.random.Generator) -> Neuron:
        """This neuron with one value per neuron in place of each initialiser."""
        values = self.values().items()
        drawn = {n: v.sample(rng, size) for n, v in values if isinstance(v, Initialiser)}
        return self.with_values(drawn) if drawn else self

    def owned(self) -> Neuron:
        """This neuron, with copies of per-neuron parameters that nobody can change."""
        arrays = {n: own_copy(v) for n, v in self.values().items() if not np.isscalar(v)}
        return self.with_values(arrays) if arrays else self

    def flow(self, size: int) -> np.ndarray:
        """M in 1/ms, shape (size, states, states)."""
        return np.zeros((size, len(self.states), len(self.states)))

    def drive(self, size: int) -> np.ndarray:
        """m of x' = M x + m in 1/ms, shape (size, states)."""
        return np.zeros((size, len(self.states)))

    @property
    def is_affine(self) -> bool:
        """The flow is M x + m; else engines take its equations."""
        return True

    def voltage_time_constant(self, size: int) -> np.ndarray:
        """-1 / M_VV in ms, at the initial state, shape (size,)."""
        voltage = self.states.index(self.threshold_state)
        return -1.0 / self.flow(size)[:, voltage, voltage]

    def propagator(self, size: int, dt: float, discretisation: str) -> np.ndarray:
        """P of one step of ``dt`` ms, shape (size, states, states).

        expm(M dt) for ``discretisation="exact"``, 1 + M dt for ``"euler"``.
        """
        flow = self.flow(size)
        return exponential(flow, dt, discretisation)

    def propagator_derivative(
        self, parameter: str, size: int, dt: float, discretisation: str
    ) -> np.ndarray:
        """dP / d parameter in 1/ms of one of ``time_constants``, as :meth:`propagator`."""
        change = self.change(parameter, size).flow
        return exponential_derivative(self.flow(size), change, dt, discretisation)

    def change(self, parameter: str, size: int) -> Change:
        """The derivative of what this neuron declares by one of ``learnable``."""
        change = Change.none(size, len(self.states))
        if parameter in self.time_constants:
            flow, row = self.flow(size), self.states.index(self.time_constants[parameter])
            change.flow[:, row] = -flow[:, row] / self.parameters(size)[parameter][:, None]
        return change

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
        """The parameters as plain numbers and lists."""
        return {name: np.asarray(value).tolist() for name, value in self.values().items()}

    def initial_state(self, size: int) -> np.ndarray:
        """The state in which a trial begins, shape (size, states)."""
        return np.zeros((size, len(self.states)))


@dataclass(frozen=True, eq=False)
class Input(Neuron):
    """A population whose spikes or graded values come from outside. It has no state."""

    cites: ClassVar[tuple[str, ...]] = ()
    spiking: ClassVar[bool] = False


def exponential(flow: np.ndarray, dt: float, discretisation: str) -> np.ndarray:
    """expm(M dt), or 1 + M dt for ``discretisation="euler"``, of each neuron."""
    if discretisation == "euler":
        return np.eye(flow.shape[-1]) + flow * dt
    # scipy.linalg takes a fifth of a second to import, and not every command needs it
    from scipy.linalg import expm

    return _each_distinct(lambda m: expm(m * dt), flow)


def exponential_derivative(
    flow: np.ndarray, change: np.ndarray, dt: float, discretisation: str
) -> np.ndarray:
    """The derivative of :func:`exponential` where M changes by ``change``."""
    if discretisation == "euler":
        return change * dt
    from scipy.linalg import expm_frechet  # as above

    both, count = np.concatenate([flow, change], axis=-1) * dt, flow.shape[-1]
    return _each_distinct(
        lambda m: expm_frechet(m[:, :count], m[:, count:], compute_expm=False), both
    )


def _each_distinct(
    function: Callable[[np.ndarray], np.ndarray], matrices: np.ndarray
) -> np.ndarray:
    """``function`` of each matrix, called once per distinct one: most populations are uniform."""
    if not matrices.shape[-1]:
        return matrices
    distinct, inverse = np.unique(matrices, axis=0, return_inverse=True)
    return np.array([function(m) for m in distinct])[inverse.ravel()]
