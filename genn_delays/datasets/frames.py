"""Log-mel bands as graded input: one event per frame and band, with the band's value.

The value of a band is gain z(t, b), with z = (L - mean) / sd the standardised log-mel bands of
:mod:`genn_delays.datasets.encoder`, or with ``centre: none`` gain L(t, b) as it is. Unit = band.
Frame f is at f * hop, so that with a time step of one hop it is the input of step f.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.datasets.base import Split
from genn_delays.datasets.encoder import CENTRES, check_bands, standardise
from genn_delays.planning.timing import duration_to_steps, narrow
from genn_delays.support.errors import DataError, suggest
from genn_delays.support.settings import Settings


@dataclass(frozen=True)
class FrameEncoder(Settings):
    """Graded events of frames.

    Attributes:
        bands: number of bands.
        gain: value of one standard deviation of the log-mel bands.
        hop: distance of the frames in ms.
        centre: mean that is taken off before the sd is divided out: of the whole ``"recording"``,
            or of each ``"band"``; ``"none"`` leaves the bands as they are.
    """

    bands: int = 40
    gain: float = 1.0
    hop: float = 10.0
    centre: str = "recording"
    positive: ClassVar[tuple[str, ...]] = ("bands", "gain", "hop")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.centre not in (*CENTRES, "none"):
            hint = suggest(self.centre, (*CENTRES, "none"))
            raise DataError(f"FrameEncoder: centre is {self.centre!r}; {hint}")

    @property
    def units(self) -> int:
        """One per band."""
        return self.bands

    def encode(self, log_mel: np.ndarray, labels: np.ndarray, duration: float, dt: float) -> Split:
        """Graded events of recordings.

        Args:
            log_mel: shape (recordings, frames, bands); frame f belongs to time f * hop, and
                frames at or after ``duration`` are left out.
            labels: of the recordings.
            duration: length of a trial in ms.
            dt: time step in ms, at most a hop.

        Raises:
            DataError: bands of another shape, or a step that several frames would fall into.
        """
        check_bands(log_mel, self.bands, "FrameEncoder")
        if dt > self.hop * (1 + 1e-9):
            raise DataError(
                f"FrameEncoder: frames are {self.hop:g} ms apart and would be added up within a "
                f"time step of {dt:g} ms; lower training.dt or raise data.args.hop"
            )
        count = min(log_mel.shape[1], duration_to_steps(duration, self.hop))
        value = np.asarray(log_mel, dtype=np.float32)
        value = value if self.centre == "none" else standardise(value, self.centre)
        return split_of_frames(np.float32(self.gain) * value[:, :count], labels, self.hop, dt)


def split_of_frames(value: np.ndarray, labels: np.ndarray, hop: float, dt: float) -> Split:
    """A split with one event per frame and unit.

    Args:
        value: shape (trials, frames, units).
        labels: one per trial.
        hop: distance of the frames in ms; frame f is at f * hop.
        dt: time step in ms.
    """
    trials, frames, units = value.shape
    time = narrow(np.arange(frames) * hop, dt, frames * hop)
    return Split(
        time=np.tile(time, trials * units),
        unit=np.tile(np.repeat(np.arange(units, dtype=np.int32), frames), trials),
        offset=np.arange(trials + 1, dtype=np.int64) * (frames * units),
        labels=np.asarray(labels, dtype=np.int64),
        value=np.ascontiguousarray(value.transpose(0, 2, 1), dtype=np.float32).ravel(),
    )
