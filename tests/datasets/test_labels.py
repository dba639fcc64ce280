"""One rule for the classes of trials, whatever they come from."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.datasets.base import Dataset, Split
from genn_delays.datasets.labels import class_labels, step_labels
from genn_delays.support.errors import DataError

WANTED = [0, 1, 1, 0]
ACCEPTED = {
    "whole": np.array(WANTED, np.uint8),
    "column": np.array(WANTED)[:, None],
    "whole floats": np.array(WANTED, np.float32),
    "floats of 16 bits": np.array(WANTED, np.float16),
    "column of floats": np.array(WANTED, float)[:, None],
    "truth values": np.array(WANTED, bool),
    "one-hot": np.eye(2, dtype=np.int64)[WANTED],
    "one-hot floats": np.eye(2)[WANTED],
    "one-hot truth values": np.eye(2, dtype=bool)[WANTED],
}
REFUSED = {
    "fractions": np.array([0, 0.5, 1, 0]),
    "NaN": np.array([0, np.nan, 1, 0]),
    "complex": np.array(WANTED) + 0j,
    "negative": np.array([0, -1, 1, 0]),
    "two ones": np.array([[1, 1], [0, 1], [1, 0], [0, 1]]),
    "no one": np.array([[0, 0], [0, 1], [1, 0], [0, 1]]),
    "twos": 2 * np.eye(2)[WANTED],
    "a million classes": np.array([0, 2**31, 1, 0]),
    "beyond 64 bits": np.array([0, 2**64 - 1, 1, 0], np.uint64),
}


def from_spikes(tmp_path, spike_file, labels):
    for name in ("shd_train.h5", "shd_test.h5"):
        spike_file(tmp_path / name, [[0.1]] * 4, [[1]] * 4, WANTED)
        with h5py.File(tmp_path / name, "a") as file:
            del file["labels"]
            file["labels"] = labels
    return load("spike_hdf5", dt=1.0, path=tmp_path, validation_fraction=0.25).test


def from_arrays(tmp_path, spike_file, labels):
    for name in ("training", "testing"):
        np.save(tmp_path / f"{name}_x_data.npy", np.ones((4, 3, 2)))
        np.save(tmp_path / f"{name}_y_data.npy", labels)
    return load("frame_arrays", dt=10.0, path=tmp_path, validation_fraction=0.25).test


def from_python(tmp_path, spike_file, labels):
    split = Split(np.zeros(0, "f4"), np.zeros(0, "i4"), np.zeros(5, np.int64), labels)
    names = ("train", "validation", "test")
    made = dict.fromkeys(names, split)
    return Dataset("own", **made, units=1, classes=2, duration=9.0, class_names=("a", "b")).test


SOURCES = [from_spikes, from_arrays, from_python]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("what", ACCEPTED)
def test_labels_with_one_meaning_are_read_alike_everywhere(tmp_path, spike_file, source, what):
    found = source(tmp_path, spike_file, ACCEPTED[what]).labels
    assert found.dtype == np.int64
    assert found.tolist() == WANTED


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("what", REFUSED)
def test_other_labels_are_refused_with_the_file(tmp_path, spike_file, source, what):
    with pytest.raises(DataError, match="label") as refused:
        source(tmp_path, spike_file, REFUSED[what])
    place = {from_spikes: "shd_train.h5", from_arrays: "training_y_data.npy"}
    assert place.get(source, "train split") in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_more_classes_than_a_million_are_a_matter_of_saying_so():
    labels = np.array([0, 2_000_000])
    with pytest.raises(DataError, match="trial 1 has label 2000000, outside 0 to 999999"):
        class_labels(labels, 2, "x")
    assert class_labels(labels, 2, "x", classes=3_000_000).tolist() == labels.tolist()


@pytest.mark.filterwarnings("error")
def test_half_precision_and_huge_labels_are_told_in_short():
    assert class_labels(np.array([0, 2], np.float16), 2, "x").tolist() == [0, 2]
    with pytest.raises(DataError, match=r"trial 0 has label 1e\+300, outside 0 to 999999"):
        class_labels(np.array([1e300]), 1, "x")


def test_labels_of_another_number_of_trials_are_refused():
    with pytest.raises(DataError, match=r"shape \(3,\) for 2 trials"):
        class_labels(np.zeros(3, int), 2, "x")


def with_step_labels(labels) -> Dataset:
    split = Split(np.zeros(0, "f4"), np.zeros(0, "i4"), np.zeros(3, np.int64), labels)
    made = dict.fromkeys(("train", "validation", "test"), split)
    return Dataset("own", **made, units=1, classes=2, duration=9, class_names=(), label_steps=3)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, float, bool])
def test_a_class_for_each_step_is_kept_as_such_even_where_each_trial_has_a_single_one(kind):
    labels = np.array([[0, 1, 0], [1, 0, 0]])
    found = with_step_labels(labels.astype(kind)).validation.labels
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([[0, 1, 0], [1, 0, 2]]), "train split: trial 1, step 2 has label 2, outside"),
        (np.array([[0, 1, 0], [1, -1, 0]]), "trial 1, step 1 has label -1"),
        (np.array([[0, 0.5, 0], [1, 0, 0]]), "type float64 and shape .* one whole number >= 0"),
        (np.zeros((2, 4), int), r"shape \(2, 4\) for 2 trials of 3 steps"),
        (np.zeros(2, int), r"shape \(2,\) for 2 trials of 3 steps"),
    ],
)
def test_other_labels_of_steps_are_refused_with_their_place(labels, message):
    with pytest.raises(DataError, match=message):
        with_step_labels(labels)
    with pytest.raises(DataError, match=r"^x: "):
        step_labels(labels, 2, 3, "x", 2)
