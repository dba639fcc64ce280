"""Initialisers of weights and delays (delays in ms): drawn once, when a projection is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from genn_delays.errors import NetworkError


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
