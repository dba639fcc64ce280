"""Narrowing: how delay kernels become narrower while a network trains."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

from genn_delays.declaration.kernels import DelayKernel
from genn_delays.declaration.network import Network
from genn_delays.support.checks import is_number
from genn_delays.support.errors import ConfigError
from genn_delays.support.references import Cited


@dataclass(frozen=True)
class Narrowing(Cited):
    """Geometric fall of the width of every delay kernel, constant within an epoch.

    In epoch e = 0, 1, ... of E, with n = floor(share E),

        sigma_e = start (final / start)^(min(e, n) / n)

    as Hammouamri et al. (2024) and Meszaros, Knight and Nowotny (2024) narrow theirs, from 12 to
    0.23 steps over 37 of 150 epochs. It depends on the epoch alone, so nothing is carried along.

    Attributes:
        final: width at the end, in steps.
        share: of the epochs that narrow, in [0, 1]; where that is none, ``final`` holds from the
            first.
        start: width in the first epoch, in steps; by default the declared sigma of each kernel.
    """

    final: float = 0.23
    share: float = 0.25
    start: float | None = None
    cites: ClassVar[tuple[str, ...]] = ("hammouamri2024",)

    def __post_init__(self) -> None:
        for name in ("final", "share", "start"):
            value = getattr(self, name)
            if not (is_number(value) or (name == "start" and value is None)):
                raise ConfigError(f"Narrowing({name}={value!r}): give a number")
        if not self.final > 0.0:
            raise ConfigError(f"Narrowing(final={self.final}): must be > 0 steps")
        if not 0.0 <= self.share <= 1.0:
            raise ConfigError(f"Narrowing(share={self.share}): must be in [0, 1]")
        if self.start is not None and not self.start >= self.final:
            raise ConfigError(
                f"Narrowing(start={self.start}): must be >= final = {self.final} steps"
            )

    def check(self, network: Network) -> None:
        """Raise ConfigError where there is no kernel, or one that starts narrower than it ends."""
        kernels = kernels_of(network)
        if not kernels:
            raise ConfigError(
                "sigma narrows delay kernels, but no projection has one; connect with "
                "kernel=gd.kernels.Gaussian(sigma), or leave training.sigma out"
            )
        for name, kernel in kernels.items():
            if self._start(kernel) < self.final:
                raise ConfigError(
                    f"projection {name!r}: its kernel is declared with sigma = {kernel.sigma:g} "
                    f"steps, narrower than the final {self.final:g}; lower training.sigma.final"
                )

    def width(self, sigma: float, epoch: int, epochs: int) -> float:
        """Width of a kernel declared with ``sigma``, in steps.

        Args:
            epoch: counted from 0.
            epochs: of the whole run.

        >>> round(Narrowing().width(12.0, 36, 150), 4), Narrowing().width(12.0, 37, 150)
        (0.2559, 0.23)
        """
        start = sigma if self.start is None else self.start
        # a product that only rounding pushes below a whole number is that number
        narrowing = floor(self.share * epochs + 1e-9)
        if epoch >= narrowing:
            return self.final
        return start * (self.final / start) ** (epoch / narrowing)

    def apply(self, network: Network, epoch: int, epochs: int) -> None:
        """Set every kernel's ``current`` for an epoch, counted from 0."""
        for kernel in kernels_of(network).values():
            kernel.current = self.width(kernel.sigma, epoch, epochs)

    def _start(self, kernel: DelayKernel) -> float:
        return kernel.sigma if self.start is None else self.start


def kernels_of(network: Network) -> dict[str, DelayKernel]:
    """Delay kernels by the name of their projection."""
    return {
        name: projection.kernel
        for name, projection in network.projections.items()
        if projection.kernel is not None
    }


def largest_width(network: Network) -> float | None:
    """Largest current sigma of all kernels, in steps; None without kernels."""
    return max((float(k.current or 0.0) for k in kernels_of(network).values()), default=None)
