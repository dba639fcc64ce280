"""Training with the surrogate rule: masks, batch statistics, widths, learnt units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import ConfigError
from genn_delays.training import SGD, Adam, Callback, Narrowing, Optimiser, SpikeCount

FROZEN = Optimiser(weight=SGD(0.0), delay=SGD(0.0))


class Watched:
    """Passes on to a simulation and writes down how it is called."""

    def __init__(self, simulation):
        self.simulation, self.calls = simulation, []

    def __getattr__(self, name):
        return getattr(self.simulation, name)

    def forward(self, batch, *, training=True, masks=None):
        self.calls.append((training, masks))
        return self.simulation.forward(batch, training=training, masks=masks)


@pytest.fixture
def watched(new_surrogate_network, make_surrogate_trainer):
    """A trainer, and the calls of its forward passes."""

    def make(**changes):
        trainer = make_surrogate_trainer(new_surrogate_network(), **changes)
        trainer.simulation = Watched(trainer.simulation)
        return trainer, trainer.simulation.calls

    return make


def test_training_learns_the_task(new_surrogate_network, make_surrogate_trainer):
    optimiser = Optimiser(weight=Adam(0.05), delay=Adam(0.1))
    trainer = make_surrogate_trainer(
        new_surrogate_network(), epochs=12, optimiser=optimiser, narrowing=Narrowing(0.25)
    )
    before = trainer.evaluate("train").loss
    trainer.fit()
    after = trainer.evaluate("train")
    assert after.loss < before
    assert after.accuracy > 0.8


def test_evaluation_changes_nothing(new_surrogate_network, make_surrogate_trainer, columns):
    network = new_surrogate_network()
    trainer = make_surrogate_trainer(network, epochs=1, narrowing=Narrowing())
    trainer.fit()
    before, state = columns(network), trainer.state.to_mapping()
    widths = [p.kernel.current for p in network.projections.values()]
    first, second = trainer.evaluate("validation"), trainer.evaluate("validation")
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
    after = columns(network)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert trainer.state.to_mapping() == state
    assert [p.kernel.current for p in network.projections.values()] == widths


def test_evaluating_between_batches_does_not_change_what_is_learnt(
    new_surrogate_network, make_surrogate_trainer, columns
):
    class Evaluate(Callback):
        def on_batch_end(self, trainer):
            trainer.evaluate("train")

    plain, watched = new_surrogate_network(), new_surrogate_network()
    make_surrogate_trainer(plain).fit()
    make_surrogate_trainer(watched, callbacks=[Evaluate()]).fit()
    first, second = columns(plain), columns(watched)
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_dropout_is_for_training_and_new_in_every_batch(watched):
    trainer, calls = watched(epochs=2)
    trainer.fit()
    training = [masks for is_training, masks in calls if is_training]
    assert [masks for is_training, masks in calls if not is_training] == [None] * 4
    assert [len(masks["hidden"]) for masks in training] == [4, 4, 2, 4, 4, 2]
    assert {masks["hidden"].tobytes() for masks in training}.__len__() == 6
    assert all(set(np.unique(m["hidden"])) <= {0.0, 1.0 / 0.6} for m in training)


def test_dropout_depends_on_the_seed_and_the_batch_alone(watched):
    drawn = []
    for seed, rate in ((7, 0.0), (7, 0.1), (8, 0.0)):
        trainer, calls = watched(seed=seed, epochs=1, optimiser=Optimiser(weight=SGD(rate)))
        trainer.fit()
        drawn.append(calls[0][1]["hidden"])
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_running_averages_follow_each_training_batch(
    new_surrogate_network, make_surrogate_trainer, dataset
):
    network = new_surrogate_network()
    trainer = make_surrogate_trainer(network, optimiser=FROZEN)
    index = np.arange(4)
    trainer.train_batch(dataset.train.batch(index), dataset.train.labels[index])
    seen, units = trainer.simulation.statistics["hidden"], network.populations["hidden"].units
    assert seen.count == 4 * 18  # steps of the tail do not count
    np.testing.assert_allclose(units.running_mean, 0.1 * seen.mean)
    unbiased = seen.variance * seen.count / (seen.count - 1)
    np.testing.assert_allclose(units.running_variance, 0.9 + 0.1 * unbiased)


def test_the_simulation_runs_with_what_was_learnt(new_surrogate_network, make_surrogate_trainer):
    """A learnt time constant and the running averages reach the next evaluation."""
    trained = make_surrogate_trainer(new_surrogate_network())
    trained.fit()
    fresh = make_surrogate_trainer(trained.network)
    first, second = (t.evaluate("validation") for t in (trained, fresh))
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


def test_the_published_schedule_narrows_from_12_to_023_in_37_of_150_epochs():
    """Each epoch multiplies by (0.23 / 12)^(1 / 37), which the published code does in place."""
    sigma, given = 12.0, Narrowing()
    for epoch in range(150):
        assert given.width(12.0, epoch, 150) == pytest.approx(sigma, rel=1e-12)
        if epoch < 37:
            sigma *= (0.23 / 12.0) ** (1.0 / 37.0)


@pytest.mark.parametrize(("share", "expected"), [(0.0, [0.5] * 4), (0.5, [2.0, 1.0, 0.5, 0.5])])
def test_every_epoch_trains_with_its_own_width(
    new_surrogate_network, make_surrogate_trainer, share, expected
):
    widths, metrics = [], []

    class Widths(Callback):
        def on_batch_end(self, trainer):
            kernel = trainer.network.projections["input->hidden"].kernel
            assert trainer.simulation.kernels[0].width == kernel.width
            widths.append(kernel.current)

        def on_epoch_end(self, trainer, found, is_best):
            metrics.append((found["train"].sigma, found["validation"].sigma))

    network = new_surrogate_network()
    narrowing = Narrowing(final=0.5, share=share)
    make_surrogate_trainer(network, epochs=4, narrowing=narrowing, callbacks=[Widths()]).fit()
    assert widths == pytest.approx(np.repeat(expected, 3))
    assert metrics == [(pytest.approx(sigma), None) for sigma in expected]
    assert [p.kernel.sigma for p in network.projections.values()] == [2.0, 1.0]


def test_a_narrowing_may_start_at_another_width():
    assert Narrowing(final=1.0, share=0.5, start=4.0).width(9.0, 1, 4) == pytest.approx(2.0)


def test_a_narrowing_without_kernels_is_refused(network, make_trainer):
    with pytest.raises(ConfigError, match=r"no projection has one; connect with\s+kernel="):
        make_trainer(network, narrowing=Narrowing())


def test_a_narrowing_that_would_widen_is_refused(new_surrogate_network):
    with pytest.raises(ConfigError, match=r"'hidden->output': .* sigma = 1 steps, narrower"):
        Narrowing(final=1.5).check(new_surrogate_network())


@pytest.mark.parametrize(
    "arguments", [{"final": 0.0}, {"share": 1.5}, {"share": -0.1}, {"start": 0.1}]
)
def test_impossible_narrowings_are_refused(arguments):
    with pytest.raises(ConfigError, match=f"{next(iter(arguments))}=.*must be"):
        Narrowing(**arguments)


def test_the_spike_count_drive_is_the_derivative_of_its_penalty(
    new_surrogate_network, fixed_simulation
):
    counts = np.array([[3, 0, 1, 9, 2], [4, 0, 1, 8, 2]])
    simulation = fixed_simulation({"hidden": counts}, gradient=gd.Surrogate())
    drive = SpikeCount(2.0, 0.1).spike_drive(new_surrogate_network(), simulation)["hidden"]
    moved = counts + np.array([[1e-6], [0.0]])

    def penalty(spikes):
        return 0.05 * (spikes.mean(axis=0) - 2.0) ** 2

    np.testing.assert_allclose(drive, (penalty(moved) - penalty(counts)) / 1e-6, atol=1e-6)
