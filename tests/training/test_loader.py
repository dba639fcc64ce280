"""Batches made ahead are those made in place, and their thread never stays behind."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from genn_delays.rewiring.rewiring import REWIRING
from genn_delays.support.errors import DataError, TrainingError
from genn_delays.training import Callback, Interrupted
from genn_delays.training.loader import AUGMENTATION, DROPOUT, ORDER, Loader, ahead, stream
from genn_delays.training.losses import Loss

ORDERED = [1, 3, 5, 4, 8, 9, 0, 7, 2, 6]


def loader_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("loader")]


def same(batch, expected):
    return all(np.array_equal(getattr(batch, n), getattr(expected, n)) for n in vars(expected))


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_training_batches_are_those_of_seed_epoch_and_batch(dataset, jitter, first):
    trials, order = dataset.train, stream(7, ORDER, 5).permutation(10)
    found = list(Loader(dataset, 4, 7, [jitter]).training(epoch=5, first=first))
    assert len(found) == 3 - first
    for number, (batch, labels) in enumerate(found, start=first):
        index = order[4 * number : 4 * number + 4]
        rng = stream(7, AUGMENTATION, 5, number)
        assert same(batch, jitter(trials.batch(index), rng, units=4, duration=20.0))
        assert labels.tolist() == trials.labels[index].tolist()


def test_streams_of_random_numbers_are_their_own_and_stay_the_same():
    """With other keys a run would not go on as it began."""
    assert (ORDER, AUGMENTATION, DROPOUT, REWIRING) == (0, 1, 2, 3)
    assert stream(7, ORDER, 5).permutation(10).tolist() == ORDERED
    sequence = np.random.SeedSequence(7, spawn_key=(DROPOUT, 3, 1))
    assert stream(7, DROPOUT, 3, 1).random() == np.random.default_rng(sequence).random()


def test_an_epoch_begins_with_its_first_batch(dataset):
    assert len(list(Loader(dataset, 4, 7).training(0))) == 3
    order = np.concatenate([labels for _, labels in Loader(dataset, 1, 7).training(0)])
    expected = dataset.train.labels[stream(7, ORDER, 0).permutation(10)]
    np.testing.assert_array_equal(order, expected)


def test_evaluation_batches_are_in_the_order_of_the_trials(dataset):
    found = list(Loader(dataset, 4, 7).evaluation("validation"))
    assert [len(labels) for _, labels in found] == [4, 2]
    assert same(found[1][0], dataset.validation.batch(np.array([4, 5])))


def test_one_batch_is_made_while_another_is_in_use():
    made = [threading.Event() for _ in range(4)]
    with closing(ahead(lambda n: made[n].set() or n, range(4))) as batches:
        assert next(batches) == 0
        assert made[1].wait(timeout=60)
        assert not made[2].is_set()
        assert list(batches) == [1, 2, 3]
    assert loader_threads() == []


class Refuse:
    """An augmentation that fails in one of the batches."""

    def __init__(self, at):
        self.left, self.error = at, DataError("no more of this")

    def __call__(self, events, rng, **_):
        self.left -= 1
        if self.left == 0:
            raise self.error
        return events


@pytest.mark.parametrize("bad_batch", [1, 2, 3])
def test_a_failure_in_the_thread_surfaces_unchanged_at_its_batch(network, make_trainer, bad_batch):
    refuse = Refuse(bad_batch)
    trainer = make_trainer(network, augmentations=[refuse])
    with pytest.raises(DataError) as caught:
        trainer.fit()
    assert caught.value is refuse.error
    assert trainer.state.batch == bad_batch - 1
    assert loader_threads() == []


class Stop(Callback):
    def on_batch_end(self, trainer):
        assert len(loader_threads()) == 1
        trainer.request_stop()


class Diverged(Loss):
    def __call__(self, outputs, targets):
        return float("nan"), outputs


@pytest.mark.parametrize(
    ("changes", "error"),
    [({}, None), ({"callbacks": [Stop()]}, Interrupted), ({"loss": Diverged()}, TrainingError)],
)
def test_no_thread_stays_when_training_ends(network, make_trainer, changes, error):
    trainer = make_trainer(network, epochs=2, **changes)
    if error is None:
        trainer.fit()
    else:
        with pytest.raises(error):
            trainer.fit()
    assert loader_threads() == []


def test_a_bad_validation_batch_fails_the_evaluation_alone(network, make_trainer, dataset):
    bad = replace(dataset.validation, unit=np.full_like(dataset.validation.unit, -1))
    trainer = make_trainer(network)
    object.__setattr__(trainer.dataset, "validation", bad)
    with pytest.raises(DataError, match="unit holds -1"):
        trainer.evaluate("validation")
    assert loader_threads() == []
    assert trainer.evaluate("train").loss > 0
