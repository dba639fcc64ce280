"""Data sets of a user's own arrays: every form means the same, and what is wrong is named."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.datasets.base import ABSENT
from genn_delays.support.errors import DataError

RASTER = np.zeros((4, 10, 3), bool)
RASTER[[0, 0, 1, 3], [2, 5, 9, 0], [1, 0, 2, 2]] = True
PAIRS = [([2.0, 5.0], [1, 0]), ([9.0], [2]), ([], []), ([0.0], [2])]
FLAT = {"time": [0.0, 9.0, 5.0, 2.0], "unit": [2, 2, 0, 1], "trial": [3, 1, 0, 0]}
FORMS = {
    "list": PAIRS,
    "flat": FLAT,
    "raster": RASTER,
    "counts": RASTER.astype(int),
    "events": gd.Events.from_lists(*map(list, zip(*PAIRS, strict=True))),
}
LABELS = np.array([0, 1, 2, 0])


def made(trials, labels=LABELS, **options):
    options = {"units": 3, "duration": 10.0} | options
    return gd.Dataset.from_arrays({"train": (trials, labels)}, **options)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_trials_gives_the_same_events(form):
    split = made(FORMS[form]).train
    assert split.time.tolist() == [5.0, 2.0, 9.0, 0.0]
    assert split.unit.tolist() == [0, 1, 2, 2]
    assert split.offset.tolist() == [0, 2, 3, 3, 4]
    assert split.value is None


def test_frames_are_graded_events_at_their_steps():
    frames = np.where(RASTER, 0.5, 0.0)
    data = made(frames, duration=None, dt=2.5)
    assert data.duration == 25.0
    assert data.train.time.tolist() == [12.5, 5.0, 22.5, 0.0]
    assert data.train.value.tolist() == [0.5] * 4


def test_lists_may_be_graded_too():
    trials = [(times, units, [0.25] * len(times)) for times, units in PAIRS]
    assert made(trials).train.value.tolist() == [0.25] * 4


ALIKE = [LABELS, LABELS[:, None], LABELS.astype(float), np.eye(3)[LABELS]]


@pytest.mark.parametrize("labels", ALIKE)
def test_classes_are_numbers_columns_or_rows_with_a_one(labels):
    data = made(PAIRS, labels)
    assert (data.classes, data.class_names, data.label_steps) == (3, ("0", "1", "2"), 0)
    assert data.train.labels.tolist() == LABELS.tolist()


def test_every_step_may_have_a_class():
    labels = np.arange(40).reshape(4, 10) % 5
    data = made(RASTER, labels)
    assert (data.classes, data.label_steps) == (5, 10)
    np.testing.assert_array_equal(data.train.labels, labels)


def test_other_numbers_are_targets_of_a_regression():
    traces = np.random.default_rng(0).normal(size=(4, 10, 2))
    assert made(RASTER, traces).classes == 0
    np.testing.assert_array_equal(made(RASTER, traces).train.labels, traces)
    assert made(PAIRS, [0.5, 1, 2, 3]).train.labels.shape == (4, 1)
    assert made(PAIRS, [0, 1, 2, 3], classes=0).train.labels.dtype == float


def test_splits_may_be_absent_and_are_named_where_they_are_needed():
    data = gd.Dataset.from_arrays({"test": (PAIRS, LABELS)}, units=3, duration=10.0)
    assert list(data.splits()) == ["test"]
    assert data.train is data.validation is ABSENT
    network = gd.Network()
    network.add_population("input", gd.Input(), 3)
    network.add_population("output", gd.LeakyReadout(), 3)
    network.connect("input", "output", weight=1.0)
    with pytest.raises(DataError, match="'arrays' has no train trials"):
        gd.fit(network, data, progress=False)


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        ([(1.0, 2)], "trial 0 holds shapes"),
        ([*PAIRS[:3], ([1.0], [1, 2])], r"trial 3 holds shapes \[\(1,\), \(2,\)\]"),
        ([3, 4], "trial 0 holds int"),
        ([([1.0], [0]), ([1.0], [0], [1.0])], "some trials have values and some have none"),
        ("trials.npy", "str given; give a list"),
        (np.zeros((4, 10)), "shape \\(4, 10\\) for 3 units"),
        (np.zeros((4, 10, 2)), "for 3 units; give numbers of shape"),
        ({"tim": [1.0]}, "did you mean 'time'"),
        ({"time": [1.0], "unit": [0]}, "no column 'trial'"),
        (PAIRS[:3], "4 labels for 3 trials"),
        ([*PAIRS[:3], ([10.0], [0])], "outside the trial of 10 ms"),
        ([*PAIRS[:3], ([1.0], [3])], "outside the population of 3"),
        ([*PAIRS[:3], ([np.nan], [0])], "NaN"),
    ],
)
def test_trials_of_no_form_are_named_with_the_forms_that_there_are(trials, message):
    with pytest.raises(DataError, match=message):
        made(trials)


@pytest.mark.parametrize(
    ("splits", "options", "message"),
    [
        ({}, {}, "no splits"),
        ({"trian": (PAIRS, LABELS)}, {}, "did you mean 'train'"),
        ({"train": PAIRS}, {}, r"give \(trials, labels\) of the train split"),
        ({"train": (PAIRS, list("abca"))}, {}, "give a class per trial"),
        ({"train": (PAIRS, [0.0, 1.0, 2.0, np.nan])}, {}, "give a class per trial"),
        ({"train": (PAIRS, [0, 1, 2, -1])}, {}, "label -1"),
        ({"train": (PAIRS, LABELS)}, {"classes": 2}, "label 2, outside 0 to 1"),
        ({"train": (PAIRS, LABELS)}, {"classes": 2.5}, "classes=2.5"),
        ({"train": (PAIRS, LABELS)}, {"class_names": ("a", "b")}, "2 class names for 3"),
        ({"train": (PAIRS, LABELS), "test": (PAIRS, LABELS + 0.5)}, {}, "test split: labels"),
        ({"train": (PAIRS, LABELS)}, {"duration": None}, "give duration="),
        ({"train": (RASTER, LABELS)}, {"dt": 0.0}, "time step must be > 0"),
    ],
)
def test_splits_and_labels_that_do_not_fit_are_refused(splits, options, message):
    with pytest.raises(DataError, match=message):
        gd.Dataset.from_arrays(splits, **{"units": 3, "duration": 10.0} | options)


def test_large_arrays_ask_for_memory_first(monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    with pytest.raises(DataError, match="GENN_DELAYS_MEMORY_LIMIT"):
        made(np.ones((4, 10000, 3), bool), duration=None)
