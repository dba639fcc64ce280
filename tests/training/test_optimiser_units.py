"""Optimiser: what populations learn."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.support.errors import ConfigError, TrainingError
from genn_delays.training import SGD, Adam, EaseIn, Group, Optimiser, Progress

FIRST = "input->hidden"


@pytest.fixture
def units(new_surrogate_network):
    """A network whose populations learn, and gradients for it."""
    network, rng = new_surrogate_network(), np.random.default_rng(1)
    tables = {name: len(p.synapses) for name, p in network.projections.items()}
    synapses = {k: Gradient(rng.normal(size=n), rng.normal(size=n)) for k, n in tables.items()}
    of_units = {
        name: {column: rng.normal(size=p.size) for column in p.learn}
        for name, p in network.populations.items()
        if p.learn
    }
    of_units["hidden"]["tau_mem"][:] = 0.5  # one value for all units
    return network, Gradients(synapses, of_units)


def test_units_follow_the_rule_of_the_weight_without_penalties(units, columns):
    network, gradients = units
    before = columns(network)
    rule = Adam(0.01, weight_decay=0.1)
    schedule = EaseIn(10, start=0.01)
    progress = Progress(batch=5, batches_per_epoch=10, epochs=2)
    Optimiser(weight=Group(rule, (schedule,), l1=1.0)).step(network, gradients, progress)
    after = columns(network)
    learnt = [("hidden", "gain"), ("hidden", "bias"), ("hidden", "tau_mem"), ("output", "bias")]
    for name, column in learnt:
        step = 0.1 * 0.01 * np.sign(gradients.units[name][column])  # the first step of Adam
        np.testing.assert_allclose(after[name, column], before[name, column] - step, atol=1e-7)
        assert f"{column}_adam_m" in network.populations[name].units.state
    assert np.array_equal(after["hidden", "running_mean"], before["hidden", "running_mean"])


def test_a_column_of_one_population_has_a_rule_of_its_own_and_stays_tied(units, columns):
    network, gradients = units
    before = columns(network)
    own = {"hidden": {"tau_mem": SGD(1.0)}}
    Optimiser(weight=SGD(0.0), unit=SGD(2.0), groups=own).step(network, gradients)
    hidden, output = (network.populations[name].units for name in ("hidden", "output"))
    assert hidden.tau_mem.tolist() == [9.5] * 5
    gain = before["hidden", "gain"] - 2.0 * gradients.units["hidden"]["gain"]
    np.testing.assert_allclose(hidden.gain, gain)
    bias = before["output", "bias"] - 2.0 * gradients.units["output"]["bias"]
    np.testing.assert_allclose(output.bias, np.clip(bias, -2.0, 2.0))


def test_columns_end_within_their_bounds(units):
    network, gradients = units
    gradients.units["output"]["tau_mem"][:] = -1e6, 1e6
    Optimiser(unit=SGD(1.0)).step(network, gradients)
    assert network.populations["output"].units.tau_mem.tolist() == [40.0, 4.0]
    network.check()


def test_units_are_clipped_apart_and_a_tied_column_counts_once(units):
    network, gradients = units
    for columns in gradients.units.values():
        for values in columns.values():
            values[:] = 0.0
    gradients.units["hidden"]["tau_mem"][:] = 3.0
    gradients.units["output"]["bias"][0] = 4.0
    Optimiser(unit=SGD(1.0), clip={"unit": 0.5}).step(network, gradients)  # norm 5
    np.testing.assert_allclose(network.populations["hidden"].units.tau_mem, 10.0 - 0.3)
    np.testing.assert_allclose(network.populations["output"].units.bias, [0.1 - 0.4, 0.1])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_gradient_of_a_unit_is_refused_before_anything_changes(units, columns, bad):
    network, gradients = units
    gradients.units["hidden"]["tau_mem"][2] = bad
    before = columns(network)
    with pytest.raises(TrainingError, match="tau_mem gradient of population 'hidden' holds NaN"):
        Optimiser().step(network, gradients)
    after = columns(network)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_gradients_of_another_network_are_refused(units):
    network, gradients = units
    gradients.units["hidden"]["gain"] = np.zeros(4)
    with pytest.raises(TrainingError, match="has shape \\(4,\\) for 5 units; compile"):
        Optimiser().step(network, gradients)
    del gradients.units["hidden"]
    with pytest.raises(TrainingError, match="of population 'hidden' is missing; compile"):
        Optimiser().step(network, gradients)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"hiden": {"gain": SGD(1)}}, "did you mean 'hidden'"),
        ({"input": {"gain": SGD(1)}}, "no population that learns"),
        ({"output": {"gain": SGD(1)}}, r"'output' learns \['bias', 'tau_mem'\]"),
        ({FIRST: {"wieght": SGD(1)}}, r"sets the wieght, but 'input->hidden' learns \['weight'"),
    ],
)
def test_a_group_of_what_does_not_learn_is_refused(new_surrogate_network, own, message):
    with pytest.raises(ConfigError, match=message):
        Optimiser(groups=own).check(new_surrogate_network())
