"""How runs are analysed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from genn_delays.analysis.function import REPEATS
from genn_delays.analysis.grouping import PERMUTATIONS
from genn_delays.analysis.similarity import PERMUTATIONS as SIMILARITIES
from genn_delays.datasets.base import SPLITS
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import DataError, suggest

COUNTS = {"permutations": 1, "similarities": 0, "repeats": 1, "seed": 0}
"""Whole numbers, and the least each may be."""


@dataclass(frozen=True)
class AnalysisSettings:
    """How runs are analysed; checked before anything is computed.

    Attributes:
        permutations, seed, threads: see :func:`grouping`.
        channel_width, delay_width: of neighbourhoods, for every projection that has such an axis;
            by default a tenth of it.
        units_per_channel: of the inputs, in place of what the data set says: unit k belongs to
            channel k // units_per_channel.
        similarities: shuffled networks for each pair of runs; 0 compares none.
        split: that the function is measured on; None leaves it out.
        repeats: see :func:`function`.

    Raises:
        DataError: an impossible value.
    """

    permutations: int = PERMUTATIONS
    seed: int = 1
    threads: int | None = None
    channel_width: float | None = None
    delay_width: float | None = None
    units_per_channel: int | None = None
    similarities: int = SIMILARITIES
    split: str | None = "validation"
    repeats: int = REPEATS

    def __post_init__(self) -> None:
        for name, least in COUNTS.items():
            if not is_count(value := getattr(self, name), least):
                raise DataError(f"{name} is {value!r}; give a whole number >= {least}")
        for name in ("threads", "units_per_channel"):
            value = getattr(self, name)
            if value is not None and not is_count(value):
                raise DataError(f"{name} is {value!r}; give a whole number >= 1, or leave it out")
        for name in ("channel_width", "delay_width"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value > 0):
                raise DataError(f"{name} is {value!r}; give a number > 0, or leave it out")
        if self.split is not None and self.split not in SPLITS:
            raise DataError(f"there is no split {self.split!r}; {suggest(self.split, SPLITS)}")

    def deciding(self) -> dict[str, Any]:
        """Those that decide results, as plain values."""
        return {name: value for name, value in asdict(self).items() if name != "threads"}
