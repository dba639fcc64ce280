"""Log-mel bands to spikes: each band drives leaky encoder neurons of several thresholds.

A recording's log-mel bands L(t, b) are standardised, z = (L - mean) / sd, and interpolated
linearly between frames. The mean is the recording's, or each band's own (``centre: band``), which
takes the timbre of a voice and the colour of a microphone out; the sd is the recording's. Each
encoder neuron is a leaky integrate-and-fire neuron driven by u(t) = gain z(t, b),

    tau V' = -V + u(t),    V >= threshold_k: a spike, V <- 0,

stepped with the exact leak of a drive that is constant over a step:
V_t = e^(-dt/tau) V_{t-1} + (1 - e^(-dt/tau)) u_t. So neuron k of a band fires where the band
is louder than threshold_k / gain standard deviations above the recording's mean, the faster
the louder. V is kept at or above 0, so that a loud sound is heard at once after silence.

With ``deltas``, each threshold has two more neurons per band, driven by the rise and the fall
of the band, u = +- gain delta_tau dz/dt (central difference over neighbouring frames).

Unit = band * per_band + k, with k counting thresholds of the level first, then of the rise,
then of the fall: a shift by ``per_band`` units is a shift by one band.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.datasets.split import Split
from genn_delays.planning.timing import duration_to_steps, narrow
from genn_delays.support.errors import DataError, suggest
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings

CENTRES = ("recording", "band")
CHUNK = 32  # recordings stepped together: their voltages stay in the first-level cache


class Encoder(Settings, Cited, ABC):
    """Base of encoders of a user's own; its dataclass fields are its settings."""

    @abstractmethod
    def units(self, bands: int) -> int:
        """Input units for so many bands."""

    @abstractmethod
    def encode(
        self, log_mel: np.ndarray, labels: np.ndarray, *, hop: float, duration: float, dt: float
    ) -> Split:
        """Recordings as trials.

        Args:
            log_mel: (recordings, frames, bands); frame f belongs to time f * hop.
            labels: of the recordings, for :meth:`Split.from_events` beside the events.
            hop: distance of the frames in ms.
            duration: length of a trial in ms; no event is at or after it.
            dt: time step in ms.
        """


@dataclass(frozen=True)
class SpikeEncoder(Settings):
    """Leaky encoder neurons.

    Attributes:
        bands: number of bands.
        thresholds: firing thresholds of the neurons of a band.
        tau: membrane time constant in ms.
        gain: drive per standard deviation of the log-mel bands.
        deltas: whether further neurons are driven by the rise and the fall of each band.
        delta_tau: time in ms that scales the slope of a band to a drive.
        hop: distance of the frames in ms.
        centre: mean that is taken off: of the whole ``"recording"``, or of each ``"band"``.
    """

    bands: int = 40
    thresholds: tuple[float, ...] = (0.4, 0.9, 1.4)
    tau: float = 15.0
    gain: float = 1.0
    deltas: bool = False
    delta_tau: float = 50.0
    hop: float = 10.0
    centre: str = "recording"
    positive: ClassVar[tuple[str, ...]] = ("bands", "tau", "gain", "delta_tau", "hop")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.thresholds or min(self.thresholds) <= 0:
            raise DataError(
                f"SpikeEncoder: thresholds are {list(self.thresholds)}, give at least one, all > 0"
            )
        if self.centre not in CENTRES:
            hint = suggest(self.centre, CENTRES)
            raise DataError(f"SpikeEncoder: centre is {self.centre!r}; {hint}")

    @property
    def per_band(self) -> int:
        """Neurons of each band."""
        return len(self.thresholds) * (3 if self.deltas else 1)

    @property
    def units(self) -> int:
        """Neurons in all."""
        return self.bands * self.per_band

    def encode(
        self, log_mel: np.ndarray, duration: float, dt: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Spikes of recordings.

        Args:
            log_mel: shape (recordings, frames, bands); frame f belongs to time f * hop.
            duration: length of a trial in ms.
            dt: time step in ms.

        Returns:
            time (float32, ms), unit (int32), and offset (int64, recordings + 1): the spikes of
            recording k are offset[k] to offset[k + 1], sorted by (unit, time).
        """
        check_bands(log_mel, self.bands, "SpikeEncoder")
        row = min(CHUNK, len(log_mel)) * self.bands * (3 if self.deltas else 1)  # of a step
        check_size(
            int(min(max(4, len(self.thresholds)) * row * (duration / dt), 2.0**62)),
            f"SpikeEncoder: {duration:g} ms in steps of {dt:g} ms",
        )
        parts = [
            self._chunk(log_mel[start : start + CHUNK], duration, dt)
            for start in range(0, len(log_mel), CHUNK)
        ]
        counts = np.concatenate([np.zeros(1, dtype=np.int64), *(part[2] for part in parts)])
        time = np.concatenate([np.zeros(0, dtype=np.float32), *(part[0] for part in parts)])
        unit = np.concatenate([np.zeros(0, dtype=np.int32), *(part[1] for part in parts)])
        return time, unit, np.cumsum(counts)

    def drive(self, log_mel: np.ndarray, steps: int, dt: float) -> np.ndarray:
        """u at each step, float32, shape (steps, sources, recordings, bands).

        Sources: the level, and with ``deltas`` its rise and its fall.
        """
        level = standardise(np.asarray(log_mel, dtype=np.float32), self.centre)
        sources = [level]
        if self.deltas:
            edged = np.pad(level, ((0, 0), (1, 1), (0, 0)), mode="edge")
            slope = (edged[:, 2:] - edged[:, :-2]) * (self.delta_tau / (2.0 * self.hop))
            sources += [slope, -slope]
        frames = np.moveaxis(np.stack(sources), 2, 0).astype(np.float32)
        position = np.minimum(np.arange(steps) * (dt / self.hop), len(frames) - 1)
        left = np.minimum(position.astype(int), max(len(frames) - 2, 0))
        right = np.minimum(left + 1, len(frames) - 1)
        part = (position - left).astype(np.float32)[:, None, None, None]
        return np.float32(self.gain) * (frames[left] * (1 - part) + frames[right] * part)

    def _chunk(
        self, log_mel: np.ndarray, duration: float, dt: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        steps = duration_to_steps(duration, dt)
        leak = np.float32(np.exp(-dt / self.tau))
        drive = self.drive(log_mel, steps, dt)
        drive *= np.float32(1.0) - leak
        shape = (drive.shape[1], len(self.thresholds), *drive.shape[2:])
        threshold = np.array(self.thresholds, dtype=np.float32)[:, None, None]
        threshold = np.broadcast_to(threshold, shape).copy()
        voltage = np.zeros(shape, dtype=np.float32)
        spikes = np.empty((steps, *shape), dtype=bool)
        for step in range(steps):
            voltage *= leak
            voltage += drive[step][:, None]
            np.maximum(voltage, 0.0, out=voltage)
            np.greater_equal(voltage, threshold, out=spikes[step])
            np.copyto(voltage, 0.0, where=spikes[step])
        # (steps, sources, thresholds, recordings, bands) -> sorted by recording, unit, step
        flat = np.flatnonzero(np.ascontiguousarray(spikes.transpose(3, 4, 1, 2, 0)))
        neuron, when = np.divmod(flat, steps)
        recording, unit = np.divmod(neuron, self.units)
        counts = np.bincount(recording, minlength=len(log_mel))
        return narrow(when * dt, dt, duration), unit.astype(np.int32), counts


def standardise(log_mel: np.ndarray, centre: str) -> np.ndarray:
    """(L - mean) / sd of each recording; L is float32, (recordings, frames, bands).

    Args:
        centre: the mean is that of the whole ``"recording"``, or of each ``"band"``.
    """
    level = log_mel - log_mel.mean(axis=1 if centre == "band" else (1, 2), keepdims=True)
    sd = level.std(axis=(1, 2), keepdims=True)
    level /= np.where(sd > 1e-6, sd, 1.0)  # silence drives nothing
    return level


def check_bands(log_mel: np.ndarray, bands: int, where: str) -> None:
    """Raise DataError unless the shape is (recordings, frames, bands) with at least one frame."""
    if log_mel.ndim != 3 or log_mel.shape[2] != bands or not log_mel.shape[1]:
        raise DataError(
            f"{where}: log_mel has shape {log_mel.shape}, expected (recordings, frames, {bands})"
        )
