"""Sound files to mono samples at a sample rate.

Decoding is libsndfile's, through the package ``soundfile``.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.datasets.sound_headers import check_rate, truncated, whole
from genn_delays.support.checks import extremes
from genn_delays.support.errors import DataError, reason
from genn_delays.support.limits import RECORDING, check_size

LOUDEST = 2.0**31  # of float samples, full scale of 32-bit numbers: the energies stay finite
MIXED = "several channels; their mean is read"
CLIPPED = "samples cut off at full scale; record them again at a lower level"
FULL, RUN = 0.99996, 4
"""Full scale of 16 bits, and how many samples there in a row are no coincidence."""
TAP = 48  # bytes that scipy.signal.resample_poly takes per tap of its filter, measured


@dataclass(frozen=True)
class Sound:
    """A recording.

    Attributes:
        samples: float32, shape (samples,), mono; integers are scaled to [-1, 1).
        rate: sample rate in Hz.
        notes: what was done to the file that its owner should know.
    """

    samples: np.ndarray
    rate: int
    notes: tuple[str, ...] = ()


def read_sound(data: bytes, where: str) -> Sound:
    """The recording in a WAV, FLAC or OGG file; several channels become their mean.

    Args:
        data: content of the file.
        where: begins every message: the file.

    Raises:
        DataError: not such a file, damaged, shorter than its header says, without samples, or
            larger than the limit on memory.
    """
    data, note = whole(data, where)
    soundfile = _library()
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            samples, rate = _decode(file, where), file.samplerate
    except DataError:
        raise
    except Exception as failure:  # whatever a damaged file makes the decoder raise
        # the text of the exception holds an address in memory
        why = getattr(failure, "error_string", None) or reason(failure)
        raise truncated(where, f"not a readable sound ({why})") from None
    notes = [note] if note else []
    if samples.shape[1] > 1:
        notes.append(MIXED)
        samples = samples.mean(axis=1, keepdims=True)
    if _is_clipped(samples[:, 0]):
        notes.append(CLIPPED)
    return Sound(samples[:, 0], rate, tuple(notes))


def _library() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as failure:
        raise DataError(
            f"sounds are read with soundfile: {type(failure).__name__}: {reason(failure)}\n"
            "install it again with: pip install --force-reinstall soundfile"
        ) from None
    return soundfile


def _decode(file: Any, where: str) -> np.ndarray:
    """All samples of an open file, float32, shape (samples, channels)."""
    check_rate(file.samplerate, where)
    if file.frames >= 2**62:  # libsndfile's sign of FLAC from a pipe, which it cannot read
        raise DataError(
            f"{where}: its header does not say how long it is; write it again to a file rather "
            "than to a pipe, for instance with `ffmpeg -i IN OUT.flac`"
        )
    check_size(4 * file.frames * file.channels, where, default=RECORDING)
    samples = file.read(dtype="float32", always_2d=True)
    if len(samples) != file.frames:
        raise truncated(where, f"{len(samples)} of {file.frames} samples are there")
    if not len(samples):
        raise DataError(f"{where}: holds no samples; record it again, or take it off the list")
    low, high = extremes(samples)
    if not -LOUDEST <= low <= high <= LOUDEST:  # written so that NaN is caught too
        raise DataError(f"{where}: a sample is NaN or beyond 2^31; make the file again")
    return samples


def _is_clipped(sound: np.ndarray) -> bool:
    """Whether some samples in a row are at full scale, on the same side."""
    for side in (sound, -sound):
        full = side >= FULL
        if full.any() and np.convolve(full, np.ones(RUN, np.int64)).max() == RUN:
            return True
    return False


def resample(sound: np.ndarray, rate: int, wanted: int, where: str = "a sound") -> np.ndarray:
    """The sound at another sample rate, by polyphase filtering; float32.

    Raises:
        DataError: the filter, which is long where the rates have no common divisor, and the
            result would take more memory than the limit.
    """
    if rate == wanted:
        return sound
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    taps = 20 * max(up, down) + 1
    check_size(
        TAP * taps + 4 * (len(sound) * up // down + 1),
        f"{where}: resampling {len(sound)} samples from {rate} to {wanted} Hz",
        default=RECORDING,
    )
    # scipy.signal takes most of a second to import, and cached recordings do without
    import scipy.signal

    return scipy.signal.resample_poly(sound, up, down).astype(np.float32)
