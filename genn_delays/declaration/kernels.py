"""Delay kernels: a synapse spread over several delays, so that its position has a gradient.

A kernel of width sigma turns a delay d (in steps, not rounded) into weights of the taps
k = 0..largest, which add up to one:

    Gaussian:  g_k = exp(-((k - d) / width)^2 / 2) / (sum + 1e-7),   width = |sigma| + 0.27
    Triangle:  g_k = max(0, width - |k - d|) / (sum + 1e-7),         width = |sigma| + 1

the dilated convolution with learnable spacings of Hammouamri et al. (2024, arXiv 2306.17670), with
the offsets of its published code. Evaluation rounds the delay to one tap of weight one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited

WIDEST = 1e6
"""Largest sigma in steps, far beyond any trial."""
NORMALISER = 1e-7
"""Added to the sum of the taps, as in the published code."""


@dataclass(frozen=True, eq=False)
class Taps:
    """Kernels of some synapses; every one has the same number of neighbouring taps.

    Attributes:
        first: int32, (synapses,), delay in steps of the first tap.
        weight: (synapses, taps), share of the synapse's weight at each tap.
        slope: (synapses, taps), d weight / d delay, per step; None where delays are rounded.
    """

    first: np.ndarray
    weight: np.ndarray
    slope: np.ndarray | None

    @property
    def count(self) -> int:
        """Taps of each synapse."""
        return self.weight.shape[1]


@dataclass
class DelayKernel(Cited, ABC):
    """Base of all kernels.

    Attributes:
        sigma: declared width, in steps.
        current: width now, in steps; training narrows it. None means ``sigma``.

    Class attributes:
        offset: added to |sigma|, in steps.
    """

    sigma: float
    current: float | None = None

    offset: ClassVar[float]

    def __post_init__(self) -> None:
        if self.current is None:
            self.current = self.sigma
        for name in ("sigma", "current"):
            self._check(name)

    def _check(self, name: str) -> float:
        value = getattr(self, name)
        if not is_number(value) or not 0 <= value <= WIDEST:
            kind = type(self).__name__
            raise NetworkError(
                f"{kind}({name}={value!r}): must be a number of steps in [0, {WIDEST:g}]"
            )
        return float(value)

    @property
    def width(self) -> float:
        """Effective width now, in steps.

        Raises:
            NetworkError: ``current`` is no number of steps.
        """
        return self._check("current") + self.offset

    @abstractmethod
    def radius(self, precision: float) -> float:
        """Steps from the delay beyond which a tap is below ``precision`` times the largest."""

    @abstractmethod
    def shape(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values before normalisation at distances x = k - d in steps, and d value / dx."""

    def taps(self, delay: np.ndarray, largest: int, precision: float) -> Taps:
        """The taps of delays given in steps.

        Args:
            delay: float64, (synapses,), in steps, in [0, largest].
            largest: the last tap there is.
            precision: taps below this share of the largest one are left out: the precision of
                the numbers they are added in.
        """
        radius = self.radius(precision)
        count = min(largest + 1, int(np.floor(2.0 * radius)) + 1)
        check_size(
            5 * 8 * count * len(delay),
            f"a delay kernel of {count} taps for {len(delay)} synapses",
            error=NetworkError,
        )
        first = np.clip(np.ceil(delay - radius), 0, largest + 1 - count).astype(np.int32)
        value, change = self.shape(first[:, None] + np.arange(count) - delay[:, None])
        total = value.sum(axis=1, keepdims=True) + NORMALISER
        weight = value / total
        # d/dd of value / total, with d value / dd = -change
        slope = (weight * change.sum(axis=1, keepdims=True) - change) / total
        return Taps(first, weight, slope)


class Gaussian(DelayKernel):
    """Gaussian of width |sigma| + 0.27 steps."""

    cites: ClassVar[tuple[str, ...]] = ("hammouamri2024",)
    offset: ClassVar[float] = 0.27

    def radius(self, precision: float) -> float:
        # the tap nearest to the delay may itself lie half a step away
        return float(np.sqrt(0.25 - 2.0 * self.width**2 * np.log(precision)))

    def shape(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = np.exp(-0.5 * (x / self.width) ** 2)
        return value, -x / self.width**2 * value


class Triangle(DelayKernel):
    """Triangle that reaches zero at |sigma| + 1 steps; linear interpolation for sigma = 0."""

    cites: ClassVar[tuple[str, ...]] = ("hammouamri2024",)
    offset: ClassVar[float] = 1.0

    def radius(self, precision: float) -> float:
        return self.width

    def shape(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = np.maximum(self.width - np.abs(x), 0.0)
        return value, np.where(value > 0, -np.sign(x), 0.0)


KERNELS: dict[str, type[DelayKernel]] = {"gaussian": Gaussian, "triangle": Triangle}


def kind_of(kernel: DelayKernel | None) -> str | None:
    """The name of a kernel's class, with its module where it is not one of :data:`KERNELS`."""
    if kernel is None:
        return None
    kind = type(kernel)
    ours = KERNELS.get(kind.__name__.lower()) is kind
    return kind.__name__ if ours else f"{kind.__module__}.{kind.__name__}"


def make(given: str | Mapping[str, Any], sigma: float) -> DelayKernel | None:
    """A kernel by its name, ``"gaussian"`` or ``"triangle"``; ``"none"`` for rounded delays.

    One of your own is ``{file: mine.py, name: Flat}``, with settings besides ``sigma``.

    Raises:
        NetworkError: there is none of that name, or impossible values.
    """
    if given == "none":
        return None
    # pydantic takes a while to import, and only names need it
    from genn_delays.plugins.named import choose, settings_of
    from genn_delays.support.settings import build

    spec = given if isinstance(given, Mapping) else {"name": given}
    known = {**KERNELS, "none": None}
    kind = choose("kernel", DelayKernel, known, spec, error=NetworkError)
    if kind is None:
        raise NetworkError(f"kernel: 'none' has no settings, {dict(spec)!r} given")
    settings = {"sigma": sigma, **settings_of(spec)}
    return build(kind, settings, f"kernel {spec.get('name')!r}", NetworkError)


def taps_of(
    delay: np.ndarray, kernel: DelayKernel | None, dt: float, largest: int, dtype: type
) -> Taps:
    """Taps of synapses, the same for every backend: one of weight one without a kernel.

    Args:
        delay: ms, float64, (synapses,).
        kernel: None to round the delays, as evaluation does.
        dt: ms.
        largest: the largest delay there can be, in steps.
        dtype: of the numbers that the taps are added in.
    """
    if kernel is None:
        return Taps(delay_to_steps(delay, dt), np.ones((len(delay), 1)), None)
    return kernel.taps(delay / dt, largest, float(np.finfo(dtype).eps))
