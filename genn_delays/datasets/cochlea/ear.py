"""From a recording to the spikes of an inner ear, as the Heidelberg data sets were made.

Cramer et al. 2022 (10.1109/TNNLS.2020.3044364) and their converter (electronicvisions/lauscher):
the recording at its level and under a Hann window as long as itself, the basilar membrane, hair
cells and bushy cells (:mod:`~genn_delays.datasets.cochlea.membrane`,
:mod:`~genn_delays.datasets.cochlea.nerve`). Unit 0 is at the base, which hears the highest tones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from genn_delays.datasets.cochlea.membrane import GROUP, FilterGroup, Membrane
from genn_delays.datasets.cochlea.nerve import LANES, BushyCell, HairCell, Nerve, library
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size
from genn_delays.support.settings import Settings

RATE = 48_000
"""Sample rate in Hz of the Heidelberg Digits, which the time step of the model follows."""
LEVEL = 20.0 * float(np.log10(0.3))
SHORTEST = 10.0  # ms
SILENT = "no sound at all, left at their level"
MOST = 1 << 16  # places: units are 16-bit numbers in a file


@dataclass(frozen=True)
class Ear(Settings):
    """An inner ear.

    Attributes:
        channels: places along the membrane, equally spaced from base to apex.
        level: root mean square that recordings are brought to, in dB of full scale.
        seed: of the chance with which fibres fire.
    """

    channels: int = 700
    level: float = LEVEL
    seed: int = 1
    positive: ClassVar[tuple[str, ...]] = ("channels",)
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channels > MOST:
            raise DataError(f"channels is {self.channels}, it must be at most {MOST}")
        if abs(self.level) > 200.0:
            raise DataError(f"level is {self.level:g} dB, it must lie within -200 and 200")

    def __call__(
        self, sound: np.ndarray, number: tuple[int, int], where: str = "a sound"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times in s, float32, and units, uint16, of the spikes, sorted by time and unit.

        Args:
            sound: at ``RATE``, float32.
            number: of the recording: its own random numbers follow from it and ``seed``.
            where: begins the message: the file.

        Raises:
            DataError: the sound is too short, or too long for the limit on memory.
        """
        if len(sound) < SHORTEST * RATE / 1000.0:
            raise DataError(
                f"{where} lasts {1000.0 * len(sound) / RATE:.3g} ms, the shortest that can be heard"
                f" is {SHORTEST:g} ms; record it again, or take it off the list"
            )
        samples = len(sound) // 2 + 1
        check_size(4 * GROUP * samples, f"{where}: the membrane for {samples} samples")
        prepared = windowed(at_level(sound, self.level)).astype(np.float32)
        seeds = np.random.SeedSequence([self.seed, *number]).generate_state(
            GROUP * len(self.groups), np.uint64
        )
        times, units = [], []
        for first, group in zip(range(0, self.channels, GROUP), self.groups, strict=True):
            velocity = group(prepared, samples)
            time, unit = self._nerve(velocity, seeds[first : first + velocity.shape[1]])
            there = unit < self.channels - first
            times.append(time[there])
            units.append(unit[there] + first)
        time, unit = np.concatenate(times), np.concatenate(units)
        order = np.lexsort((unit, time))
        return (time[order] * (2.0 / RATE)).astype(np.float32), unit[order].astype(np.uint16)

    def prepare(self) -> None:
        """Compile and make what all recordings share, before several threads want it.

        Raises:
            BackendError: there is no C compiler.
        """
        library()
        _ = self.groups, self._nerve

    @cached_property
    def groups(self) -> list[FilterGroup]:
        """The filters of all places, a second or two to make."""
        membrane = Membrane()
        return [FilterGroup(membrane, place, RATE) for place in self._places(membrane)]

    @cached_property
    def _nerve(self) -> Nerve:
        return Nerve(HairCell(), BushyCell(), RATE // 2)

    def _places(self, membrane: Membrane) -> Iterator[np.ndarray]:
        """Places in groups of whole vectors, the last of which repeat the apex."""
        place = np.linspace(0.0, membrane.length, self.channels)
        place = np.concatenate([place, np.repeat(place[-1:], -self.channels % LANES)])
        for first in range(0, len(place), GROUP):
            yield place[first : first + GROUP]


def at_level(sound: np.ndarray, level: float) -> np.ndarray:
    """The sound with a root mean square of ``level`` dB; silence stays what it is."""
    loudness = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    return sound * (10.0 ** (level / 20.0) / loudness) if loudness > 0.0 else sound


def windowed(sound: np.ndarray) -> np.ndarray:
    """The sound under a Hann window, half of which is its first and half its last half."""
    half = len(sound) // 2
    rise = np.hanning(2 * half)[:half]
    shape = np.ones(len(sound))
    shape[:half], shape[len(sound) - half :] = rise, rise[::-1]
    return sound * shape
