"""Sound to log-mel bands: the spectrum of overlapping frames.

Frame f is centred on f * hop. With x the sound, h the Hann window and H_b the triangular
mel filter of band b,

    P_f(k) = |FFT(h x_f)(k)|^2,    L_f(b) = ln max(sum_k H_b(k) P_f(k), floor)

where the floor lies ``range_db`` below the largest band energy of the same recording. Mel
scale of O'Shaughnessy: m(f) = 2595 log10(1 + f/700).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.datasets.sound_headers import HIGHEST_RATE
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size
from genn_delays.support.settings import Settings

CHUNK = 64  # recordings transformed together: their frames stay near the processor


@dataclass(frozen=True)
class LogMel(Settings):
    """Log-mel bands.

    Attributes:
        bands: number of mel filters.
        window, hop: length and distance of the frames in ms.
        f_min, f_max: edges of the filter bank in Hz.
        range_db: energies further below the loudest of the recording count as this far.
        rate: sample rate in Hz that sounds are brought to.
    """

    bands: int = 40
    window: float = 25.0
    hop: float = 10.0
    f_min: float = 60.0
    f_max: float = 7600.0
    range_db: float = 80.0
    rate: int = 16000
    positive: ClassVar[tuple[str, ...]] = ("bands", "window", "hop", "range_db", "rate")
    not_negative: ClassVar[tuple[str, ...]] = ("f_min",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.f_min < self.f_max <= self.rate / 2:
            raise DataError(
                f"LogMel: f_min {self.f_min:g} Hz and f_max {self.f_max:g} Hz must satisfy "
                f"f_min < f_max <= rate / 2 = {self.rate / 2:g} Hz"
            )
        if self.rate > HIGHEST_RATE:
            raise DataError(f"LogMel: rate is {self.rate}, it must be at most {HIGHEST_RATE} Hz")
        if min(self.window, self.hop) * self.rate < 1000:
            raise DataError(f"LogMel: window and hop must last a sample, {1000 / self.rate:g} ms")

    def check_memory(self, duration: float) -> None:
        """Raise DataError where recordings of ``duration`` ms need too much memory at a time."""
        window, samples = (ms * self.rate / 1000.0 for ms in (self.window, duration))
        row = max(duration / self.hop + 1.0, 1.0) * max(window, self.bands)  # of all its frames
        needed = max(4.0 * CHUNK * max(samples + 2 * window, row), 8.0 * window * self.bands)
        check_size(
            int(min(needed, 2.0**62)),
            f"LogMel: {CHUNK} recordings of {duration:g} ms in {self.bands} bands, windows of "
            f"{self.window:g} ms every {self.hop:g} ms,",
        )

    def frames(self, duration: float) -> int:
        """Frames of a recording of ``duration`` ms: centres from 0 to its end."""
        return int(duration / self.hop) + 1

    def filters(self, length: int) -> np.ndarray:
        """Triangular filters of peak 1, shape (length // 2 + 1, bands), float32."""
        mel = lambda f: 2595.0 * np.log10(1.0 + np.asarray(f) / 700.0)  # noqa: E731
        edges = np.linspace(mel(self.f_min), mel(self.f_max), self.bands + 2)
        # triangles in mel rather than in Hz: never empty where bands are narrower than a bin
        position = mel(np.fft.rfftfreq(length, 1.0 / self.rate))[:, None]
        width = edges[1] - edges[0]
        weight = np.maximum(0.0, 1.0 - np.abs(position - edges[1:-1]) / width)
        empty = weight.sum(axis=0) == 0
        weight[np.abs(position - edges[1:-1]).argmin(axis=0)[empty], np.flatnonzero(empty)] = 1.0
        return weight.astype(np.float32)

    def __call__(self, sounds: np.ndarray) -> np.ndarray:
        """Log-mel bands of recordings of equal length.

        Args:
            sounds: shape (recordings, samples), float32, at ``rate``.

        Returns:
            float32, shape (recordings, frames, bands).
        """
        duration = 1000.0 * sounds.shape[1] / self.rate
        out = np.empty((len(sounds), self.frames(duration), self.bands), dtype=np.float32)
        for start in range(0, len(sounds), CHUNK):
            out[start : start + CHUNK] = self._chunk(sounds[start : start + CHUNK], out.shape[1])
        return out

    def _chunk(self, sounds: np.ndarray, frames: int) -> np.ndarray:
        import scipy.fft  # slow to import, and cached bands do without
        import scipy.signal
        import scipy.sparse

        size = round(self.window * self.rate / 1000.0)
        length = scipy.fft.next_fast_len(size, real=True)
        padded = np.pad(sounds, ((0, 0), (size // 2, size)))
        start = np.rint(np.arange(frames) * self.hop * self.rate / 1000.0).astype(int)
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, start]
        shape = scipy.signal.get_window("hann", size).astype(np.float32)
        spectrum = scipy.fft.rfft(windows * shape, length)
        power = (spectrum.real**2 + spectrum.imag**2).reshape(-1, length // 2 + 1)
        # a bin lies in two filters: sparse is faster, and the same for any number of threads
        energy = (scipy.sparse.csr_array(self.filters(length).T) @ power.T).T
        energy = np.ascontiguousarray(energy).reshape(len(sounds), frames, self.bands)
        floor = energy.max(axis=(1, 2), keepdims=True) * np.float32(10.0 ** (-self.range_db / 10.0))
        return np.log(np.maximum(energy, np.maximum(floor, np.float32(1e-20))))
