"""Splits hold ragged trials; a data set refuses what no run could use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genn_delays.datasets as datasets
from genn_delays.datasets.base import Dataset, Split
from genn_delays.planning.events import Events
from genn_delays.support.errors import DataError


@pytest.mark.parametrize("graded", [False, True])
def test_batch_equals_slow_gather(make_split, graded):
    split = make_split(graded=graded)
    index = np.array([3, 19, 0, 3, 7])
    batch = split.batch(index)
    expected = [
        (split.time[e], split.unit[e], new, split.value[e] if graded else 0.0)
        for new, old in enumerate(index)
        for e in range(split.offset[old], split.offset[old + 1])
    ]
    value = batch.value if graded else np.zeros(len(batch))
    assert list(zip(batch.time, batch.unit, batch.trial, value, strict=True)) == expected
    assert batch.trials == 5
    order = np.lexsort((batch.time, batch.unit, batch.trial))
    np.testing.assert_array_equal(order, np.arange(len(batch)))


@pytest.mark.parametrize("graded", [False, True])
def test_batches_stay_compact_and_those_of_a_checked_split_are_the_same(make_split, graded):
    split, index = make_split(graded=graded), np.array([4, 0, 9])
    before = split.batch(index)
    Dataset("d", split, split, split, 30, 3, 200.0, ("a", "b", "c"))
    after = split.batch(index)
    kinds = {"time": np.float32, "unit": np.int32, "trial": np.int32}
    for name, kind in (kinds | ({"value": np.float32} if graded else {})).items():
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        assert getattr(after, name).dtype == getattr(before, name).dtype == kind
    assert after.trials == before.trials == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": np.full(1, np.nan, np.float32)}, "value"),
        ({"unit": np.full(1, 0.5)}, "unit must be whole numbers"),
        ({"unit": np.zeros(2, np.int32), "offset": np.array([0, 2])}, "unit has shape"),
    ],
)
def test_what_a_split_does_not_look_at_is_refused_in_a_batch(change, message):
    split = replace(Split.from_events(Events([1.0], [0], [0], 1), np.zeros(1)), **change)
    Dataset("d", split, split, split, 1, 0, 10.0, ())
    with pytest.raises(DataError, match=message):
        split.batch(np.array([0]))


def test_batch_of_no_trials_is_empty(make_split):
    batch = make_split().batch(np.zeros(0, dtype=int))
    assert (len(batch), batch.trials) == (0, 0)


def test_trial_without_events_keeps_its_place():
    split = Split.from_events(Events([1.0], [0], [2], 4), np.zeros(4))
    np.testing.assert_array_equal(split.offset, [0, 0, 0, 1, 1])
    assert split.batch(np.array([0, 2])).trial.tolist() == [1]


def test_regression_targets_stay_real():
    split = Split.from_events(Events([1.0], [0], [0], 2), np.array([[0.5, 1.0], [0.0, 2.0]]))
    dataset = Dataset("r", split, split, split, 1, 0, 10.0, ())
    assert dataset.train.labels.dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.full(20, 3)}, "trial 0 has label 3, outside 0 to 2"),
        ({"labels": np.full(20, -1)}, "label -1"),
        ({"time": np.float32(-0.5)}, "at -0.5 ms, outside the trial of 200 ms"),
        ({"time": np.float32(200.0)}, "at 200 ms, outside the trial"),
        ({"time": np.float32(np.nan)}, "at nan ms"),
        ({"unit": np.int32(30)}, "of unit 30, outside the population of 30"),
        ({"unit": np.int32(-2)}, "of unit -2"),
    ],
)
def test_what_lies_outside_is_refused_with_its_trial(make_split, change, message):
    split = make_split()
    change = {
        k: v if v.ndim else np.where(np.arange(len(split.time)) == 5, v, getattr(split, k))
        for k, v in change.items()
    }
    bad = replace(split, **change)
    with pytest.raises(DataError, match=message) as error:
        Dataset("d", split, bad, split, 30, 3, 200.0, ("a", "b", "c"))
    assert "validation split: trial " in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


def test_class_names_are_as_many_as_classes(make_split):
    split = make_split()
    assert Dataset("d", split, split, split, 30, 3, 200.0, ()).class_names == ()
    with pytest.raises(DataError, match="2 class names for 3 classes"):
        Dataset("d", split, split, split, 30, 3, 200.0, ("a", "b"))


def test_empty_split_is_refused(make_split):
    split = make_split()
    empty = Split.from_events(split.batch(np.zeros(0, dtype=int)), np.zeros(0, dtype=int))
    with pytest.raises(DataError, match="test split: it has no trials"):
        Dataset("d", split, split, empty, 30, 3, 200.0, ())


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("spoken_digit", {}, "did you mean 'spoken_digits'"),
        ("sequence", {"intervall": 3}, "unknown setting 'intervall'; did you mean 'interval'"),
        ("sequence", {"interval": "long"}, r"data.args.interval: 'long' given; .* valid number"),
        ("sequence", {"interval": -1}, "interval is -1.0, it must be > 0"),
        ("sequence", {"start": float("nan")}, "data.args.start: nan given"),
        ("sequence", {"start": -1}, "start is -1.0, it must be >= 0"),
        ("sequence", {"interval": 60}, "second spike, at 60 ms, lies outside"),
        ("yin_yang", {"r_small": 0.3}, "2 r_small < r_big"),
        ("yin_yang", {"t_max": 90}, "must lie in the trial"),
        ("spike_hdf5", {"validation_fraction": 1}, "below 1"),
        ("spike_hdf5", {"validation": "v.h5", "validation_speakers": [1]}, "not both"),
        ("audio_folder", {"thresholds": []}, "at least one, all > 0"),
        ("audio_folder", {"f_max": 9000}, "rate / 2"),
        ("audio_folder", {"hop": 0.01}, "must last a sample"),
        ("spoken_digits", {"pitch": [10, 120]}, "within 0 to 100"),
        ("spoken_digits", {"test_fraction": 0.9}, "below 1"),
    ],
)
def test_wrong_settings_name_the_remedy(name, args, message):
    with pytest.raises(DataError, match=message):
        datasets.source(name, **args)


def test_number_written_as_text_is_a_number():
    assert datasets.source("sequence", interval="1e1").interval == 10.0


def test_dt_must_be_positive():
    with pytest.raises(DataError, match="dt is 0"):
        datasets.load("sequence", dt=0)


def test_a_split_takes_its_arrays_over_and_copies_views_of_others(tmp_path):
    time, unit = np.array([1.0, 2.0], np.float32), np.zeros(4, np.int32)
    np.save(tmp_path / "labels.npy", np.array([0, 1]))
    labels = np.load(tmp_path / "labels.npy", mmap_mode="r")
    split = Split(time, unit[:2], np.array([0, 1, 2]), labels)
    assert split.time is time
    assert split.labels is labels
    unit[:] = 2_000_000
    assert split.unit.tolist() == [0, 0]
    for array in (split.time, split.unit, split.offset, split.labels, split.batch([0]).unit):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("unit", "labels", "said"),
    [
        ([2**32 + 5], [0], "unit 4294967301"),
        ([5], [1j], "labels of type complex128"),
        ([5], np.array([2**64 - 1], np.uint64), "labels of type uint64 that are"),
    ],
)
def test_nothing_is_narrowed_unseen_on_the_way_into_a_split(unit, labels, said):
    with pytest.raises(DataError, match=said):
        Split.from_events(Events(np.zeros(1), np.array(unit), np.zeros(1, int), 1), labels)


def test_times_are_kept_in_the_type_they_are_given_in():
    time = np.random.default_rng(5).uniform(0, 60_000, 50_000)
    for given in (time, time.astype(np.float32)):
        zeros = np.zeros(len(given), int)
        split = Split.from_events(Events(given, zeros, zeros, 1), np.zeros(1, int))
        split.check("here", 1, 1, 60_001.0)
        batch = split.batch([0])
        assert batch.time.dtype == given.dtype
        np.testing.assert_array_equal(batch.time, np.sort(given))
