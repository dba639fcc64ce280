"""Rewiring rules within training runs."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.rewiring import (
    SET,
    Change,
    DeepR,
    Growth,
    Rewiring,
    RewiringRule,
    RigL,
    SoftDeepR,
    Static,
)
from genn_delays.support.errors import ConfigError, TrainingError
from genn_delays.training import Adam, Callback, EaseIn, Group, Optimiser, Progress


class Prune(RewiringRule):
    """Removes the first synapse of the first projection."""

    def step(self, context):
        table = context.network.projections["input->hidden"].synapses
        assert len(context.gradients["input->hidden"].weight) == len(table)
        table.keep(np.arange(len(table)) > 0)
        return {"input->hidden": Change(dropped=1)}


def test_rules_act_after_each_update_and_are_counted(network, make_trainer):
    synapses = len(network.projections["input->hidden"].synapses)
    lines = []

    class Listen:
        def __getattr__(self, name):
            return lambda *given: lines.append(given) if name == "on_epoch_end" else None

    trainer = make_trainer(network, epochs=2, rewiring=[Prune()], callbacks=[Listen()])
    trainer.fit()
    batches = trainer.batches_per_epoch
    assert len(network.projections["input->hidden"].synapses) == synapses - 2 * batches
    seen = lines[0][1]["train"].rewiring["input->hidden"]
    assert (seen["dropped"], seen["grown"], seen["refused"]) == (batches, 0, 0)
    assert seen["synapses"] == sum(seen["delays"]) == synapses - batches
    assert seen["age_mean"] == batches
    assert lines[1][1]["train"].rewiring["input->hidden"]["dropped"] == batches


def test_a_rule_can_take_the_place_of_the_update(network, make_trainer):
    before = network.projections["input->hidden"].synapses.weight.copy()

    class Skip(Prune):
        def step(self, context):
            return {}

        def replaces_update(self, progress):
            return True

    make_trainer(network, epochs=1, rewiring=[Skip()]).fit()
    np.testing.assert_array_equal(network.projections["input->hidden"].synapses.weight, before)


@pytest.mark.parametrize("rule", [DeepR(l1=0.05, temperature=1e-3), SoftDeepR(temperature=1e-2)])
def test_regrown_synapses_start_with_fresh_moments(network, make_trainer, rule):
    for projection in network.projections.values():
        projection.synapses.keep(np.arange(len(projection.synapses)) % 3 == 0)
    trainer = make_trainer(network, epochs=3, rewiring=[rule])
    grown = 0
    step = trainer.rewiring.step

    def watch(*given):
        nonlocal grown
        step(*given)
        for projection in network.projections.values():
            state = projection.synapses.state
            fresh = state["age"] == 0.0
            grown += np.count_nonzero(fresh)
            for name, column in state.items():
                if "adam" in name:
                    assert np.all(column[fresh] == 0.0), name

    trainer.rewiring.step = watch
    trainer.fit()
    assert grown > 0


def test_a_rule_that_does_not_fit_the_network_is_refused_before_training(network, make_trainer):
    rule = DeepR(growth=Growth("fixed", 99.0))
    with pytest.raises(ConfigError, match="outside"):
        make_trainer(network, rewiring=[rule])


def test_nan_in_a_gradient_is_an_error_where_a_rule_takes_the_place_of_the_update(
    network, make_trainer
):
    """The optimiser, which looks as well, is not asked in that batch."""
    trainer = make_trainer(network, epochs=1, rewiring=[RigL(every=1, end=1.0)])
    backward = trainer.simulation.backward

    def spoilt(*given):
        gradients = backward(*given)
        if trainer.state.batch == 1:
            gradients["hidden->output"].weight[0] = np.nan
        return gradients

    trainer.simulation.backward = spoilt
    with pytest.raises(TrainingError, match="weight gradient of projection 'hidden->output'"):
        trainer.fit()
    assert trainer.state.batch == 1


def test_metrics_say_nothing_without_rules_and_zeros_before_anything_changed(network):
    begun = Progress(0, 10, 2)
    assert Rewiring([], Optimiser(), seed=1).metrics(network, {}, begun) is None
    rewiring = Rewiring([DeepR()], Optimiser(), seed=1)
    rewiring.check(network)
    seen = rewiring.metrics(network, {}, begun)
    assert list(seen) == ["input->hidden", "hidden->output"]
    table = network.projections["input->hidden"].synapses
    table.state["age"][:] = np.arange(len(table)) ** 2
    seen = rewiring.metrics(network, {"input->hidden": [3, 2, 1]}, Progress(100, 10, 20))
    bars = np.histogram(table.delay, 10, (0.0, 5.0))[0].tolist()
    ages = np.arange(20.0) ** 2
    assert seen["input->hidden"] == {
        "synapses": 20,
        "dropped": 3,
        "grown": 2,
        "refused": 1,
        "age_mean": round(ages.mean(), 1),
        "age_median": np.median(ages),
        "initial": 10,  # as old as 100 batches
        "delays": bars,
    }
    other = seen["hidden->output"]
    assert [other[what] for what in ("dropped", "grown", "refused", "age_mean")] == [0, 0, 0, 0]
    assert other["delays"] == [10] + [0] * 9  # the largest delay is 0


def test_ages_are_in_batches_however_many_rules_there_are(network, make_trainer):
    trainer = make_trainer(network, epochs=1, rewiring=[DeepR(), Static(), SoftDeepR()])
    trainer.fit()
    for projection in network.projections.values():
        assert projection.synapses.state["age"].max() == trainer.batches_per_epoch


def test_a_projection_that_has_lost_all_its_synapses_has_metrics(network):
    rewiring = Rewiring([DeepR()], Optimiser(), seed=1)
    rewiring.check(network)
    network.projections["input->hidden"].synapses.keep(np.zeros(20, bool))
    seen = rewiring.metrics(network, {}, Progress(0, 10, 2))["input->hidden"]
    assert (seen["synapses"], seen["age_mean"], seen["age_median"]) == (0, 0.0, 0.0)
    assert seen["initial"] == 0


@pytest.mark.parametrize("rule", [SET(every=2, fraction=0.3), DeepR(temperature=30.0)])
def test_metrics_count_the_synapses_that_were_there_from_the_start(network, make_trainer, rule):
    marks = {}

    class Follows(Callback):
        def on_epoch_end(self, trainer, metrics, is_best):
            marks[trainer.state.epoch] = {
                name: (seen["initial"], int(network.projections[name].synapses.state["mark"].sum()))
                for name, seen in metrics["train"].rewiring.items()
            }

    for projection in network.projections.values():
        projection.synapses.attach("mark", 1.0)  # a grown synapse starts with 0
    make_trainer(network, epochs=3, rewiring=[rule], callbacks=[Follows()]).fit()
    assert len(marks) == 3
    counts = [pair for seen in marks.values() for pair in seen.values()]
    assert all(told == marked for told, marked in counts)
    assert 0 < marks[3]["input->hidden"][0] < 20


def test_each_rule_and_batch_has_random_numbers_of_its_own_and_the_rate_of_the_batch(network):
    rule = Adam(0.02)
    optimiser = Optimiser(groups={"hidden->output": {"weight": Group(rule, (EaseIn(10, 0.01),))}})

    def contexts(seed: int = 1, batch: int = 5):
        rewiring = Rewiring([DeepR(), SoftDeepR()], optimiser, seed)
        return rewiring.contexts(network, {}, None, Progress(batch, 10, 2))

    first = [[c.rng.random() for c in contexts(*key)] for key in ((1, 5), (1, 6), (2, 5))]
    assert len({number for numbers in first for number in numbers}) == 6
    assert [c.rng.random() for c in contexts()] == first[0]
    stream = np.random.SeedSequence(1, spawn_key=(3, 1, 5))
    assert first[0][1] == np.random.default_rng(stream).random()
    for context in contexts():
        assert context.learning_rate("hidden->output") == pytest.approx(0.02 * 0.1)
        assert context.learning_rate("input->hidden") == 1e-3
        projection = network.projections["hidden->output"]
        assert context.noise(projection, 0.5) == pytest.approx(np.sqrt(0.02 * 0.1))
