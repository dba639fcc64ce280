"""The loop: what it reads, what it changes, when it stops."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import TrainingError
from genn_delays.training import (
    SGD,
    Adam,
    Callback,
    EarlyStopping,
    Metrics,
    Optimiser,
    Progress,
    SilentRescue,
    SpikeCount,
    TrainerState,
)

FROZEN = Optimiser(weight=SGD(0.0), delay=SGD(0.0))


class Recorder(Callback):
    """Writes down what happened."""

    def __init__(self):
        self.events, self.metrics, self.best = [], [], []

    def on_fit_begin(self, trainer):
        self.events.append("fit begin")

    def on_epoch_begin(self, trainer):
        self.events.append("epoch begin")

    def on_batch_end(self, trainer):
        self.events.append(f"batch {trainer.state.batch}")

    def on_epoch_end(self, trainer, metrics, is_best):
        self.events.append(f"epoch end {trainer.state.epoch}")
        self.metrics.append(metrics)
        self.best.append(is_best)

    def on_fit_end(self, trainer):
        self.events.append("fit end")


class Forbidden:
    """A test split that nobody may touch."""

    def __getattribute__(self, name):
        raise AssertionError("the test split was read")

    def __len__(self):
        raise AssertionError("the test split was read")


def test_training_learns_the_task(new_network, make_trainer):
    recorder = Recorder()
    trainer = make_trainer(
        new_network(),
        epochs=15,
        optimiser=Optimiser(weight=Adam(0.1), delay=Adam(0.1)),
        callbacks=[recorder],
    )
    trainer.fit()
    losses = [metrics["train"].loss for metrics in recorder.metrics]
    assert losses[-1] < 0.5 * losses[0]
    assert trainer.evaluate("test").accuracy == 1.0


def test_callbacks_are_called_in_order_and_the_smaller_last_batch_is_used(network, make_trainer):
    recorder = Recorder()
    trainer = make_trainer(network, epochs=2, callbacks=[recorder])
    seen = []
    train_batch = trainer.train_batch
    trainer.train_batch = lambda batch, labels: (
        seen.append(len(labels)) or train_batch(batch, labels)
    )
    trainer.fit()
    epoch = ["epoch begin", "batch 1", "batch 2", "batch 3"]
    expected = ["fit begin", *epoch, "epoch end 1", *epoch, "epoch end 2", "fit end"]
    assert recorder.events == expected
    assert seen == [4, 4, 2, 4, 4, 2]


@pytest.mark.parametrize(("size", "batches"), [(1, 10), (2, 5), (3, 4), (4, 3), (9, 2), (10, 1)])
def test_a_run_stands_where_its_epochs_and_batches_say(network, make_trainer, size, batches):
    simulation = SimpleNamespace(plan=SimpleNamespace(batch_size=10, populations=[]))
    trainer = make_trainer(network, simulation=simulation, batch_size=size, epochs=4)
    assert trainer.batches_per_epoch == batches
    trainer.state = TrainerState(epoch=3, batch=batches - 1)
    assert trainer.progress == Progress(4 * batches - 1, batches, 4)
    assert not trainer.finished
    trainer.state = TrainerState(epoch=4)
    assert trainer.progress == Progress(4 * batches, batches, 4)
    assert trainer.finished


def test_each_epoch_takes_every_trial_once_in_an_order_of_its_own(network, make_trainer, dataset):
    taken = []

    class Spy:
        def __init__(self, split):
            self.labels = split.labels
            self.batch = lambda index: taken.extend(index) or split.batch(index)

        def __len__(self):
            return len(self.labels)

    watched = SimpleNamespace(**vars(dataset) | {"train": Spy(dataset.train)})
    make_trainer(network, dataset=watched, epochs=2).fit()
    assert sorted(taken[:10]) == sorted(taken[10:]) == list(range(10))
    assert taken[:10] != taken[10:]


def test_evaluation_leaves_network_moments_and_random_state_untouched(
    network, make_trainer, columns, jitter
):
    trainer = make_trainer(network, epochs=1, augmentations=[jitter])
    trainer.fit()
    before, state = columns(network), trainer.state.to_mapping()
    np.random.seed(5)  # noqa: NPY002 - the global state must not be drawn from
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    first = trainer.evaluate("validation")
    second = trainer.evaluate("validation")
    assert np.random.random() == expected  # noqa: NPY002
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
    after = columns(network)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert trainer.state.to_mapping() == state


def test_evaluating_between_batches_does_not_change_what_is_learnt(
    new_network, make_trainer, columns
):
    class Evaluate(Callback):
        def on_batch_end(self, trainer):
            trainer.evaluate("train")

    plain, watched = new_network(), new_network()
    make_trainer(plain).fit()
    make_trainer(watched, callbacks=[Evaluate()]).fit()
    first, second = columns(plain), columns(watched)
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_metrics_are_means_over_the_trials(network, make_trainer, dataset, new_simulation):
    trainer = make_trainer(network, optimiser=FROZEN)
    metrics = trainer.evaluate("train")
    simulation = new_simulation(network)
    losses, correct, spikes = [], 0, 0
    for trial in range(10):
        index = np.array([trial])
        outputs = simulation.forward(dataset.train.batch(index))
        losses.append(trainer.loss(outputs, dataset.train.labels[index])[0])
        correct += int(trainer.loss.predict(outputs)[0] == dataset.train.labels[trial])
        spikes += simulation.spike_counts("hidden").sum()
    assert metrics.loss == pytest.approx(np.mean(losses))
    assert metrics.accuracy == correct / 10
    assert metrics.spikes_per_neuron == pytest.approx(spikes / (10 * 5))
    assert metrics.rescued is None


def test_a_regression_has_no_accuracy_and_is_selected_by_its_loss(make_trainer, dataset):
    network = gd.Network(seed=3)
    network.add_population("input", gd.Input(), 4)
    network.add_population("output", gd.LeakyReadout(), 2)
    network.connect("input", "output", weight=0.1)
    targets = {
        name: replace(split, labels=np.full((len(split), 2), 0.3))
        for name, split in dataset.splits().items()
    }
    recorder = Recorder()
    trainer = make_trainer(
        network,
        dataset=replace(dataset, classes=0, class_names=(), **targets),
        loss=gd.losses.MeanSquaredError(),
        callbacks=[recorder],
    )
    state = trainer.fit()
    validation = [metrics["validation"] for metrics in recorder.metrics]
    assert validation[0].accuracy is None
    assert state.best_score == -min(metrics.loss for metrics in validation)


def test_selection_never_reads_the_test_split(network, make_trainer, dataset):
    guarded = SimpleNamespace(**vars(dataset) | {"test": Forbidden()})
    trainer = make_trainer(
        network,
        dataset=guarded,
        epochs=2,
        early_stopping=EarlyStopping(1),
        rescue=SilentRescue(0.1),
        regularisers=[SpikeCount(2.0, 1e-3)],
    )
    trainer.fit()
    with pytest.raises(AssertionError, match="the test split was read"):
        trainer.evaluate("test")


def test_the_best_epoch_is_that_of_the_best_validation_score():
    state = TrainerState()
    epochs = [(0.5, 1.0), (0.7, 0.9), (0.7, 0.8), (0.7, 0.85), (0.6, 0.1)]
    best = [state.finish_epoch(Metrics(loss, accuracy, 0.0, 0.0)) for accuracy, loss in epochs]
    assert best == [True, True, True, False, False]
    assert (state.best_epoch, state.best_score, state.best_loss) == (3, 0.7, 0.8)
    assert state.epochs_since_best == 2


def test_early_stopping_ends_a_run_that_does_not_improve(network, make_trainer):
    recorder = Recorder()
    trainer = make_trainer(
        network,
        optimiser=FROZEN,
        epochs=50,
        early_stopping=EarlyStopping(patience=2),
        callbacks=[recorder],
    )
    state = trainer.fit()
    assert (state.epoch, state.best_epoch, trainer.finished) == (3, 1, True)
    assert recorder.best == [True, False, False]
    trainer.fit()
    assert state.epoch == 3


@pytest.mark.parametrize("bad_batch", [1, 5])
def test_nan_loss_is_an_error_before_the_update(network, make_trainer, columns, bad_batch):
    class NaNLoss(gd.losses.CrossEntropy):
        calls = 0

        def __call__(self, outputs, targets):
            value, drive = super().__call__(outputs, targets)
            type(self).calls += 1
            # batches 1 to 3, two of validation, then batch 1 of epoch 2 ...
            seen = self.calls if self.calls <= 3 else self.calls - 2
            return (float("nan") if seen == bad_batch else value), drive

    saved = {}

    class Save(Callback):
        def on_batch_end(self, trainer):
            saved.update(columns(trainer.network))

    saved.update(columns(network))
    trainer = make_trainer(network, loss=NaNLoss(scale=20.0), callbacks=[Save()])
    epoch, batch = divmod(bad_batch - 1, 3)
    with pytest.raises(TrainingError, match=f"nan in epoch {epoch + 1} after batch {batch}; lower"):
        trainer.fit()
    after = columns(network)
    assert saved.keys() == after.keys()
    assert all(np.array_equal(saved[key], after[key]) for key in saved)


def test_silent_neurons_are_rescued_after_the_epoch_and_counted(new_network, make_trainer):
    network = new_network(hidden_weight=-5.0)
    table = network.projections["input->hidden"].synapses
    before = table.weight.copy()
    recorder = Recorder()
    trainer = make_trainer(
        network, optimiser=FROZEN, epochs=2, rescue=SilentRescue(0.125), callbacks=[recorder]
    )
    trainer.fit()
    assert [metrics["train"].rescued for metrics in recorder.metrics] == [5, 5]
    np.testing.assert_allclose(table.weight, before + 2 * 0.125, rtol=1e-15)


def test_the_epoch_is_validated_with_the_weights_that_the_rescue_left(new_network, make_trainer):
    network, recorder = new_network(hidden_weight=-5.0), Recorder()
    arguments = {"optimiser": FROZEN, "epochs": 1}
    make_trainer(network, rescue=SilentRescue(8.0), callbacks=[recorder], **arguments).fit()
    seen = recorder.metrics[0]["validation"]
    assert seen.spikes_per_neuron > 0.0
    expected = make_trainer(network, **arguments).evaluate("validation")
    assert replace(seen, seconds=0.0) == replace(expected, seconds=0.0)


def test_regularisers_reach_the_backward_pass(network, make_trainer):
    rules = [SpikeCount(1.0, 0.2), SpikeCount(0.0, 0.3), SpikeCount(3.0, 0.1)]
    for chosen in (rules, rules[:1], []):
        trainer = make_trainer(network, epochs=1, regularisers=chosen)
        backward, seen = trainer.simulation.backward, []

        def spy(drive, spikes, trainer=trainer, chosen=chosen, backward=backward, seen=seen):
            each = [r.spike_drive(network, trainer.simulation)["hidden"] for r in chosen]
            seen.append((spikes, sum(each)))
            return backward(drive, spikes)

        trainer.simulation.backward = spy
        trainer.fit()
        assert len(seen) == 3
        for spikes, expected in seen:
            if chosen:
                assert np.any(expected != 0.0)
                np.testing.assert_allclose(spikes["hidden"], expected)
            else:
                assert spikes is None


def test_regularisers_on_the_same_population_add_up(new_network, make_trainer, columns):
    single, double = new_network(), new_network()
    rule = SpikeCount(1.0, 0.2)
    make_trainer(single, regularisers=[SpikeCount(1.0, 0.4)]).fit()
    make_trainer(double, regularisers=[rule, rule]).fit()
    first, second = columns(single), columns(double)
    for key in first:
        np.testing.assert_allclose(first[key], second[key], rtol=1e-9, atol=1e-12)


def test_augmentation_changes_training_but_not_evaluation(new_network, make_trainer, jitter):
    first, second = Recorder(), Recorder()
    frozen = {"optimiser": FROZEN, "epochs": 1}
    make_trainer(new_network(), callbacks=[first], **frozen).fit()
    make_trainer(new_network(), callbacks=[second], augmentations=[jitter], **frozen).fit()
    assert first.metrics[0]["train"].loss != second.metrics[0]["train"].loss
    assert first.metrics[0]["validation"].loss == second.metrics[0]["validation"].loss
