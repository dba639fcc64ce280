"""The spike encoder is the leaky neuron of its docstring, at any dt and in any company."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.support.errors import DataError

BANDS, FRAMES = 4, 21


@pytest.fixture
def log_mel() -> np.ndarray:
    walk = np.random.default_rng(5).standard_normal((3, FRAMES, BANDS)).cumsum(axis=1)
    return walk.astype(np.float32)


def slow_spikes(
    encoder: SpikeEncoder, frames: np.ndarray, duration: float, dt: float
) -> list[tuple[int, int]]:
    """(unit, step) of one recording: one neuron after the other, one step after the other."""
    level = (frames - frames.mean()) / frames.std()
    last = len(level) - 1
    slope = np.array(
        [
            (level[min(f + 1, last)] - level[max(f - 1, 0)]) / (2 * encoder.hop)
            for f in range(last + 1)
        ]
    )
    sources = [level]
    if encoder.deltas:
        sources += [encoder.delta_tau * slope, -encoder.delta_tau * slope]
    spikes = []
    leak = math.exp(-dt / encoder.tau)
    for band in range(encoder.bands):
        for kind, source in enumerate(sources):
            for number, threshold in enumerate(encoder.thresholds):
                unit = band * encoder.per_band + kind * len(encoder.thresholds) + number
                voltage = 0.0
                for step in range(round(duration / dt)):
                    drive = np.interp(step * dt / encoder.hop, np.arange(last + 1), source[:, band])
                    voltage = leak * voltage + (1 - leak) * encoder.gain * float(drive)
                    voltage = max(voltage, 0.0)
                    if voltage >= threshold:
                        spikes.append((unit, step))
                        voltage = 0.0
    return spikes


@pytest.mark.parametrize("deltas", [False, True])
@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_firing_equals_a_literal_loop(log_mel, deltas, dt):
    encoder = SpikeEncoder(BANDS, thresholds=(0.3, 0.8), gain=1.5, deltas=deltas)
    time, unit, offset = encoder.encode(log_mel, 200.0, dt)
    for trial, frames in enumerate(log_mel):
        mine = slice(offset[trial], offset[trial + 1])
        steps = np.rint(time[mine] / dt).astype(int)
        assert list(zip(unit[mine].tolist(), steps.tolist(), strict=True)) == slow_spikes(
            encoder, frames.astype(np.float64), 200.0, dt
        )
    assert len(time) > 50


def test_a_recording_is_encoded_alike_in_any_company(log_mel):
    encoder = SpikeEncoder(BANDS)
    many = np.concatenate([log_mel] * 20)
    time, unit, offset = encoder.encode(many, 200.0, 1.0)
    alone = encoder.encode(log_mel[1:2], 200.0, 1.0)
    mine = slice(offset[58], offset[59])
    np.testing.assert_array_equal(time[mine], alone[0])
    np.testing.assert_array_equal(unit[mine], alone[1])


def test_silence_drives_nothing():
    time, _, offset = SpikeEncoder(BANDS, deltas=True).encode(np.zeros((2, 9, BANDS)), 80.0, 1.0)
    assert len(time) == 0
    assert offset.tolist() == [0, 0, 0]


def test_louder_recording_gives_the_same_spikes(log_mel):
    encoder = SpikeEncoder(BANDS)
    for first, second in zip(
        encoder.encode(log_mel, 200.0, 1.0), encoder.encode(log_mel + 3.0, 200.0, 1.0), strict=True
    ):
        np.testing.assert_array_equal(first, second)


def test_shift_by_a_band_is_a_shift_of_units(log_mel):
    encoder = SpikeEncoder(BANDS, deltas=True)
    time, unit, _ = encoder.encode(log_mel[:1], 200.0, 1.0)
    rolled, moved, _ = encoder.encode(np.roll(log_mel[:1], 1, axis=2), 200.0, 1.0)
    expected = sorted(zip((unit + encoder.per_band) % encoder.units, time, strict=True))
    assert sorted(zip(moved, rolled, strict=True)) == expected


def test_single_frame_is_held():
    log_mel = np.array([[[0.0, 1.0, 2.0, 5.0]]])
    time, unit, _ = SpikeEncoder(BANDS).encode(log_mel, 100.0, 1.0)
    assert set(unit.tolist()) == {9, 10, 11}  # only the last band lies above the first threshold
    assert len(np.unique(np.diff(np.sort(time[unit == 9])))) == 1


def test_wrong_shape_is_refused(log_mel):
    with pytest.raises(DataError, match="expected"):
        SpikeEncoder(BANDS + 1).encode(log_mel, 200.0, 1.0)


def test_centring_each_band_takes_a_constant_colour_of_the_sound_out():
    rng = np.random.default_rng(0)
    sound = rng.normal(size=(2, 50, 8)).astype(np.float32)
    coloured = sound + np.linspace(-3, 3, 8, dtype=np.float32)
    encoder = SpikeEncoder(bands=8, centre="band")
    for plain, changed in zip(
        encoder.encode(sound, 500.0, 1.0), encoder.encode(coloured, 500.0, 1.0), strict=True
    ):
        np.testing.assert_array_equal(plain, changed)


def test_an_unknown_centre_names_the_nearest():
    with pytest.raises(DataError, match="did you mean 'band'"):
        SpikeEncoder(centre="bands")


def test_a_step_that_asks_for_too_much_memory_is_refused(log_mel):
    for dt, what in ((1e-9, "the limit is"), (5e-324, "more memory than any machine has")):
        with pytest.raises(DataError, match=rf"SpikeEncoder: 200 ms in steps of .* {what}"):
            SpikeEncoder(bands=BANDS).encode(log_mel, 200.0, dt)
