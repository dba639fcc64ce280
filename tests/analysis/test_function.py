"""What the answers of a network rest on: changes do what they say, and leave nothing behind."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.analysis import function
from genn_delays.analysis.perturbations import perturbations
from genn_delays.datasets import load
from genn_delays.planning.events import Events
from genn_delays.support.errors import DataError


@pytest.fixture(scope="module")
def data():
    return load("sequence", dt=1.0, duration=40.0, train=4, validation=3, test=2)


def order_of_two(delay=(10.0, 0.0, 0.0, 10.0)):
    """Each output joins the spikes of one order by its delays, which is all that it knows."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", gd.LIF(), 2)
    net.add_population("output", gd.LeakyReadout(), 2)
    weight, delay = np.array([1.0, 0.9, 0.9, 1.0]), np.array(delay)
    net.connect("input", "hidden", weight=0.5, delay=3.0, learn=())
    net.connect("input", "output", weight=weight, delay=delay, max_delay=15.0, learn=("delay",))
    return net


@pytest.fixture(scope="module")
def model(data):
    how = {"epochs": 1, "progress": False, "backend": "reference"}
    readout, adam = gd.readouts.MaxVoltage(population="output"), gd.training.Adam(1e-9)
    optimiser = gd.training.Optimiser(delay=adam)
    return gd.fit(order_of_two(), data, readout=readout, optimiser=optimiser, **how)


@pytest.fixture(scope="module")
def found(model):
    return function(model, repeats=2)


def line(found, name, amount=None):
    (one,) = (each for each in found.lines if (each.name, each.amount) == (name, amount))
    return one


def test_a_network_that_tells_by_delays_fails_without_them_and_does_not_need_their_precision(found):
    assert found.split == "validation"
    assert found.trials == 6
    assert found.lines[0].name == "unchanged"
    assert line(found, "unchanged").accuracy == 1.0
    assert line(found, "delays at their mean").accuracy <= 0.5
    assert line(found, "delays rounded", 1.0).accuracy == 1.0
    assert line(found, "delays rounded", 2.0).accuracy == 1.0
    assert line(found, "weakest removed", 0.9).accuracy == 0.5
    assert line(found, "input jittered", 1.0).accuracy == 1.0


def test_random_changes_are_repeated_and_others_are_not(found):
    for each in found.lines:
        random = "shuffled" in each.name or "random" in each.name or "input" in each.name
        assert each.repeats == (2 if random else 1), each.name
        assert np.isnan(each.accuracy_sd) == (not random)
    assert len({(each.name, each.amount) for each in found.lines}) == len(found.lines)


def test_classes_and_rates_are_told(found):
    np.testing.assert_array_equal(found.confusion, [[3, 0], [0, 3]])
    np.testing.assert_array_equal(found.class_accuracy, [1.0, 1.0])
    assert list(found.rates) == ["hidden"]
    assert found.rates["hidden"].shape == (2,)


def test_the_model_is_as_before_and_results_follow_from_the_seed(model, found):
    before = model.evaluate("validation")
    again = function(model, repeats=2)
    assert again.lines[0] == found.lines[0]
    assert [one.loss for one in again.lines] == [one.loss for one in found.lines]
    assert model.evaluate("validation").loss == before.loss
    other = function(model, repeats=2, seed=2)
    assert line(other, "input jittered", 20.0).loss != line(found, "input jittered", 20.0).loss


def test_rates_are_spikes_per_second(data):
    net = order_of_two()
    net.projections["input->hidden"].synapses.weight[:] = 50.0
    how = {"epochs": 1, "progress": False, "backend": "reference"}
    optimiser = gd.training.Optimiser(delay=gd.training.Adam(1e-9))
    model = gd.fit(
        net, data, readout=gd.readouts.MaxVoltage(population="output"), optimiser=optimiser, **how
    )
    spikes = model.evaluate("test").spikes_per_neuron
    assert spikes > 0
    found = function(model, split="test", repeats=1)
    assert found.rates["hidden"].mean() == pytest.approx(spikes / 0.040)


def test_each_change_of_synapses_does_what_it_says():
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 30)
    net.add_population("hidden", gd.LIF(), 10)
    drawn = {"weight": gd.init.Normal(0, 1), "delay": gd.init.Uniform(0, 33.3)}
    old = net.connect("input", "hidden", **drawn, max_delay=33.3, density=0.5).synapses
    for change in perturbations(net, 30, 100.0, 1.0):
        if change.table is None:
            continue
        table = deepcopy(old)
        change.table(table, np.random.default_rng(1))
        table.check()
        if "removed" in change.name:
            gone = table.weight == 0
            assert gone.sum() == round(change.amount * len(old))
            np.testing.assert_array_equal(table.weight[~gone], old.weight[~gone])
            if change.name.startswith("weakest"):
                assert np.abs(old.weight[gone]).max() < np.abs(old.weight[~gone]).min()
            np.testing.assert_array_equal(table.delay, old.delay)
            continue
        np.testing.assert_array_equal(table.weight, old.weight)
        if "shuffled" in change.name:
            np.testing.assert_array_equal(np.sort(table.delay), np.sort(old.delay))
            assert np.mean(table.delay == old.delay) < 0.3
            same = [
                set(table.delay[old.post == k]) == set(old.delay[old.post == k]) for k in range(10)
            ]
            assert all(same) == change.name.endswith("unit")
        elif change.name == "delays rounded":
            expected = np.minimum(np.rint(old.delay / change.amount) * change.amount, 33.3)
            np.testing.assert_allclose(table.delay, expected)
        else:
            np.testing.assert_allclose(table.delay, old.delay.mean())


@pytest.mark.parametrize("graded", [True, False])
def test_each_change_of_the_input_stays_in_the_trial(graded):
    rng = np.random.default_rng(1)
    value = rng.uniform(1.0, 2.0, 200) if graded else None
    trial = np.repeat([0, 1, 3, 3], 50)
    events = Events(rng.uniform(0, 50, 200), rng.integers(0, 8, 200), trial, 4, value)
    net = gd.Network()
    net.add_population("input", gd.Input(), 8)
    for change in perturbations(net, 8, 50.0, 1.0):
        if change.events is None:
            continue
        made = change.events(events, rng)
        assert 0.0 <= made.time.min() <= made.time.max() < 50.0
        assert set(made.trial) == {0, 1, 3}
        assert (made.value is not None) == graded
        if change.name == "input jittered":
            inside = (made.time > 0) & (made.time < 49.5)
            moved = np.std((made.time - events.time)[inside])
            assert 0.4 * change.amount < moved < 1.3 * change.amount
        else:
            assert len(made.time) == 200 + round(change.amount * 200)
            assert set(made.unit) <= set(range(8))


def test_a_network_without_delays_has_no_lines_of_delays(data):
    net = order_of_two(delay=(0.0,) * 4)
    net.projections["input->hidden"].synapses.delay[:] = 0.0
    names = {change.name for change in perturbations(net, 2, 40.0, 1.0)}
    assert not any("delay" in name for name in names)


def test_a_regression_has_losses_only():
    rng = np.random.default_rng(1)
    trials = [(rng.uniform(0, 20, 5), np.arange(5) % 2) for _ in range(6)]
    targets = rng.normal(size=(6, 2))
    splits = {"train": (trials, targets), "validation": (trials, targets)}
    data = gd.Dataset.from_arrays(splits, units=2, duration=20.0, classes=0)
    how = {"epochs": 1, "progress": False, "backend": "reference"}
    readout, loss = gd.readouts.MaxVoltage(population="output"), gd.losses.MeanSquaredError()
    model = gd.fit(order_of_two(), data, readout=readout, loss=loss, **how)
    found = function(model, repeats=1)
    assert found.confusion is None
    assert found.class_accuracy is None
    assert all(one.accuracy is None and one.loss >= 0 for one in found.lines)


def test_impossible_settings_are_refused(model):
    with pytest.raises(DataError, match="repeats=0"):
        function(model, repeats=0)
    with pytest.raises(DataError, match="no split 'tset'"):
        function(model, split="tset")
    with pytest.raises(DataError, match="has no data"):
        function(gd.Model(model.network, model.recipe))


@pytest.mark.parametrize("kind", ["axonal", "weights", "distance"])
def test_synapses_that_are_tied_are_changed_one_by_one(data, kind):
    net = gd.Network(seed=1)
    placed = {"position": np.eye(2), "learn": ("position",)} if kind == "distance" else {}
    net.add_population("input", gd.Input(), 2, **placed)
    net.add_population("output", gd.LeakyReadout(), 2, **placed)
    share = {"axonal": {"delay": "pre"}, "weights": {"weight": "pre"}, "distance": None}[kind]
    delay = gd.Distance(0.1) if kind == "distance" else gd.init.Uniform(0, 9)
    weight = gd.init.Normal(1.0, 0.5)
    net.connect("input", "output", weight=weight, delay=delay, max_delay=30.0, share=share)
    readout = gd.readouts.MaxVoltage()
    model = gd.fit(net, data, readout=readout, epochs=1, progress=False, backend="reference")
    before = deepcopy(model.network.projections["input->output"].synapses)
    assert len(function(model, repeats=1).lines) == 27
    after = model.network.projections["input->output"].synapses
    assert set(after.ties) == set(before.ties) != set()
    np.testing.assert_array_equal(after.delay, before.delay)
