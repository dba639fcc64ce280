"""Augmentations: random changes of a training batch, drawn anew for each trial.

Each takes and returns events sorted by (trial, unit, time), and none invents an event: those
that a shift or stretch carries out of the trial or the population are dropped, which is part
of the augmentation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from genn_delays.planning.events import Events
from genn_delays.planning.timing import at_or_after
from genn_delays.plugins import build_named
from genn_delays.support.errors import ConfigError
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings


@dataclass(frozen=True)
class Augmentation(Settings, Cited, ABC):
    """A random change of a batch; its fields are its settings."""

    error: ClassVar[type[ConfigError]] = ConfigError

    @abstractmethod
    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        """The changed batch.

        Args:
            events: sorted by (trial, unit, time).
            rng: source of all randomness.
            units: size of the input population.
            duration: length of a trial in ms.
        """


@dataclass(frozen=True)
class TimeShift(Augmentation):
    """All events of a trial are moved by one time, uniform in [-max, max] ms.

    Attributes:
        max: largest shift in ms.
    """

    max: float
    cites: ClassVar[tuple[str, ...]] = ()
    not_negative: ClassVar[tuple[str, ...]] = ("max",)

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        shift = rng.uniform(-self.max, self.max, events.trials).astype(events.time.dtype)
        return _within(events, events.time + _spread(events, shift)[0], duration)


@dataclass(frozen=True)
class TimeStretch(Augmentation):
    """Times of a trial are scaled about its middle, by a factor uniform in [1 - max, 1 + max].

    Attributes:
        max: largest change, as a fraction below 1.
    """

    max: float
    cites: ClassVar[tuple[str, ...]] = ()
    not_negative: ClassVar[tuple[str, ...]] = ("max",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max >= 1:
            raise ConfigError(f"TimeStretch: max is {self.max}, a fraction below 1")

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        kind = events.time.dtype
        factor = rng.uniform(1.0 - self.max, 1.0 + self.max, events.trials)
        start = 0.5 * duration * (1.0 - factor)
        scale, move = _spread(events, factor.astype(kind), start.astype(kind))
        return _within(events, events.time * scale + move, duration)


@dataclass(frozen=True)
class UnitShift(Augmentation):
    """All events of a trial move by one number of units: ``step`` times -max to max.

    With ``step`` = neurons per band, ``max`` counts bands.

    Attributes:
        max: largest shift, in units of ``step``.
        step: units that it is a multiple of.
    """

    max: int
    step: int = 1
    cites: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = ("step",)
    not_negative: ClassVar[tuple[str, ...]] = ("max",)

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        shift = self.step * rng.integers(-self.max, self.max + 1, events.trials)
        unit = events.unit + _spread(events, shift.astype(events.unit.dtype))[0]
        return _keep(events, (unit >= 0) & (unit < units), unit=unit)


@dataclass(frozen=True)
class TimeMask(Augmentation):
    """Events in ``count`` windows of each trial are dropped; each lasts up to ``max`` ms.

    Attributes:
        max: longest window in ms.
        count: windows of a trial.
    """

    max: float
    count: int = 1
    cites: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = ("count",)
    not_negative: ClassVar[tuple[str, ...]] = ("max",)

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        shape = (self.count, events.trials)
        width = rng.uniform(0.0, min(self.max, duration), shape)
        start = rng.uniform(0.0, duration - width)
        return _outside(events, events.time, start, start + width)


@dataclass(frozen=True)
class UnitMask(Augmentation):
    """Events of ``count`` ranges of units of each trial are dropped.

    A range covers ``step`` times 0 to ``max`` units and begins at a multiple of ``step``; with
    ``step`` = neurons per band, whole bands fall silent.

    Attributes:
        max: longest range, in units of ``step``.
        count: ranges of a trial.
        step: units that their ends are multiples of.
    """

    max: int
    count: int = 1
    step: int = 1
    cites: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = ("count", "step")
    not_negative: ClassVar[tuple[str, ...]] = ("max",)

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        groups = -(-units // self.step)
        shape = (self.count, events.trials)
        width = rng.integers(0, min(self.max, groups) + 1, shape)
        start = rng.integers(0, groups - width + 1)
        return _outside(events, events.unit, start * self.step, (start + width) * self.step)


@dataclass(frozen=True)
class Drop(Augmentation):
    """Each event is dropped with the given probability.

    Attributes:
        probability: in [0, 1].
    """

    probability: float
    cites: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.probability <= 1:
            raise ConfigError(f"Drop: probability is {self.probability}, it must be in [0, 1]")

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events:
        return _keep(events, rng.random(len(events), dtype=np.float32) >= self.probability)


AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "drop": Drop,
    "time_mask": TimeMask,
    "time_shift": TimeShift,
    "time_stretch": TimeStretch,
    "unit_mask": UnitMask,
    "unit_shift": UnitShift,
}


def make(settings: Iterable[Mapping[str, Any]]) -> tuple[Augmentation, ...]:
    """Augmentations from a configuration, in order: ``[{"name": "time_shift", "max": 120}]``.

    Raises:
        ConfigError: unknown name or setting (the nearest is named), or an impossible value.
    """
    return tuple(
        build_named(f"augmentation[{position}]", Augmentation, AUGMENTATIONS, entry)
        for position, entry in enumerate(settings)
    )


def _within(events: Events, time: np.ndarray, duration: float) -> Events:
    return _keep(events, (time >= 0) & ~at_or_after(time, duration), time=time)


def _outside(events: Events, place: np.ndarray, low: np.ndarray, high: np.ndarray) -> Events:
    """The events whose place is in none of their trial's ranges [low, high), (ranges, trials)."""
    ranges = _spread(events, *low.astype(place.dtype), *high.astype(place.dtype))
    kept = np.ones(len(events), dtype=bool)
    for first, last in zip(ranges[: len(low)], ranges[len(low) :], strict=True):
        kept &= (place < first) | (place >= last)
    return _keep(events, kept)


def _spread(events: Events, *per_trial: np.ndarray) -> list[np.ndarray]:
    """Values per trial as values per event."""
    if np.any(events.trial[1:] < events.trial[:-1]):
        return [values.take(events.trial) for values in per_trial]
    # sorted by trial, as documented: repeating is several times faster than looking up
    counts = np.diff(np.searchsorted(events.trial, np.arange(events.trials + 1)))
    return [np.repeat(values, counts) for values in per_trial]


def _keep(
    events: Events,
    mask: np.ndarray,
    *,
    time: np.ndarray | None = None,
    unit: np.ndarray | None = None,
) -> Events:
    """The events of ``mask``, with new times or units where given."""
    # take() with indices is several times faster than indexing with the mask
    index = np.flatnonzero(mask)
    return Events.trusted(  # each caller's mask leaves nothing that is out of range
        (events.time if time is None else time).take(index),
        (events.unit if unit is None else unit).take(index),
        events.trial.take(index),
        events.trials,
        None if events.value is None else events.value.take(index),
    )
