"""Log-mel frames as graded input: every value once, at the step of its frame."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.datasets.base import Split
from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.datasets.frames import FrameEncoder
from genn_delays.planning.timing import time_to_steps
from genn_delays.support.errors import DataError

BANDS, FRAMES = 4, 21


@pytest.fixture
def log_mel() -> np.ndarray:
    walk = np.random.default_rng(5).standard_normal((3, FRAMES, BANDS)).cumsum(axis=1)
    return walk.astype(np.float32)


def dense(split: Split, steps: int, units: int, dt: float = 10.0) -> np.ndarray:
    """(trials, steps, units): what arrives at each step."""
    events = split.batch(np.arange(len(split)))
    value = np.ones(len(events)) if events.value is None else events.value
    frames = np.zeros((len(split), steps, units))
    np.add.at(frames, (events.trial, time_to_steps(events.time, dt), events.unit), value)
    return frames


def test_every_frame_is_the_standardised_bands_of_its_step(log_mel):
    encoder = FrameEncoder(BANDS, gain=20.0)
    split = encoder.encode(log_mel, np.array([0, 1, 0]), 200.0, 10.0)
    found = dense(split, 20, BANDS)  # the last of 21 frames lies at the end of the trial
    mean, sd = log_mel.mean(axis=(1, 2), keepdims=True), log_mel.std(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, 20.0 * ((log_mel - mean) / sd)[:, :20], rtol=1e-4, atol=1e-4)
    assert np.all(np.diff(split.unit[: split.offset[1]]) >= 0)


def test_the_colour_of_the_sound_is_taken_out_or_left_in(log_mel):
    coloured = log_mel + np.linspace(-3, 3, BANDS, dtype=np.float32)
    code = lambda bands, centre: FrameEncoder(BANDS, centre=centre).encode(  # noqa: E731
        bands, np.zeros(3), 210.0, 10.0
    )
    np.testing.assert_allclose(
        code(coloured, "band").value, code(log_mel, "band").value, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(dense(code(log_mel, "none"), FRAMES, BANDS), log_mel)


def test_a_recording_is_coded_alike_in_any_company(log_mel):
    alone = FrameEncoder(BANDS).encode(log_mel[1:2], np.zeros(1), 200.0, 10.0)
    all_three = FrameEncoder(BANDS).encode(log_mel, np.zeros(3), 200.0, 10.0)
    np.testing.assert_array_equal(all_three.batch(np.array([1])).value, alone.value)


def test_frames_of_sounds_are_cached_with_those_of_spikes(audio, cache):
    frames = load("audio_folder", dt=10.0, path=audio, code="frames")
    assert (frames.units, frames.duration) == (40, 1000.0)
    assert np.all(np.diff(frames.train.offset) == 100 * 40)
    assert frames.train.labels.tolist() == [0] * 4 + [1] * 4
    kept = sorted((cache / "audio_folder").iterdir())
    again = load("audio_folder", dt=10.0, path=audio, code="frames")
    load("audio_folder", dt=1.0, path=audio)
    np.testing.assert_array_equal(again.train.value, frames.train.value)
    assert sorted((cache / "audio_folder").iterdir()) == kept
    assert len(kept) == 1


def test_frames_are_where_the_tone_is(audio):
    train = load("audio_folder", dt=10.0, path=audio, code="frames").train
    loudest = dense(train, 100, 40).max(axis=2).argmax(axis=1)
    starts = np.array([20, 30, 40, 50] * 2)
    assert np.all((loudest >= starts - 1) & (loudest <= starts + 21))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"code": "frame"}, "did you mean 'frames'"),
        ({"code": "frames", "deltas": True}, r"data.args.deltas: frames have no encoder neurons"),
        ({"code": "frames", "thresholds": [1.0]}, "data.args.thresholds: frames have no"),
        ({"code": "frames", "centre": "bands"}, "did you mean 'band'"),
        ({"code": "spikes", "centre": "none"}, "SpikeEncoder: centre is 'none'"),
        ({"code": "frames", "hop": 5.0}, "added up within a time step of 10 ms"),
    ],
)
def test_what_cannot_be_is_named(audio, args, message):
    with pytest.raises(DataError, match=message):
        load("audio_folder", dt=10.0, path=audio, **args)


def test_the_settings_that_frames_lack_are_settings_of_the_spike_encoder():
    assert {"thresholds", "tau", "deltas", "delta_tau"} <= set(vars(SpikeEncoder(BANDS)))


@pytest.fixture
def arrays(tmp_path):
    rng = np.random.default_rng(2)
    for name, trials in (("training", 10), ("testing", 4)):
        np.save(tmp_path / f"{name}_x_data.npy", rng.standard_normal((trials, 6, BANDS)))
        np.save(tmp_path / f"{name}_y_data.npy", np.arange(trials) % 3)
    return tmp_path


def test_arrays_of_frames_are_read(arrays):
    data = load("frame_arrays", dt=10.0, path=arrays, gain=20.0, validation_fraction=0.3)
    assert (data.units, data.classes, data.duration) == (BANDS, 3, 60.0)
    assert [len(s) for s in data.splits().values()] == [7, 3, 4]
    given = np.load(arrays / "testing_x_data.npy")
    np.testing.assert_allclose(dense(data.test, 6, BANDS), 20.0 * given, rtol=1e-6)
    held = sorted(data.train.labels.tolist() + data.validation.labels.tolist())
    assert held == sorted(np.load(arrays / "training_y_data.npy").tolist())


def test_arrays_can_have_a_validation_split_of_their_own(arrays):
    data = load("frame_arrays", dt=10.0, path=arrays, validation="testing")
    assert [len(s) for s in data.splits().values()] == [10, 4, 4]


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("testing_x_data", np.zeros((4, 6)), "numbers of shape"),
        ("testing_x_data", np.full((4, 6, BANDS), np.nan), "NaN or infinite"),
        ("testing_x_data", np.full((4, 6, BANDS), 1e300), "too large for float32"),
        ("testing_x_data", np.zeros((4, 6, 9)), "differ in their number of bands"),
        ("testing_y_data", np.zeros(3, int), "for 4 trials"),
        ("testing_y_data", np.full(4, 0.5), "give one whole number"),
        ("testing_y_data", np.full(4, 7), "label 7, outside 0 to 2"),
    ],
)
def test_arrays_that_do_not_fit_are_named(arrays, name, array, message):
    np.save(arrays / f"{name}.npy", array)
    with pytest.raises(DataError, match=message):
        load("frame_arrays", dt=10.0, path=arrays)


def test_a_missing_or_damaged_array_is_named(arrays):
    (arrays / "testing_x_data.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"testing_x_data.npy: not a readable array"):
        load("frame_arrays", dt=10.0, path=arrays)
    (arrays / "testing_x_data.npy").unlink()
    with pytest.raises(DataError, match=r"testing_x_data.npy: no such file"):
        load("frame_arrays", dt=10.0, path=arrays)
    with pytest.raises(DataError, match=r"lower training\.dt"):
        load("frame_arrays", dt=20.0, path=arrays)
