"""A neuron written as equations.

    gd.Equations(
        '''
        dV/dt = (E - V + D * exp((V - V_T) / D)) / tau_mem + I   (unless refractory)
        dI/dt = -I / tau_syn
        ''',
        threshold="V >= theta", reset="V = V_r", refractory=2.0, initial={"V": "E"},
        parameters={"E": -65.0, "D": 2.0, "V_T": -50.0, "theta": -30.0, "V_r": -60.0, ...},
    )

The text is a subset of Brian2's (Stimberg, Brette and Goodman, 2019, eLife 8:e47314). It is parsed,
never run, and a checkpoint keeps it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from genn_delays.declaration.neurons.base import Change, Neuron, Parameter
from genn_delays.support.checks import is_count
from genn_delays.support.errors import NetworkError, suggest

if TYPE_CHECKING:
    from genn_delays.declaration.equations.system import System

METHODS = ("auto", "exponential_euler", "symplectic", "rk2", "rk4")


class Equations(Neuron):
    """A neuron of one's own.

    Args:
        text: lines ``dV/dt = ...`` and ``name = ...``; times in ms. ``(unless refractory)`` behind
            the line of the thresholded state holds it after a spike, where ``refractory`` is given.
        threshold: ``"V >= theta"``: a state, and an expression of parameters; None never spikes.
        reset: ``"V = V_r; w += b"``, linear in the states.
        input: the state that arriving weights are added to, or several, of which
            ``connect(target=...)`` names one.
        parameters: a number, or an array of one value per neuron, by name; names that begin with
            ``tau`` are time constants, > 0.
        refractory: ms after a spike in which the flagged state is held and there is no spike.
        initial: state at the beginning of a trial: numbers or expressions of parameters; 0 unless
            given.
        voltage: the state that readouts sample where there is no threshold; ``V`` by default.
        method: of a step: ``"auto"`` is exact where the flow is linear, ``"exponential_euler"``
            where every line is linear in its own state, else ``"rk2"``, the midpoint rule; also
            ``"rk4"``, and ``"symplectic"``, which is exponential Euler where each line sees what
            the lines above it have become.
        substeps: steps of the method within a time step.
        cites: keys of the publications it is from.

    Raises:
        NetworkError: a text that is no such neuron, with the place.
    """

    cites: ClassVar[tuple[str, ...]] = ()
    _given: dict[str, Any]

    def __init__(
        self,
        text: str,
        threshold: str | None = None,
        reset: str = "",
        input: str | Iterable[str] = "I",  # noqa: A002 - the field's word
        parameters: Mapping[str, Parameter] | None = None,
        refractory: Parameter = 0.0,
        initial: Mapping[str, str | float] | None = None,
        voltage: str | None = None,
        method: str = "auto",
        substeps: int = 1,
        cites: Iterable[str] = (),
    ) -> None:
        given = {
            "text": text,
            "threshold": threshold,
            "reset": reset,
            "input": _names(input),
            "parameters": _mapping("parameters", parameters),
            "refractory": refractory,
            "initial": _mapping("initial", initial),
            "voltage": voltage,
            "method": method,
            "substeps": substeps,
            "cites": tuple(cites),
        }
        self.__dict__.update(_given=given)
        self._check()

    def _check(self) -> None:
        given = self._given
        if given["method"] not in METHODS:
            hint = suggest(str(given["method"]), METHODS)
            raise NetworkError(f"Equations(method={given['method']!r}): {hint}")
        if not is_count(given["substeps"]):
            raise NetworkError(
                f"Equations(substeps={given['substeps']!r}): must be a whole number >= 1"
            )
        if not given["input"]:
            raise NetworkError("Equations(input=()): name the state that input is added to")
        system = self.system
        if np.any(np.asarray(given["refractory"]) != 0) and not system.holds:
            raise NetworkError(
                f"Equations(refractory=...): no line says '(unless refractory)'; put it behind "
                f"d{system.threshold_state}/dt = ..."
            )
        if system.holds and system.threshold is None:
            raise NetworkError("Equations: '(unless refractory)' without a threshold")

    @cached_property
    def system(self) -> System:
        """The equations as symbols."""
        from genn_delays.declaration.equations.system import make_system  # sympy takes long

        given = self._given
        return make_system(
            given["text"],
            given["threshold"],
            given["reset"],
            given["input"],
            tuple(given["parameters"]),
            given["initial"],
            given["voltage"],
            "Equations",
        )

    @property
    def states(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.system.states

    @property
    def input_states(self) -> tuple[str, ...]:
        return self._given["input"]

    @property
    def input_state(self) -> str:  # type: ignore[override]
        return self.input_states[0]

    @property
    def threshold_state(self) -> str:  # type: ignore[override]
        return self.system.threshold_state

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        return self.system.threshold is not None

    @property
    def method(self) -> str:
        """Of a step, as given."""
        return self._given["method"]

    @property
    def substeps(self) -> int:
        return self._given["substeps"]

    def arguments(self) -> dict[str, Any]:
        return dict(self._given)

    def __repr__(self) -> str:
        """What was given; arrays of one value per neuron by their shape."""
        text, *others = self._given.items()
        shown = [f"{name}={_shown(value)}" for name, value in others if not _is_nothing(value)]
        return f"Equations({', '.join([repr(text[1]), *shown])})"

    def texts(self) -> dict[str, Any]:
        """The arguments that are not numbers of neurons, as plain values."""
        numbers = ("parameters", "refractory")
        return {name: value for name, value in self._given.items() if name not in numbers}

    def values(self) -> dict[str, Parameter]:
        return {**self._given["parameters"], "refractory": self._given["refractory"]}

    def with_values(self, values: Mapping[str, Parameter]) -> Equations:
        given = self.arguments()
        if "refractory" in values:
            given["refractory"] = values["refractory"]
        given["parameters"] |= {n: v for n, v in values.items() if n != "refractory"}
        made = Equations.__new__(Equations)
        made.__dict__.update(_given=given, system=self.system)
        return made

    @property
    def positive(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names that begin with ``tau`` are time constants."""
        return tuple(name for name in self._given["parameters"] if name.startswith("tau"))

    @property
    def not_negative(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("refractory",)

    @property
    def learnable(self) -> tuple[str, ...]:
        return tuple(self._given["parameters"])

    @property
    def bounded(self) -> tuple[str, ...]:
        """Parameters that something is divided by."""
        from sympy import Pow

        divisors = set()
        for f in (*self.system.flow, *self.system.initial):
            for power in f.atoms(Pow):
                if power.exp.could_extract_minus_sign():
                    divisors |= {s.name for s in power.base.free_symbols}
        return tuple(name for name in self.learnable if name in divisors)

    def flow(self, size: int) -> np.ndarray:
        """M in 1/ms where the flow is M x, else of its linear part at the initial state."""
        system = self.system
        start = dict(zip(system.state_symbols, system.initial, strict=True))
        entries = list(system.jacobian.subs(start))
        return self._numbers(entries, size).reshape(size, len(self.states), len(self.states))

    def drive(self, size: int) -> np.ndarray:
        at_rest = dict.fromkeys(self.system.state_symbols, 0)
        return self._numbers([f.subs(at_rest) for f in self.system.flow], size)

    @property
    def is_affine(self) -> bool:
        return self.system.is_affine and self.method == "auto"

    def publications(self) -> tuple[str, ...]:
        return self._given["cites"]

    def voltage_time_constant(self, size: int) -> np.ndarray:
        """As for all neurons; 1 ms where the voltage has none at the initial state."""
        voltage = self.states.index(self.threshold_state)
        rate = self.flow(size)[:, voltage, voltage]
        return np.where(rate < 0, -1.0 / np.where(rate < 0, rate, -1.0), 1.0)

    def threshold_value(self, size: int) -> np.ndarray | None:
        if self.system.threshold is None:
            return None
        return self._numbers([self.system.threshold], size)[:, 0]

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        matrix = self._numbers(list(self.system.reset_matrix), size)
        offset = self._numbers(list(self.system.reset_offset), size)
        return matrix.reshape(size, len(self.states), len(self.states)), offset

    def initial_state(self, size: int) -> np.ndarray:
        return self._numbers(list(self.system.initial), size)

    def change(self, parameter: str, size: int) -> Change:
        system, change = self.system, Change.none(size, len(self.states))
        by = system.parameter(parameter)
        declared = {
            "reset_matrix": list(system.reset_matrix),
            "reset_offset": list(system.reset_offset),
            "threshold": [system.threshold or 0 * by],
            "initial": list(system.initial),
        }
        if system.is_affine:
            at_rest = dict.fromkeys(system.state_symbols, 0)
            declared["flow"] = list(system.jacobian)
            declared["drive"] = [f.subs(at_rest) for f in system.flow]
        for what, expressions in declared.items():
            target = getattr(change, what)
            numbers = self._numbers([e.diff(by) for e in expressions], size)
            target[...] = numbers.reshape(target.shape)
        return change

    def _numbers(self, expressions: list[Any], size: int) -> np.ndarray:
        from genn_delays.declaration.equations.numbers import evaluate

        return evaluate(expressions, self.parameters(size), size)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    for name in names:
        if not isinstance(name, str) or names.count(name) > 1:
            raise NetworkError(
                f"Equations(input={given!r}): name a state, or several different ones"
            )
    return names


def _mapping(what: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise NetworkError(f"Equations({what}={given!r}): give a mapping from names to values")
    return dict(given or {})


def _is_nothing(value: Any) -> bool:
    return value is None or (not isinstance(value, np.ndarray) and value in (0.0, "", (), {}))


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array of {value.size}>"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name!r}: {_shown(one)}' for name, one in value.items())}}}"
    return repr(value)
