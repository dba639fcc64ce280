"""Dataset: the splits of labelled trials; and Source, what can be loaded as one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genn_delays.datasets.arrays import Trials, events_of, targets_of
from genn_delays.datasets.split import Split
from genn_delays.planning.events import Events
from genn_delays.support.display import Shown
from genn_delays.support.errors import DataError, suggest
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings

__all__ = [
    "ABSENT",
    "SPLITS",
    "Dataset",
    "Sizes",
    "Source",
    "Split",
    "hold_out",
    "numbered",
    "part",
    "required",
]

SPLITS = ("train", "validation", "test")
NAME = 64
"""Bytes of the name of a class."""

ABSENT = Split.from_events(Events.from_lists([], []), np.zeros(0, np.int64))
"""What a data set has in place of a split that it does not have."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Shown):
    """Splits over the same input units.

    Attributes:
        name: as in the registry.
        train, validation, test: the splits; :data:`ABSENT` where there is none.
        units: number of input units.
        classes: number of classes, 0 for a regression.
        duration: length of a trial in ms; every event lies in [0, duration).
        class_names: one name per class, or () where they have none.
        label_steps: steps of a trial that have a class each, at the dt it was loaded for; 0 where a
            trial has one class.
        origin: the source it was loaded from; None where it was made here.

    Raises:
        DataError: an empty split, a label out of range, an event outside trial or population,
            names for another number of classes.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    units: int
    classes: int
    duration: float
    class_names: tuple[str, ...]
    label_steps: int = 0
    origin: Source | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.classes:
            raise DataError(
                f"data set {self.name!r}: {len(self.class_names)} class names for {self.classes} "
                "classes; give one for each"
            )
        for name in SPLITS:
            if (split := getattr(self, name)) is not ABSENT:
                where = f"data set {self.name!r}, {name} split"
                split.check(where, self.units, self.classes, self.duration, self.label_steps)

    @staticmethod
    def from_arrays(
        splits: Mapping[str, tuple[Trials, np.ndarray]],
        *,
        units: int,
        duration: float | None = None,
        dt: float = 1.0,
        classes: int | None = None,
        class_names: tuple[str, ...] = (),
        name: str = "arrays",
    ) -> Dataset:
        """A data set of your own arrays; see :mod:`genn_delays.datasets.arrays` for their forms.

        Args:
            splits: (trials, labels) of ``"train"``, ``"validation"`` and ``"test"``, or of those
                that there are.
            units: number of input units.
            duration: length of a trial in ms; by default that of dense arrays.
            dt: step of dense arrays and of labels per step, in ms.
            classes: how many; by default as many as the labels show. 0 for a regression.
            class_names: one per class; by default their numbers.

        Raises:
            DataError: what is wrong, with the split.
        """
        if not splits:
            raise DataError(f"from_arrays(): no splits; give some of {SPLITS}")
        made, targets = {}, targets_of(splits, SPLITS, classes)
        for split, (trials, _) in splits.items():
            labels = targets.labels[split]
            where = f"from_arrays(), {split} split"
            events, lasts = events_of(trials, units, dt, where, len(labels))
            duration = lasts if duration is None else duration
            made[split] = Split.from_events(events, labels)
        if duration is None:
            raise DataError("from_arrays(): give duration=, the length of a trial in ms")
        return Dataset(
            name=name,
            **{split: made.get(split, ABSENT) for split in SPLITS},
            units=units,
            classes=targets.classes,
            duration=float(duration),
            class_names=tuple(class_names) or numbered(targets.classes, "from_arrays()"),
            label_steps=targets.steps,
        )

    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name, in the order train, validation, test."""
        return {name: s for name in SPLITS if (s := getattr(self, name)) is not ABSENT}

    def _facts(self) -> Mapping[str, object]:
        return {
            "name": self.name,
            "units": self.units,
            "classes": self.classes,
            "duration": f"{self.duration:g} ms",
            **{name: len(split) for name, split in self.splits().items()},
        }


def required(dataset: Dataset, split: str) -> Split:
    """A split of a data set by its name.

    Raises:
        DataError: no such split, or none in this data set.
    """
    if split not in SPLITS:
        raise DataError(f"there is no split {split!r}; {suggest(split, SPLITS)}")
    found: Split = getattr(dataset, split)
    if not len(found):
        raise DataError(
            f"data set {dataset.name!r} has no {split} trials; check its files, or give that split"
        )
    return found


def numbered(classes: int, where: str) -> tuple[str, ...]:
    """Names of classes that have none: their numbers.

    Raises:
        DataError: so many that they would take more memory than the limit.
    """
    check_size(NAME * classes, f"{where}: the names of {classes} classes")
    return tuple(map(str, range(classes)))


def part(split: Split, mask: np.ndarray) -> Split:
    """The trials of a split for which ``mask``, shape (trials,), is True."""
    return split.part(np.flatnonzero(mask))


def hold_out(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """The rest of a split, and a fraction of its trials, drawn with ``seed``."""
    order = np.random.default_rng(seed).permutation(len(split))
    held = np.isin(np.arange(len(split)), order[: round(len(split) * fraction)])
    return part(split, ~held), part(split, held)


@dataclass(frozen=True)
class Sizes:
    """What of a data set a network is declared and planned from.

    Attributes:
        units, classes, duration: see :class:`Dataset`.
    """

    units: int
    classes: int
    duration: float


class Source(Settings, Cited, ABC):
    """A data set that can be loaded: its dataclass fields are the settings of ``data.args``."""

    def publications_in(self, path: Path | None) -> tuple[str, ...]:
        """Keys of what to cite for the data in a file or folder, which need not be there."""
        return self.publications()

    def sizes(self) -> Sizes | None:
        """The sizes of the data set, or None where they are known once it is read only."""
        return None

    def channels(self) -> np.ndarray | None:
        """Place of each input unit in the order that neighbouring units have in the data.

        float64 or a whole number, shape (units,); units of one channel have the same. None where
        the units have no such order on one axis.
        """
        return None

    @abstractmethod
    def load(self, dt: float, path: Path | None) -> Dataset:
        """Make or read the data set.

        Args:
            dt: time step of the run in ms, in which signals are encoded as spikes, and in whose
                steps times stay when they are narrowed to float32.
            path: file or folder, for sources that read one.
        """
