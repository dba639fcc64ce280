"""Reading WAV refuses what it cannot read whole; the bands lie where the sound is."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets.audio import LogMel, read_wav, resample
from genn_delays.errors import DataError

RATE = 16000


def sine(frequency: float, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(rate) / rate).astype(np.float32)


def test_samples_come_back(wav):
    sound = 0.5 * sine(440.0)
    samples, rate = read_wav(wav(sound), "x.wav")
    assert rate == RATE
    np.testing.assert_allclose(samples, sound, atol=2 / 32768)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:-100], "truncated, 15950 of 16000 samples"),
        (lambda b: b[:20], "it ends early"),
        (lambda b: b"RIFX" + b[4:], "not a readable WAV"),
        (lambda b: b"", "not a readable WAV"),
    ],
)
def test_damaged_file_is_named(wav, damage, message):
    with pytest.raises(DataError, match=message) as error:
        read_wav(damage(wav(sine(440.0))), "here/x.wav")
    assert str(error.value).startswith("here/x.wav: ")


def test_stereo_and_other_widths_are_refused(wav):
    with pytest.raises(DataError, match=r"16-bit with 2 channel\(s\)"):
        read_wav(wav(sine(440.0), channels=2), "x.wav")
    with pytest.raises(DataError, match="8-bit with 1"):
        read_wav(wav(sine(440.0), width=1), "x.wav")


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_resampled_sound_has_the_same_bands(rate):
    log_mel = LogMel(f_max=3500.0, range_db=40.0)
    bands = [
        log_mel(x[None])[0, 20:80] for x in (sine(1000.0), resample(sine(1000.0, rate), rate, RATE))
    ]
    np.testing.assert_allclose(bands[1], bands[0], atol=0.1)


def test_bands_equal_a_literal_frame():
    sound = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    log_mel = LogMel(range_db=200.0)
    frame, size = 37, 400
    centre = round(frame * log_mel.hop * RATE / 1000)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    power = np.abs(np.fft.rfft(window * sound[centre - 200 : centre + 200])) ** 2
    expected = np.log(power @ log_mel.filters(size))
    np.testing.assert_allclose(log_mel(sound[None])[0, frame], expected, rtol=1e-4)


@pytest.mark.parametrize("bands", [10, 40, 200])
def test_every_filter_hears_something(bands):
    assert np.all(LogMel(bands=bands).filters(400).sum(axis=0) > 0)


def test_higher_tone_lies_in_higher_band():
    tones = np.stack([sine(f) for f in (200.0, 600.0, 1500.0, 4000.0)])
    bands = LogMel()(tones)
    assert bands.shape == (4, 101, 40)
    assert np.all(np.diff(bands[:, 50].argmax(axis=1)) > 3)


def test_range_bounds_what_lies_below_the_loudest():
    bands = LogMel(range_db=60.0)(0.001 * sine(440.0)[None])
    assert bands.max() - bands.min() == pytest.approx(60 / 10 * np.log(10), rel=1e-5)


def test_digital_silence_stays_finite():
    assert np.all(np.isfinite(LogMel()(np.zeros((1, RATE), dtype=np.float32))))
