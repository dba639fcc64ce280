"""Initialisers of weights, delays (ms) and parameters of neurons.

Drawn once, when a projection or a population is made: ``gd.LIF(tau_mem=gd.init.Normal(20.0, 2.0))``
has a time constant of its own for every unit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.declaration.firing import mean_weight
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import NetworkError


class Initialiser(ABC):
    """A distribution from which one value per synapse, or per unit, is drawn."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """``size`` values as float64: of synapses in (pre, post) order, or of units."""

    def towards(self, neuron: Any, size: int, fan_in: float, where: str) -> Initialiser:
        """What draws the weights of synapses onto ``size`` neurons with ``fan_in`` each."""
        return self


@dataclass(frozen=True)
class Constant(Initialiser):
    """The same value everywhere.

    Attributes:
        value: of each synapse or unit.
    """

    value: float

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.full(size, float(self.value))


@dataclass(frozen=True)
class Normal(Initialiser):
    """Normal distribution.

    Attributes:
        mean: of the values.
        sd: their standard deviation, >= 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if self.sd < 0:
            raise NetworkError(f"Normal(sd={self.sd}): the standard deviation is >= 0")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.normal(self.mean, self.sd, size)


@dataclass(frozen=True)
class Uniform(Initialiser):
    """Uniform distribution on [low, high).

    Attributes:
        low, high: ends of the range.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if self.high < self.low:
            raise NetworkError(f"Uniform({self.low}, {self.high}): low must not exceed high")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.uniform(self.low, self.high, size)


@dataclass(frozen=True)
class LogUniform(Initialiser):
    """Uniform in the logarithm, on [low, high): time constants over several scales.

    Attributes:
        low, high: ends of the range, > 0.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        ends = (self.low, self.high)
        if not (all(map(is_number, ends)) and 0.0 < self.low <= self.high):
            raise NetworkError(f"LogUniform{ends}: must be 0 < low <= high")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.exp(rng.uniform(np.log(self.low), np.log(self.high), size))


@dataclass(frozen=True)
class KaimingUniform(Initialiser):
    """Uniform within +- sqrt(6 / fan_in): He et al. (2015, arXiv 1502.01852, eq. 10).

    Attributes:
        fan_in: synapses of a postsynaptic unit, > 0.
    """

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

    Attributes:
        max_delay: the last tap in ms, >= 0.
        step: distance of the taps in ms, > 0.
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


@dataclass(frozen=True)
class Rate(Initialiser):
    """Normally distributed weights with which neurons fire at a wanted rate.

    They follow from the number of synapses of a neuron, its time constants, threshold and
    refractory period (see :mod:`genn_delays.declaration.firing`), for presynaptic units that spike
    independently of each other, and for neurons that nothing else drives.
    :func:`genn_delays.calibrate` measures instead, for any neuron and real data.

    Attributes:
        hz: wanted spikes per second of the postsynaptic neurons.
        input_hz: spikes per second of the presynaptic units.
        spread: standard deviation of the weights in units of their mean.
    """

    hz: float
    input_hz: float = 10.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        for name in ("hz", "input_hz"):
            if not (is_number(getattr(self, name)) and getattr(self, name) > 0):
                raise NetworkError(f"Rate({name}={getattr(self, name)!r}): must be > 0 Hz")
        if not (is_number(self.spread) and self.spread >= 0):
            raise NetworkError(f"Rate(spread={self.spread!r}): must be >= 0")

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        raise NetworkError("Rate draws weights only: give it as connect(weight=gd.init.Rate(hz))")

    def towards(self, neuron: Any, size: int, fan_in: float, where: str) -> Normal:
        mean = mean_weight(neuron, size, fan_in, self.input_hz, self.hz, self.spread, where)
        return Normal(mean, self.spread * mean)


def hierarchy(centre: float, delta: float, layers: int) -> np.ndarray:
    """A time constant for each layer, evenly from centre - delta/2 to centre + delta/2.

    Moro et al. (2024, arXiv 2407.18838): with delta > 0 later layers are slower. A single layer has
    the centre.

    Args:
        centre, delta: ms.
        layers: how many there are.

    Returns:
        ms, float64, (layers,).

    Raises:
        NetworkError: one is not > 0, or no layers.

    >>> hierarchy(300.0, 400.0, 3)
    array([100., 300., 500.])
    """
    if not is_count(layers):
        raise NetworkError(f"hierarchy(layers={layers!r}): must be a whole number >= 1")
    if not (is_number(centre) and is_number(delta) and centre - abs(delta) / 2.0 > 0.0):
        raise NetworkError(
            f"hierarchy(centre={centre!r}, delta={delta!r}): the smallest time constant, centre - "
            "|delta| / 2, must be > 0 ms"
        )
    if layers == 1:
        return np.array([float(centre)])
    return np.linspace(centre - delta / 2.0, centre + delta / 2.0, layers)
