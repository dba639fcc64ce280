"""Where a run stands: sums and their means, and what no training leaves behind."""

from __future__ import annotations

from dataclasses import asdict
from math import inf, nan

import numpy as np
import pytest

from genn_delays.support.errors import DataError
from genn_delays.training import Metrics, TrainerState
from genn_delays.training.state import Tally


def test_a_run_begins_with_nothing():
    assert asdict(TrainerState()) == {
        "epoch": 0,
        "batch": 0,
        "best_score": -inf,
        "best_loss": inf,
        "best_epoch": 0,
        "tally": asdict(Tally()),
    }
    assert asdict(Tally()) == {
        "trials": 0,
        "loss": 0.0,
        "classified": 0,
        "correct": 0,
        "seconds": 0.0,
        "rescued": -1,
        "spikes": {},
        "rewired": {},
    }
    assert Tally().metrics() == Metrics(0.0, None, 0.0, 0.0)


def test_sums_become_means_over_the_trials():
    tally = Tally()
    first = {"a": np.array([[1, 0], [2, 0]], np.uint8), "b": np.zeros((2, 1), int)}
    tally.add(2.0, np.array([1, 0]), np.array([1, 1]), first, 0.5)
    tally.add(5.0, np.array([3]), np.array([3]), {"a": [[4, 1]] * np.ones(1, int)}, 0.25)
    assert (tally.trials, tally.loss, tally.classified, tally.correct) == (3, 9.0, 3, 2)
    assert tally.spikes["a"].tolist() == [7, 1]
    assert tally.spikes["a"].dtype == np.int64
    assert tally.metrics() == Metrics(3.0, 2 / 3, 0.75, 8 / (3 * 3), silent=("b",))
    tally.add(1.0, None, np.zeros(1), {}, 0.0)
    assert (tally.trials, tally.classified) == (4, 3)


def test_a_rescue_of_nobody_is_said_and_no_rescue_is_not():
    assert Tally(rescued=0).metrics().rescued == 0
    assert Tally(rescued=3).metrics().rescued == 3
    assert Tally(rescued=-1).metrics().rescued is None


def test_an_epoch_ends_with_fresh_sums_and_the_first_is_the_best_so_far():
    state = TrainerState(batch=3, tally=Tally(trials=10))
    assert state.finish_epoch(Metrics(2.0, 0.0, 0.0, 0.0))
    assert state == TrainerState(1, 0, 0.0, 2.0, 1)
    assert not state.finish_epoch(Metrics(2.0, 0.0, 0.0, 0.0))  # no better
    assert (state.epoch, state.best_epoch, state.epochs_since_best) == (2, 1, 1)


WHOLE = {"trials": 5, "loss": 1.0, "classified": 4, "correct": 3, "seconds": 2.0, "rescued": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"trials": -1, "classified": -1, "correct": -1},
        {"correct": -1},
        {"classified": 4.0},
        {"rescued": -2},
        {"rescued": 2**63},
        {"trials": True},
        {"correct": 5},
        {"classified": 2},
        {"loss": nan},
        {"loss": 1},
        {"seconds": inf},
        {"seconds": "2"},
        {"rewired": [1, 2, 3]},
        {"rewired": {"a": [1, 2]}},
        {"rewired": {"a": [1, 2, 3, 4]}},
        {"rewired": {"a": (1, 2, 3)}},
        {"rewired": {"a": [1, 2, -1]}},
        {"spikes": {"a": np.array([0, 1, -1])}},
    ],
    ids=str,
)
def test_sums_that_no_training_leaves_are_refused(changes):
    Tally(**WHOLE).check()
    with pytest.raises(ValueError, match=r" = "):
        Tally(**WHOLE | changes).check()


def test_accuracy_is_the_share_of_the_steps_that_count_where_steps_have_classes():
    tally = Tally()
    labels = np.array([[0, 1, 1], [1, 0, 0]])
    tally.add(1.0, np.array([[-1, 1, 0], [-1, 0, 0]]), labels, {}, 0.5)
    assert (tally.trials, tally.classified, tally.correct) == (2, 4, 3)
    assert tally.metrics().accuracy == 0.75
    tally.check()


@pytest.mark.parametrize("labels", [np.zeros((2, 2), int), np.zeros((2, 5), int)])
def test_classes_that_are_not_one_for_each_label_are_refused(labels):
    with pytest.raises(DataError, match=r"classes of shape \(2,\) for labels of shape \(2, "):
        Tally().add(1.0, np.zeros(2, int), labels, {}, 0.5)


def test_sums_at_the_ends_of_their_ranges_are_those_of_a_training():
    Tally().check()
    Tally(trials=2**63 - 1, classified=5, correct=5, rewired={"a": [0, 0, 0]}).check()
    Tally(spikes={"a": np.zeros(2, np.int64)}).check()


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": -1},
        {"batch": -1},
        {"batch": False},
        {"best_epoch": 3},
        {"best_epoch": -1},
        {"best_score": nan},
        {"best_loss": nan},
        {"best_loss": 1},
        {"epochs": 1},
        {"tally": {"trails": 1}},
        {"tally": {"trials": -1}},
    ],
    ids=str,
)
def test_a_state_that_no_training_leaves_is_refused(changes):
    given = TrainerState(epoch=2, best_epoch=2).to_mapping()
    assert TrainerState.from_mapping(given) == TrainerState(epoch=2, best_epoch=2)
    with pytest.raises(ValueError, match=f"{next(iter(changes))}|trails|trials"):
        TrainerState.from_mapping(given | changes)


def test_what_is_missing_in_a_state_is_as_in_the_beginning():
    assert TrainerState.from_mapping({"tally": {}}) == TrainerState()
    with pytest.raises(ValueError, match=r"^epoch = 1{39}\.\.\.$|^epoch = .{0,45}$"):
        TrainerState.from_mapping({"epoch": "1" * 100, "tally": {}})
