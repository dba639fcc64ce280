"""Initialisers of weights and delays (delays in ms): drawn once, when a projection is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import NetworkError


class Initialiser(ABC):
    """A distribution from which one value per synapse is drawn."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """``size`` values as float64, one per synapse in (pre, post) order."""


@dataclass(frozen=True)
class Constant(Initialiser):
    """The same value everywhere."""

    value: float

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.full(size, float(self.value))


@dataclass(frozen=True)
class Normal(Initialiser):
    """Normal distribution with the given mean and standard deviation."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if self.sd < 0:
            raise NetworkError(f"Normal(sd={self.sd}): the standard deviation is >= 0")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.normal(self.mean, self.sd, size)


@dataclass(frozen=True)
class Uniform(Initialiser):
    """Uniform distribution on [low, high)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if self.high < self.low:
            raise NetworkError(f"Uniform({self.low}, {self.high}): low must not exceed high")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.uniform(self.low, self.high, size)


@dataclass(frozen=True)
class KaimingUniform(Initialiser):
    """Uniform within +- sqrt(6 / fan_in): He et al. (2015, arXiv 1502.01852, eq. 10)."""

    fan_in: int

    def __post_init__(self) -> None:
        if not is_count(self.fan_in):
            raise NetworkError(
                f"KaimingUniform(fan_in={self.fan_in!r}): must be a whole number of inputs >= 1"
            )

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        bound = np.sqrt(6.0 / self.fan_in)
        return rng.uniform(-bound, bound, size)


@dataclass(frozen=True)
class UniformTaps(Initialiser):
    """Delays uniform over taps ``step`` ms apart, none beyond the last one at ``max_delay`` ms.

    Hammouamri et al. (2024, arXiv 2306.17670) draw positions over the whole kernel, a step longer
    than its last tap, and clamp them.
    """

    max_delay: float
    step: float

    def __post_init__(self) -> None:
        if not (is_number(self.max_delay) and self.max_delay >= 0):
            raise NetworkError(f"UniformTaps(max_delay={self.max_delay!r}): must be >= 0 ms")
        if not (is_number(self.step) and self.step > 0):
            raise NetworkError(f"UniformTaps(step={self.step!r}): must be > 0 ms")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.minimum(rng.uniform(0.0, self.max_delay + self.step, size), self.max_delay)
