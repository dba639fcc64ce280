"""Update rules, SGD and Adam: the update of one parameter of one table, state kept in that table.

What a rule remembers of a synapse or a unit is a column of its SynapseTable or UnitTable
named after the parameter, so that checkpoints and rewiring carry it along. A column starts at 0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite, log
from typing import Any, ClassVar, Protocol

import numpy as np

from genn_delays.plugins import build_named
from genn_delays.support.checks import extremes
from genn_delays.support.errors import ConfigError
from genn_delays.support.references import Cited
from genn_delays.training.blocks import in_blocks


class Table(Protocol):
    """A SynapseTable or UnitTable: parameters are attributes, further columns can be attached."""

    def attach(self, name: str, fill: float = 0.0) -> np.ndarray:
        """The column ``name``, made with ``fill`` if it is not there yet."""


class Rule(Cited, ABC):
    """Base of all update rules; ``lr`` is the learning rate."""

    lr: float

    @abstractmethod
    def update(
        self, table: Table, parameter: str, gradient: np.ndarray, factor: float = 1.0
    ) -> None:
        """Change a column of the table in place.

        Args:
            table: the synapses of one projection, or the units of one population.
            parameter: name of the column: ``"weight"``, ``"delay"`` (ms), ``"gain"``, ...
            gradient: dL/d parameter, one value per row of the table.
            factor: on the learning rate, from the schedules.
        """

    @abstractmethod
    def with_momentum(self, momentum: float) -> Rule:
        """The same rule with another decay of the averaged gradient, in [0, 1)."""

    def without_decay(self) -> Rule:
        """The same rule without a pull towards 0."""
        return self


@dataclass(frozen=True)
class Adam(Rule):
    """Adam with a step count of its own for every synapse or unit.

        g <- g + weight_decay p
        m <- beta1 m + (1 - beta1) g           v <- beta2 v + (1 - beta2) g^2
        p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Kingma and Ba (2015, arXiv 1412.6980, algorithm 1). t counts the updates of the synapse,
    not of the run, so that one grown by rewiring gets the bias correction of a fresh start.

    Attributes:
        lr: step in units of the parameter (dimensionless, or ms for delays).
        beta1, beta2: decay of the first and second moment, in [0, 1).
        eps: in units of the gradient.
        weight_decay: strength of the pull towards 0, added to the gradient.
    """

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    cites: ClassVar[tuple[str, ...]] = ("kingma2015",)

    def __post_init__(self) -> None:
        _check_not_negative(self, "lr", "eps", "weight_decay")
        _check_decay(self, "beta1", "beta2")

    def update(
        self, table: Table, parameter: str, gradient: np.ndarray, factor: float = 1.0
    ) -> None:
        names = [f"{parameter}_adam_{name}" for name in ("m", "v", "steps")]
        columns = [getattr(table, parameter), *map(table.attach, names), gradient]
        fewest, most = extremes(columns[3])
        # of all rows, so that the blocks have no say in which formula is used
        common = fewest + 1.0 if fewest == most else None

        def update_rows(rows: slice, scratch: np.ndarray) -> None:
            self._update_rows([c[rows] for c in columns], scratch, common, self.lr * factor)

        in_blocks(update_rows, len(gradient))

    def _update_rows(
        self, columns: list[np.ndarray], scratch: np.ndarray, common: float | None, rate: float
    ) -> None:
        """Update some rows; ``common`` is the step count where the whole table has but one."""
        value, first, second, steps, gradient = columns
        change, correction, decayed = scratch
        steps += 1.0
        if self.weight_decay:
            np.multiply(value, self.weight_decay, out=decayed)
            gradient = np.add(gradient, decayed, out=decayed)
        np.multiply(gradient, 1.0 - self.beta1, out=change)
        first *= self.beta1
        first += change
        np.multiply(gradient, gradient, out=change)
        change *= 1.0 - self.beta2
        second *= self.beta2
        second += change
        np.divide(second, _bias_correction(self.beta2, steps, common, correction), out=change)
        np.sqrt(change, out=change)
        change += self.eps
        change *= _bias_correction(self.beta1, steps, common, correction)
        np.divide(first, change, out=change)
        change *= rate
        value -= change

    def with_momentum(self, momentum: float) -> Adam:
        return replace(self, beta1=momentum)

    def without_decay(self) -> Adam:
        return replace(self, weight_decay=0.0)


def _bias_correction(
    beta: float, steps: np.ndarray, common: float | None, out: np.ndarray
) -> np.ndarray | float:
    """1 - beta^steps: one number while all synapses are equally old, which is quicker."""
    if common is not None:
        return 1.0 - beta**common
    np.multiply(steps, log(beta) if beta else -inf, out=out)
    np.exp(out, out=out)
    return np.subtract(1.0, out, out=out)


@dataclass(frozen=True)
class SGD(Rule):
    """Stochastic gradient descent with momentum.

        u <- momentum u + g        p <- p - lr u

    Attributes:
        lr: in units of the parameter squared per unit of loss.
        momentum: in [0, 1).
    """

    lr: float
    momentum: float = 0.0
    cites: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        _check_not_negative(self, "lr")
        _check_decay(self, "momentum")

    def update(
        self, table: Table, parameter: str, gradient: np.ndarray, factor: float = 1.0
    ) -> None:
        if self.momentum:
            velocity = table.attach(f"{parameter}_sgd_velocity")
            velocity *= self.momentum
            velocity += gradient
            gradient = velocity
        value = getattr(table, parameter)
        value -= (self.lr * factor) * gradient

    def with_momentum(self, momentum: float) -> SGD:
        return replace(self, momentum=momentum)


def _check_not_negative(rule: Rule, *names: str) -> None:
    for name in names:
        value = getattr(rule, name)
        if not (isfinite(value) and value >= 0.0):
            raise ConfigError(f"{type(rule).__name__}({name}={value}): must be finite and >= 0")


def _check_decay(rule: Rule, *names: str) -> None:
    for name in names:
        value = getattr(rule, name)
        if not 0.0 <= value < 1.0:
            raise ConfigError(f"{type(rule).__name__}({name}={value}): must be in [0, 1)")


OPTIMISERS: dict[str, type[Rule]] = {"adam": Adam, "sgd": SGD}


def make(given: Mapping[str, Any] | str) -> Rule:
    """An update rule from ``{name: adam, lr: 1e-3}``.

    Raises:
        ConfigError: unknown name or argument (the nearest is named), or a wrong value.

    >>> make({"name": "adam", "lr": "1e-3"}).lr
    0.001
    """
    return build_named("optimiser", Rule, OPTIMISERS, given)
