"""Any data set of the package tonic: ``tonic``; needs the extra ``tonic``.

Lenz et al., https://tonic.readthedocs.io. An event of tonic has a time in us, x, and where the
sensor has them y and a polarity; unit = x + width * (y + height * polarity). tonic itself fetches
and reads the files, so what ``docs/data.md`` says of damaged files does not hold for them.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genn_delays.datasets.base import Dataset, Source, Split, hold_out, numbered
from genn_delays.datasets.labels import MOST_CLASSES
from genn_delays.datasets.published import data_folder
from genn_delays.datasets.trials import Trial, split_of_trials
from genn_delays.support.errors import DataError, reason, suggest

logger = logging.getLogger(__name__)
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""Names of the splits here and there."""


@dataclass(frozen=True)
class Tonic(Source):
    """A data set of tonic that has classes.

    Attributes:
        dataset: its class in ``tonic.datasets``, such as ``DVSGesture``.
        duration: length of a trial in ms.
        crop: drop events at or after ``duration``, logging how many; an error otherwise.
        validation_fraction: held out of the training trials, drawn with ``seed``, where tonic
            has no split of that name.
        seed: seeds that draw.

    Raises:
        DataError: the package is missing, there is no such data set, or it has no classes.
    """

    dataset: str
    duration: float
    crop: bool = False
    validation_fraction: float = 0.2
    seed: int = 1
    cites: ClassVar[tuple[str, ...]] = ("lenz2021",)
    positive: ClassVar[tuple[str, ...]] = ("duration", "validation_fraction")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError("tonic: validation_fraction must be below 1")

    def load(self, dt: float, path: Path | None) -> Dataset:
        kind = self._kind()
        root = data_folder("tonic") if path is None else path
        sensor = _sensor(kind, self.dataset)
        options = inspect.signature(kind).parameters
        if "split" in options:
            given: dict[str, dict[str, Any]] = {ours: {"split": s} for ours, s in SPLITS.items()}
        elif "train" in options:
            given = {"train": {"train": True}, "test": {"train": False}}
        else:
            raise DataError(f"tonic: {self.dataset} has no training and test split")
        opened = {}
        for split, arguments in given.items():
            made = self._open(kind, root, arguments, optional=split == "validation")
            if made is not None:
                opened[split] = made
        splits = {split: self._split(made, split, sensor, dt) for split, made in opened.items()}
        if "validation" not in splits:
            held = hold_out(splits["train"], self.validation_fraction, self.seed)
            splits["train"], splits["validation"] = held
        classes = max(int(split.labels.max(initial=-1)) + 1 for split in splits.values())
        return Dataset(
            name="tonic",
            train=splits["train"],
            validation=splits["validation"],
            test=splits["test"],
            units=int(np.prod(sensor)),
            classes=classes,
            duration=self.duration,
            class_names=numbered(classes, f"tonic: {self.dataset}"),
        )

    def _kind(self) -> Any:
        """The class of tonic."""
        try:
            import tonic.datasets as known
        except ImportError as failure:
            raise DataError(
                f"tonic: {type(failure).__name__}: {reason(failure)}\n"
                "install it with: pip install 'genn-delays[tonic]'"
            ) from None
        names = [name for name, kind in vars(known).items() if isinstance(kind, type)]
        if self.dataset not in names:
            hint = suggest(self.dataset, names)
            raise DataError(f"tonic: it has no data set {self.dataset!r}; {hint}")
        return getattr(known, self.dataset)

    def _open(self, kind: Any, root: Path, arguments: dict[str, Any], *, optional: bool) -> Any:
        """A split of the data set, or None where an optional one is not there."""
        try:
            return kind(save_to=str(root), **arguments)
        except Exception as failure:  # of the network, of the archive, of an unknown split
            if optional:
                logger.warning(
                    "tonic: no validation split of %s (%s); a part of the training split is held "
                    "out", self.dataset, reason(failure),
                )  # fmt: skip
                return None
            raise DataError(
                f"tonic: {self.dataset} in {root}: {reason(failure)}; give its folder in "
                "data.path, or fetch it with tonic where there is a network"
            ) from None

    def _split(self, made: Any, split: str, sensor: tuple[int, ...], dt: float) -> Split:
        where = f"tonic: {self.dataset}, {split} split"
        labels: list[int] = []
        return split_of_trials(
            _trials(made, where, sensor, labels),
            labels,
            units=int(np.prod(sensor)),
            duration=self.duration,
            dt=dt,
            crop=self.crop,
            where=where,
        )


def _sensor(kind: Any, name: str) -> tuple[int, ...]:
    """Width, height and polarities."""
    size = getattr(kind, "sensor_size", None)
    if not isinstance(size, tuple) or len(size) != 3 or not all(size):
        raise DataError(f"tonic: {name} has no sensor of one size, so its units cannot be counted")
    return tuple(map(int, size))


def _trials(made: Any, where: str, sensor: tuple[int, ...], labels: list[int]) -> Iterator[Trial]:
    """The trials; their classes go into ``labels``."""
    width, height, polarities = sensor
    for index in range(len(made)):
        place = f"{where}, trial {index}"
        try:
            events, label = made[index]
            names = events.dtype.names
            time = events["t"].astype(np.float64) / 1000.0
            x = events["x"].astype(np.int64)
            y = events["y"].astype(np.int64) if "y" in names else 0
            polarity = events["p"].astype(np.int64) if "p" in names and polarities > 1 else 0
        except Exception as failure:  # whatever its readers raise
            raise DataError(f"{place}: {reason(failure)}; fetch the data set again") from None
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
            raise DataError(f"{place}: its target is no class, so it cannot be read here")
        if not 0 <= label < MOST_CLASSES:
            raise DataError(f"{place}: class {label}; classes are 0 to {MOST_CLASSES - 1}")
        labels.append(int(label))
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        if not np.all(inside & (polarity >= 0) & (polarity < polarities)):
            raise DataError(f"{place}: an event outside the sensor of {sensor}")
        yield place, time, x + width * (y + height * polarity)
