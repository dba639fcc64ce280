"""Schedules: the factor on a learning rate at each batch. Several multiply.

The published surrogate networks step their schedules once per epoch: ``per="epoch"``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi
from typing import Any, ClassVar, Literal, get_args

from genn_delays.plugins import build_named
from genn_delays.support.errors import ConfigError, suggest
from genn_delays.support.references import Cited

Per = Literal["batch", "epoch"]


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        batch: batches finished since the run began, over all epochs.
        batches_per_epoch, epochs: the length of the run.
    """

    batch: int
    batches_per_epoch: int
    epochs: int

    @property
    def total(self) -> int:
        """Batches of the whole run."""
        return self.batches_per_epoch * self.epochs

    def counted(self, per: Per) -> tuple[int, int]:
        """(done, total) of the run in batches or in epochs."""
        if per == "epoch":
            return self.batch // self.batches_per_epoch, self.epochs
        return self.batch, self.total


class Schedule(Cited, ABC):
    """Base of all schedules."""

    @abstractmethod
    def __call__(self, progress: Progress) -> float:
        """Factor on the learning rate of the batch that comes next."""

    @property
    def sets_momentum(self) -> bool:
        """Whether :meth:`momentum_at` gives a number."""
        return False

    def momentum_at(self, progress: Progress) -> float | None:
        """Decay of the rule's averaged gradient in the batch that comes next; None: its own."""
        return None


@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rate as it was given, times ``factor``.

    Attributes:
        factor: on the learning rate.
    """

    factor: float = 1.0
    cites: ClassVar[tuple[str, ...]] = ()

    def __call__(self, progress: Progress) -> float:
        return self.factor


@dataclass(frozen=True)
class EaseIn(Schedule):
    """Geometric rise from ``start`` to 1 over the first batches: start^(1 - batch / batches).

    Keeps the first updates small while Adam's second moments are still forming; used with
    start = 0.01 by Meszaros, Knight and Nowotny (2025).

    Attributes:
        batches: length of the rise, >= 1.
        start: factor of the first batch, in (0, 1].
    """

    batches: int
    start: float = 1e-3
    cites: ClassVar[tuple[str, ...]] = ("meszaros2025",)

    def __post_init__(self) -> None:
        if self.batches < 1:
            raise ConfigError(f"EaseIn(batches={self.batches}): must be >= 1")
        if not 0.0 < self.start <= 1.0:
            raise ConfigError(f"EaseIn(start={self.start}): must be in (0, 1]")

    def __call__(self, progress: Progress) -> float:
        return self.start ** max(0.0, 1.0 - progress.batch / self.batches)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 at the first batch to ``final`` at the end of the run.

    Loshchilov and Hutter (2017, arXiv 1608.03983), without restarts. With ``per="epoch"`` this is
    PyTorch's CosineAnnealingLR with T_max = epochs.

    Attributes:
        final: factor at the end, >= 0.
        per: ``"batch"`` moves on with every batch, ``"epoch"`` once per epoch.
    """

    final: float = 0.0
    per: Per = "batch"
    cites: ClassVar[tuple[str, ...]] = ("loshchilov2017",)

    def __post_init__(self) -> None:
        if not self.final >= 0.0:
            raise ConfigError(f"Cosine(final={self.final}): must be >= 0")
        _check_per(self, self.per)

    def __call__(self, progress: Progress) -> float:
        done, total = progress.counted(self.per)
        return _half_cosine(1.0, self.final, done / total)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Half a cosine up to ``peak`` and half a cosine down, as PyTorch's OneCycleLR counts it.

    Smith and Topin (2019, arXiv 1708.07120). With Adam(lr=1e-3), ``OneCycle(peak=5)`` reaches
    5e-3. PyTorch also moves beta1 of Adam the opposite way unless told otherwise, and so do the
    published networks: ``momentum=(0.85, 0.95)``.

    Attributes:
        peak: largest factor on the learning rate.
        warm_up: share of the run that rises, in (0, 1).
        start, final: the ends, as fractions of the peak.
        per: ``"batch"`` moves on with every batch, ``"epoch"`` once per epoch.
        momentum: beta1 of Adam, or the momentum of SGD: its value at the peak and at both ends;
            None leaves the rule's own.
    """

    peak: float = 1.0
    warm_up: float = 0.3
    start: float = 0.04
    final: float = 4e-6
    per: Per = "batch"
    momentum: tuple[float, float] | None = None
    cites: ClassVar[tuple[str, ...]] = ("smith2019",)

    def __post_init__(self) -> None:
        if not 0.0 < self.warm_up < 1.0:
            raise ConfigError(f"OneCycle(warm_up={self.warm_up}): must be between 0 and 1")
        for name in ("peak", "start", "final"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ConfigError(f"OneCycle({name}={getattr(self, name)}): must be >= 0")
        if self.momentum is not None and not all(0.0 <= m < 1.0 for m in self.momentum):
            raise ConfigError(f"OneCycle(momentum={self.momentum}): both must be in [0, 1)")
        _check_per(self, self.per)

    def __call__(self, progress: Progress) -> float:
        return self.peak * self._cycle(progress, self.start, 1.0, self.final)

    @property
    def sets_momentum(self) -> bool:
        return self.momentum is not None

    def momentum_at(self, progress: Progress) -> float | None:
        if self.momentum is None:
            return None
        at_peak, at_ends = self.momentum
        return self._cycle(progress, at_ends, at_peak, at_ends)

    def _cycle(self, progress: Progress, first: float, middle: float, last: float) -> float:
        done, total = progress.counted(self.per)
        top, end = self.warm_up * total - 1.0, total - 1.0
        if done < top:
            return _half_cosine(first, middle, done / top)
        return _half_cosine(middle, last, (done - top) / (end - top))


def _half_cosine(first: float, last: float, share: float) -> float:
    return last + 0.5 * (first - last) * (1.0 + cos(pi * min(share, 1.0)))


def _check_per(schedule: Schedule, per: str) -> None:
    if per not in get_args(Per):
        name = type(schedule).__name__
        raise ConfigError(f"{name}(per={per!r}): {suggest(per, get_args(Per))}")


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "ease_in": EaseIn,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}

GivenSchedule = Mapping[str, Any] | str


def make(given: GivenSchedule | Sequence[GivenSchedule]) -> tuple[Schedule, ...]:
    """Schedules from ``{name: cosine, final: 0.1}`` or a list of such; they multiply.

    Raises:
        ConfigError: unknown name or argument (the nearest is named), or a wrong value.

    >>> make([{"name": "ease_in", "batches": 100}, "cosine"])
    (EaseIn(batches=100, start=0.001), Cosine(final=0.0, per='batch'))
    """
    entries: Sequence[Any] = given if isinstance(given, (list, tuple)) else [given]
    return tuple(build_named("schedule", Schedule, SCHEDULES, entry) for entry in entries)
