"""Sound to log-mel bands: reading WAV, resampling, and the spectrum of overlapping frames.

Frame f is centred on f * hop. With x the sound, h the Hann window and H_b the triangular
mel filter of band b,

    P_f(k) = |FFT(h x_f)(k)|^2,    L_f(b) = ln max(sum_k H_b(k) P_f(k), floor)

where the floor lies ``range_db`` below the largest band energy of the same recording. Mel
scale of O'Shaughnessy: m(f) = 2595 log10(1 + f/700).
"""

from __future__ import annotations

import io
import math
import wave
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.errors import DataError
from genn_delays.settings import Settings

CHUNK = 64  # recordings transformed together: their frames stay near the processor


def read_wav(data: bytes, where: str) -> tuple[np.ndarray, int]:
    """Samples in [-1, 1) as float32 and the sample rate in Hz, from 16-bit mono PCM.

    Raises:
        DataError: not such a file, or shorter than its header says.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate, count = file.getparams()[:4]
            if (channels, width) != (1, 2):
                raise DataError(
                    f"{where}: {8 * width}-bit with {channels} channel(s), 16-bit mono PCM is "
                    "read; convert it, for instance with `ffmpeg -ac 1 -c:a pcm_s16le`"
                )
            samples = file.readframes(count)
    except (wave.Error, EOFError) as failure:
        raise DataError(
            f"{where}: not a readable WAV file ({str(failure) or 'it ends early'}); "
            "16-bit mono PCM is read"
        ) from None
    if len(samples) != 2 * count:
        raise DataError(
            f"{where}: truncated, {len(samples) // 2} of {count} samples are there; "
            "copy the file again"
        )
    return np.frombuffer(samples, dtype="<i2").astype(np.float32) / 32768.0, rate


def resample(sound: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """The sound at another sample rate, by polyphase filtering; float32."""
    if rate == wanted:
        return sound
    # scipy.signal takes most of a second to import, and cached recordings do without
    import scipy.signal

    common = math.gcd(rate, wanted)
    return scipy.signal.resample_poly(sound, wanted // common, rate // common).astype(np.float32)


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
        if min(self.window, self.hop) * self.rate < 1000:
            raise DataError(f"LogMel: window and hop must last a sample, {1000 / self.rate:g} ms")

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
        import scipy.fft  # as in resample()
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
