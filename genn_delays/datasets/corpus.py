"""The recordings of an audio data set one by one, for what makes something else of sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Recording:
    """A recording that is read where and when it is needed.

    Attributes:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        label: number of its class.
        where: what a message calls it.
        sound: its samples, float32; counts in a Counter what its owner should know.
    """

    split: str
    label: int
    where: str
    sound: Callable[[Counter[str]], np.ndarray]


@dataclass(frozen=True)
class Corpus:
    """All recordings of a data set.

    Attributes:
        where: what a message calls it.
        classes: their names.
        counts: recordings of each split, at most.
        recordings: one split after the other, in the order of ``counts``.
    """

    where: str
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    recordings: Iterator[Recording]
