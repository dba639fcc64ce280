"""The bands lie where the sound is."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets.audio import LogMel
from genn_delays.datasets.sound import resample
from genn_delays.support.errors import DataError

RATE = 16000


def sine(frequency: float, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(rate) / rate).astype(np.float32)


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


@pytest.mark.parametrize(
    "settings",
    [{"bands": 10**9}, {"window": 1e9}, {"hop": 0.07}, {"rate": 768_000, "window": 1000.0}],
)
def test_settings_that_ask_for_too_much_memory_are_refused(settings):
    with pytest.raises(DataError, match=r"LogMel: 64 recordings of 600000 ms .*the limit is 4096"):
        LogMel(**settings).check_memory(6e5)


def test_a_duration_beyond_all_numbers_is_refused():
    with pytest.raises(DataError, match="more memory than any machine has"):
        LogMel().check_memory(1e308)


def test_a_rate_beyond_all_recordings_is_refused():
    with pytest.raises(DataError, match="rate is 1000000000, it must be at most 768000 Hz"):
        LogMel(rate=10**9)
