"""Axes of a sweep: a key of the configuration and its values, as a list or as a range.

    model.args.hidden: [[32], [64]]
    optimiser.weight.lr: {log: [1e-4, 1e-2], steps: 5}
    model.args.density: {range: [0.0, 1.0], steps: 5}

Where both ends are written as whole numbers, so are the values. Others have ten significant
digits, so that 0.001 in the middle of a logarithmic range is 0.001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import ConfigError
from genn_delays.support.settings import check_keys

Number = int | float
LEVELS = 10_000
"""Values of an axis, and runs of a sweep, at most."""


@dataclass(frozen=True)
class Listed:
    """An axis whose values are written out."""

    values: Sequence[Any]

    def grid(self) -> Sequence[Any]:
        """The values of a grid."""
        return self.values

    def draw(self, generator: np.random.Generator) -> Any:
        """A value for one run of a random search."""
        return self.values[int(generator.integers(len(self.values)))]

    def extremes(self) -> Sequence[Any]:
        """Values that stand for all others when they are checked."""
        return self.values


@dataclass(frozen=True)
class Ranged:
    """An axis between two numbers, both included; ``logarithmic`` in the ratio of its values."""

    where: str
    low: Number
    high: Number
    logarithmic: bool
    steps: int | None

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def grid(self) -> Sequence[Number]:
        """``steps`` values from end to end.

        Raises:
            ConfigError: ``steps`` is missing, or a value would have to be rounded to be whole.
        """
        if self.steps is None:
            raise ConfigError(f"{self.where}: a grid needs the number of values; add steps: N")
        space = np.geomspace if self.logarithmic else np.linspace
        return [self._written(value) for value in space(self.low, self.high, self.steps).tolist()]

    def _written(self, value: float) -> Number:
        if not self.whole:
            return float(f"{value:.10g}")
        if abs(value - round(value)) > 1e-9 * max(1.0, abs(value)):
            raise ConfigError(
                f"{self.where}: {self.steps} values from {self.low} to {self.high} are not whole "
                f"numbers; write {float(self.low)} for real ones"
            )
        return round(value)

    def draw(self, generator: np.random.Generator) -> Number:
        """A value for one run of a random search."""
        position = float(generator.random())
        if self.whole and not self.logarithmic:
            return self.low + int(position * (self.high - self.low + 1))
        if not self.logarithmic:
            return self._between(self.low + position * (self.high - self.low))
        # whole numbers have equal shares of the logarithm, half a number beyond either end
        margin = 0.5 if self.whole else 0.0
        ends = log(self.low - margin), log(self.high + margin)
        return self._between(exp(ends[0] + position * (ends[1] - ends[0])))

    def _between(self, value: float) -> Number:
        written = round(value) if self.whole else float(f"{value:.10g}")
        return min(max(written, self.low), self.high)

    def extremes(self) -> Sequence[Number]:
        """Values that stand for all others when they are checked."""
        return [self.low, self.high]


Axis = Listed | Ranged


def make_axis(key: str, given: Any) -> Axis:
    """The axis that a sweep file declares for a key.

    Raises:
        ConfigError: it is empty, or no list and no range.
    """
    where = f"axes: {key}"
    if isinstance(given, Mapping):
        return _ranged(where, given)
    if not isinstance(given, list):
        raise ConfigError(
            f"{where}: {given!r} given; write a list of values, {{range: [A, B], steps: N}} or "
            "{log: [A, B], steps: N}"
        )
    if not given:
        raise ConfigError(f"{where} is empty; give it values, or leave the axis out")
    for number, value in enumerate(given):
        if value in given[:number]:
            raise ConfigError(f"{where}: {value!r} is there twice; remove one of them")
    return Listed(tuple(given))


def _ranged(where: str, given: Mapping[str, Any]) -> Ranged:
    check_keys(where, given, ("range", "log", "steps"))
    ends = [name for name in ("range", "log") if name in given]
    if len(ends) != 1:
        raise ConfigError(f"{where}: give it either range: [A, B] or log: [A, B]")
    name, pair, steps = ends[0], given[ends[0]], given.get("steps")
    if not isinstance(pair, list) or len(pair) != 2 or not all(map(is_number, pair)):
        raise ConfigError(f"{where}: {name} is {pair!r}; write two numbers: {name}: [A, B]")
    low, high = pair
    if not low < high:
        raise ConfigError(f"{where}: {name} from {low} to {high} is empty; the first is the lower")
    if name == "log" and low <= 0:
        raise ConfigError(f"{where}: a logarithmic range begins above 0, not at {low}")
    if steps is not None and not (is_count(steps, 2) and steps <= LEVELS):
        raise ConfigError(f"{where}: steps is {steps!r}; write a whole number, 2 to {LEVELS}")
    return Ranged(where, low, high, name == "log", steps)
