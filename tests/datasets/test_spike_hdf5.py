"""Files in the Heidelberg layout: exact times, an honest validation split, named mistakes."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest

import genn_delays as gd
from genn_delays.datasets import load
from genn_delays.planning.timing import time_to_steps
from genn_delays.support.errors import DataError


def read(path, **args):
    return load("spike_hdf5", dt=1.0, path=path, **args)


def test_layout_is_read(spikes):
    data = read(spikes)
    assert (data.units, data.classes, data.duration) == (700, 2, 1400.0)
    assert [len(s) for s in data.splits().values()] == [8, 2, 4]
    assert data.class_names == ("0", "1")
    with h5py.File(spikes / "shd_test.h5") as file:
        for trial in range(4):
            events = data.test.batch(np.array([trial]))
            times = np.sort(file["spikes/times"][trial].astype(np.float64) * 1000.0)
            np.testing.assert_allclose(np.sort(events.time), times, rtol=1e-7)
            np.testing.assert_array_equal(
                np.sort(events.unit), np.sort(file["spikes/units"][trial])
            )


def test_half_precision_times_are_not_rounded_again(tmp_path, spike_file):
    second = np.float16(0.3333)
    for name in ("shd_train.h5", "shd_test.h5"):
        spike_file(tmp_path / name, [[second], [second]], [[1], [2]], [0, 1])
    data = read(tmp_path, validation_fraction=0.5)
    assert data.test.time[0] == np.float32(1000.0 * float(second))


def write_train_and_test(folder, spike_file, times, kind):
    for name in ("shd_train.h5", "shd_test.h5"):
        units = [[0] * len(row) for row in times]
        spike_file(folder / name, times, units, [k % 2 for k in range(len(times))], kind=kind)


def test_an_event_just_before_the_end_belongs_to_the_last_step(tmp_path, spike_file):
    write_train_and_test(tmp_path, spike_file, [[0.1, 1.39999995], [0.2, 1.4]], "float64")
    data = read(tmp_path, crop=True, validation_fraction=0.5)
    assert time_to_steps(data.test.time, 1.0).tolist() == [100, 1399, 200]
    with pytest.raises(DataError, match="at 1400 ms, outside the trial of 1400 ms"):
        read(tmp_path)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("from_first_spike", [False, True])
def test_times_on_the_grid_are_read_as_their_own_steps(
    tmp_path, spike_file, kind, from_first_spike
):
    step = np.arange(3, 13_997)
    times = [list(step * 0.1 / 1000.0), list(step / 10_000)]
    write_train_and_test(tmp_path, spike_file, times, kind)
    args = {"validation_fraction": 0.5, "from_first_spike": from_first_spike}
    test = load("spike_hdf5", dt=0.1, path=tmp_path, **args).test
    assert test.time.dtype == np.float32
    expected = np.tile(step - (3 if from_first_spike else 0), 2)
    np.testing.assert_array_equal(time_to_steps(test.time, 0.1), expected)


def test_recorded_times_of_a_long_trial_are_in_the_steps_of_the_file(tmp_path, spike_file):
    seconds = np.sort(np.random.default_rng(2).uniform(0, 60, 20_000))
    write_train_and_test(tmp_path, spike_file, [list(seconds), [0.5]], "float64")
    args = {"duration": 60_000.0, "validation_fraction": 0.5}
    test = load("spike_hdf5", dt=0.1, path=tmp_path, **args).test
    expected = time_to_steps(1000.0 * seconds, 0.1)
    np.testing.assert_array_equal(time_to_steps(test.batch([0]).time, 0.1), expected)


def test_fraction_is_held_out_by_seed(spikes):
    held = lambda seed: read(spikes, seed=seed, validation_fraction=0.3).validation  # noqa: E731
    np.testing.assert_array_equal(held(1).time, held(1).time)
    assert not np.array_equal(held(1).time, held(2).time)
    assert len(held(1)) == 3


def test_speakers_are_held_out_whole(spikes):
    data = read(spikes, validation_speakers=[1, 4])
    assert (len(data.train), len(data.validation)) == (6, 4)
    whole = read(spikes, validation="shd_train.h5").validation
    expected = whole.batch(np.array([1, 4, 6, 9]))
    np.testing.assert_array_equal(data.validation.batch(np.arange(4)).time, expected.time)
    with pytest.raises(DataError, match=r"no trial of validation speaker 7; the speakers are \[0,"):
        read(spikes, validation_speakers=[7])


def test_speakers_need_their_key(spikes):
    with h5py.File(spikes / "shd_train.h5", "a") as file:
        del file["extra/speaker"]
    with pytest.raises(DataError, match="no key extra/speaker"):
        read(spikes, validation_speakers=[1])
    assert len(read(spikes).train) == 8


def test_class_names_are_the_files(spikes):
    with h5py.File(spikes / "shd_train.h5", "a") as file:
        file["extra/keys"] = np.array([b"eins", b"one", b"two"])
    assert read(spikes).class_names == ("eins", "one", "two")


@pytest.mark.parametrize("key", ["spikes/times", "spikes/units", "labels"])
def test_missing_key_is_named(spikes, key):
    with h5py.File(spikes / "shd_test.h5", "a") as file:
        del file[key]
    with pytest.raises(DataError, match=f"shd_test.h5: no key '{key}'"):
        read(spikes)


def test_missing_or_truncated_file_is_named(spikes):
    content = (spikes / "shd_test.h5").read_bytes()
    (spikes / "shd_test.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(
        DataError, match=r"shd_test.h5 is truncated, damaged or not HDF5.*copy it again"
    ):
        read(spikes)
    (spikes / "shd_test.h5").unlink()
    with pytest.raises(DataError, match=r"shd_test.h5: no such file; check data.path"):
        read(spikes)
    with pytest.raises(DataError, match=r"data.path is missing"):
        load("spike_hdf5", dt=1.0)


@pytest.mark.parametrize(
    ("times", "units", "labels", "args", "message"),
    [
        ([[0.1], [1.5]], [[0], [0]], [0, 1], {}, "trial 1 has an event at 1500 ms, outside"),
        ([[0.1], [-0.5]], [[0], [0]], [0, 1], {}, "trial 1 has an event at -500 ms"),
        ([[0.1], [np.nan]], [[0], [0]], [0, 1], {}, "not finite"),
        ([[0.1], [0.5]], [[0], [700]], [0, 1], {}, "trial 1 has an event of unit 700, outside"),
        ([[0.1], [0.5]], [[0], [0]], [0, 2], {"classes": 2}, "trial 1 has label 2, outside 0 to 1"),
        ([[0.1], [0.5]], [[0], [0]], [0, 2], {}, "test split: trial 1 has label 2, outside 0 to 1"),
        ([[0.1], [0.5]], [[0], [0]], [0, -1], {}, "whole numbers >= 0"),
        ([], [], [], {}, "it has no trials"),
        ([[0.1, 0.2], []], [[0], [0]], [0, 1], {}, "disagree in length"),
        ([[0.1]], [[0]], [0, 1], {}, "disagree in length"),
    ],
)
def test_what_lies_outside_is_named(spikes, spike_file, times, units, labels, args, message):
    spike_file(spikes / "shd_test.h5", times, units, labels)
    with pytest.raises(DataError, match=message) as error:
        read(spikes, **args)
    assert len(str(error.value).splitlines()) <= 2


def test_crop_drops_late_events_and_says_how_many(spikes, spike_file, caplog):
    spike_file(spikes / "shd_test.h5", [[0.1, 1.5], [1.6]], [[3, 4], [0]], [0, 1])
    data = read(spikes, crop=True)
    assert data.test.unit.tolist() == [3]
    assert "2 of 3 events dropped, at or after 1400 ms" in caplog.text


def test_binned_spikes_add_up_to_the_frames_of_the_published_code(tmp_path, spike_file):
    rng = np.random.default_rng(6)
    times = [np.sort(rng.uniform(0.03, 0.5, 800)) for _ in range(4)]
    units = [rng.integers(0, 700, 800) for _ in range(4)]
    for name in ("shd_train.h5", "shd_test.h5"):
        spike_file(tmp_path / name, times, units, [0, 1, 0, 1], kind="float32")
    args = {"bin_units": 5, "from_first_spike": True, "duration": 500.0}
    data = load("spike_hdf5", dt=10.0, path=tmp_path, **args)
    assert data.units == 140
    for trial in range(4):
        events = data.test.batch(np.array([trial]))
        assert np.all(np.diff(events.unit) >= 0)
        found = np.zeros((50, 140))
        np.add.at(found, (time_to_steps(events.time, 10.0), events.unit), 1.0)
        # SpikingJelly's frames of a fixed duration, then sums of five units
        frame = (1000 * (times[trial].astype("f4") - times[trial][0].astype("f4"))) // 10
        expected = np.zeros((50, 700))
        np.add.at(expected, (frame.astype(int), units[trial]), 1.0)
        np.testing.assert_array_equal(found, expected.reshape(50, 140, 5).sum(axis=2))
        assert found.max() > 1


def test_spikes_of_one_unit_within_a_step_count_each(tmp_path, spike_file):
    for name in ("shd_train.h5", "shd_test.h5"):
        spike_file(tmp_path / name, [[0.011, 0.012, 0.013]] * 2, [[5, 6, 9]] * 2, [0, 1])
    data = load("spike_hdf5", dt=10.0, path=tmp_path, bin_units=5, validation_fraction=0.5)
    net = gd.Network()
    source = net.add_population("input", gd.Input(), 140)
    out = net.add_population("output", gd.DiscreteReadout(tau_mem=100.0), 1)
    net.connect(source, out, weight=1.0, lag=0)
    trace = gd.readouts.VoltageTrace()
    with gd.compile(
        net, gradient=gd.Surrogate(), readout=trace, dt=10.0, steps=3, backend="reference"
    ) as simulation:
        voltage = simulation.forward(data.test.batch(np.array([0])))[0, :, 0]
    np.testing.assert_allclose(voltage, [0.0, 3.0, 2.7], rtol=1e-6)


def test_units_that_do_not_divide_are_refused(spikes):
    with pytest.raises(DataError, match="700 units do not divide into bins of 9"):
        read(spikes, bin_units=9)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (np.array([2**32 + 5]), "unit 4294967301, outside"),
        (np.array([2**40]), "unit 1099511627776, outside"),
        (np.array([2**64 - 1], np.uint64), "unit 18446744073709551615, outside"),
        (np.array([-1]), "unit -1, outside"),
        (np.array([3.7]), "unit 3.7; units are whole"),
        (np.array([-0.5]), "unit -0.5; units are whole"),
        (np.array([np.nan]), "unit nan; units are whole"),
        (np.array([np.inf]), "unit inf; units are whole"),
    ],
)
def test_units_are_compared_before_they_are_narrowed(spikes, unit, said):
    with h5py.File(spikes / "shd_test.h5", "a") as file:
        del file["spikes/units"], file["spikes/times"]
        for name, row in (("units", unit), ("times", np.array([0.5]))):
            rows = file.create_dataset(f"spikes/{name}", 4, h5py.vlen_dtype(row.dtype))
            rows[2] = row
    with pytest.raises(DataError, match=f"shd_test.h5: trial 2 has an event of {said}"):
        read(spikes)


def test_whole_units_are_read_whatever_their_type(spikes):
    with h5py.File(spikes / "shd_test.h5", "a") as file:
        whole = file["spikes/units"][()]
        del file["spikes/units"]
        rows = file.create_dataset("spikes/units", 4, h5py.vlen_dtype(np.dtype(np.float64)))
        for trial, row in enumerate(whole):
            rows[trial] = row.astype(np.float64)
    assert sorted(read(spikes).test.unit) == sorted(np.concatenate(whole))


COMPOUND = np.zeros(4, [("a", "i4"), ("b", "f8")])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("spikes/times", None, "spikes/times is a group; the layout has a row"),
        ("spikes/units", None, "spikes/units is a group; the layout has a row"),
        ("labels", None, "labels is a group; the layout has an array"),
        ("spikes", np.zeros(3), "no key 'spikes/times'"),
        ("spikes/times", np.zeros(4), "spikes/times is float64 of shape"),
        ("spikes/units", np.array([b"x"] * 4), "spikes/units is text"),
        ("spikes/units", np.ones((4, 2)) * 1j, "spikes/units is complex128 of shape"),
        ("spikes/units", np.ones((4, 2), bool), "spikes/units is bool of shape"),
        ("spikes/times", COMPOUND, "spikes/times is of another type"),
        ("labels", np.array([b"x"] * 4), "labels is text"),
        ("labels", COMPOUND, "labels is of another type"),
        ("labels", h5py.Empty("i4"), "labels is of another type"),
        ("labels", 3, "disagree in length"),
        ("extra/speaker", np.zeros(9, int), r"extra/speaker is int64 of shape \(9,\)"),
        ("extra/speaker", np.zeros(4), r"extra/speaker is float64"),
        ("extra/keys", np.array([b"\xff", b"b"]), "extra/keys is text; the layout has a list"),
        ("extra/keys", np.zeros(2), "extra/keys is float64"),
    ],
)
def test_what_is_not_in_the_layout_is_named(spikes, key, value, said):
    with h5py.File(spikes / "shd_test.h5", "a") as file:
        if key in file:
            del file[key]
        if value is None:
            file.create_group(key)
        else:
            file[key] = value
    with pytest.raises(DataError, match=f"shd_test.h5: .*{said}") as refused:
        read(spikes)
    assert len(str(refused.value).splitlines()) == 1


def test_other_keys_are_not_looked_at(spikes):
    with h5py.File(spikes / "shd_test.h5", "a") as file:
        file.create_dataset("extra/notes", (10**11,), "f8", chunks=True)
    assert len(read(spikes).test) == 4


def test_the_compressed_file_is_read_where_only_that_is_there(spikes):
    expected = read(spikes).train.time
    for name in ("shd_train.h5", "shd_test.h5"):
        packed = gzip.compress((spikes / name).read_bytes())
        (spikes / f"{name}.gz").write_bytes(packed)
        (spikes / name).unlink()
    np.testing.assert_array_equal(read(spikes).train.time, expected)
    named = read(spikes, train="shd_train.h5.gz", test="shd_test.h5.gz")
    np.testing.assert_array_equal(named.train.time, expected)
