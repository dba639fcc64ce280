"""Optimiser: groups, clipping, clamping, and the refusal of unusable gradients."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.support.errors import ConfigError, TrainingError
from genn_delays.training import SGD, Adam, Cosine, EaseIn, Group, OneCycle, Optimiser, Progress
from genn_delays.training.optimiser import make

FIRST, SECOND = "input->hidden", "hidden->output"


@pytest.fixture
def gradients(network):
    rng = np.random.default_rng(0)
    sizes = {name: len(p.synapses) for name, p in network.projections.items()}
    return Gradients(
        {k: Gradient(rng.normal(size=n), rng.normal(size=n)) for k, n in sizes.items()}
    )


def test_only_what_a_projection_learns_is_changed(network, gradients, columns):
    before = columns(network)
    Optimiser().step(network, gradients)
    after = columns(network)
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    assert changed == {(FIRST, "weight"), (FIRST, "delay"), (SECOND, "weight")}


def test_delays_end_within_zero_and_max_delay(network, gradients):
    table = network.projections[FIRST].synapses
    moved = np.where(np.arange(len(table)) % 2, 1e6, -1e6)
    gradients[FIRST] = Gradient(gradients[FIRST].weight, moved)
    Optimiser(delay=SGD(1.0)).step(network, gradients)
    assert table.delay[0::2].tolist() == [table.max_delay] * len(table.delay[0::2])
    assert table.delay[1::2].tolist() == [0.0] * len(table.delay[1::2])
    network.check()


def test_a_group_overrides_one_parameter_of_one_projection(network, gradients, columns):
    before = columns(network)
    optimiser = Optimiser(weight=SGD(0.1), delay=SGD(0.0), groups={FIRST: {"weight": SGD(0.5)}})
    optimiser.step(network, gradients)
    for name, lr in ((FIRST, 0.5), (SECOND, 0.1)):
        expected = before[name, "weight"] - lr * gradients[name].weight
        np.testing.assert_allclose(network.projections[name].synapses.weight, expected)
    assert np.array_equal(network.projections[FIRST].synapses.delay, before[FIRST, "delay"])


def test_schedules_of_a_group_multiply(network, gradients, columns):
    before = columns(network)
    group = Group(SGD(1.0), (EaseIn(10, start=0.01), Cosine()))
    progress = Progress(batch=5, batches_per_epoch=10, epochs=2)
    Optimiser(weight=group).step(network, gradients, progress)
    factor = 0.1 * 0.5 * (1.0 + np.cos(np.pi * 0.25))
    expected = before[SECOND, "weight"] - factor * gradients[SECOND].weight
    np.testing.assert_allclose(network.projections[SECOND].synapses.weight, expected)


def test_a_schedule_without_progress_is_refused_before_anything_changes(
    network, gradients, columns
):
    before = columns(network)
    with pytest.raises(TrainingError, match=r"give step\(\) a progress"):
        Optimiser(delay=Group(SGD(1.0), (Cosine(),))).step(network, gradients)
    after = columns(network)
    assert all(np.array_equal(before[key], after[key]) for key in after)


def global_norm(gradients, names, parameter):
    return np.sqrt(sum(np.sum(getattr(gradients[n], parameter) ** 2) for n in names))


@pytest.mark.parametrize(
    ("clip", "weight_limit", "delay_limit"),
    [
        (0.5, 0.5, 0.5),
        ({"weight": 0.5}, 0.5, np.inf),
        ({"delay": 0.25}, np.inf, 0.25),
        (1e6, 1e6, 1e6),
    ],
)
def test_weights_and_delays_are_clipped_apart(
    network, gradients, columns, clip, weight_limit, delay_limit
):
    table = network.projections[FIRST].synapses
    table.delay[:] = 2.5
    before = columns(network)
    Optimiser(weight=SGD(1.0), delay=SGD(0.01), clip=clip).step(network, gradients)
    weights = min(1.0, weight_limit / global_norm(gradients, [FIRST, SECOND], "weight"))
    delays = min(1.0, delay_limit / global_norm(gradients, [FIRST], "delay"))
    for name in (FIRST, SECOND):
        expected = before[name, "weight"] - weights * gradients[name].weight
        np.testing.assert_allclose(network.projections[name].synapses.weight, expected)
    np.testing.assert_allclose(table.delay, 2.5 - 0.01 * delays * gradients[FIRST].delay)


def test_two_schedules_of_one_momentum_are_refused():
    cycle = OneCycle(momentum=(0.8, 0.9))
    with pytest.raises(ConfigError, match="two schedules set the momentum"):
        Group(SGD(1.0), (cycle, cycle))


def test_a_schedule_cycles_the_momentum_of_sgd_too(network, gradients, columns):
    """u <- momentum u + g, with the momentum of each batch."""
    before, cycle = columns(network)[SECOND, "weight"], OneCycle(momentum=(0.5, 0.9))
    optimiser = Optimiser(weight=Group(SGD(1.0, momentum=0.3), (cycle,)))
    expected, velocity = before.copy(), np.zeros_like(before)
    for batch in range(4):
        progress = Progress(batch, 10, 1)
        optimiser.step(network, gradients, progress)
        velocity = cycle.momentum_at(progress) * velocity + gradients[SECOND].weight
        expected -= cycle(progress) * velocity
    np.testing.assert_allclose(network.projections[SECOND].synapses.weight, expected)


def test_l1_adds_the_sign_of_the_weight_after_clipping(network, gradients, columns):
    before = columns(network)
    optimiser = Optimiser(weight=Group(SGD(0.1), l1=0.5), clip={"weight": 1e-12})
    optimiser.step(network, gradients)
    for name in (FIRST, SECOND):
        expected = before[name, "weight"] - 0.05 * np.sign(before[name, "weight"])
        np.testing.assert_allclose(network.projections[name].synapses.weight, expected, atol=1e-9)


@pytest.mark.parametrize("parameter", ["weight", "delay"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_gradient_is_refused_before_anything_changes(
    network, gradients, columns, parameter, bad
):
    getattr(gradients[FIRST], parameter)[3] = bad
    before = columns(network)
    with pytest.raises(TrainingError, match=f"{parameter} gradient of projection '{FIRST}'"):
        Optimiser().step(network, gradients)
    after = columns(network)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_a_gradient_from_before_rewiring_is_refused(network, gradients):
    network.projections[FIRST].synapses.keep(np.arange(20) > 2)
    with pytest.raises(TrainingError, match=r"simulation.load\(network\)"):
        Optimiser().step(network, gradients)


def test_a_missing_gradient_is_refused(network, gradients):
    del gradients[SECOND]
    with pytest.raises(TrainingError, match="compile the network that is being trained"):
        Optimiser().step(network, gradients)


def test_a_group_of_an_unknown_projection_names_the_nearest(network, gradients):
    with pytest.raises(ConfigError, match="did you mean 'input->hidden'"):
        Optimiser(groups={"input->hiden": {"weight": SGD(1)}}).step(network, gradients)


def test_a_group_of_a_parameter_that_does_not_learn_is_refused(network):
    with pytest.raises(ConfigError, match="learns \\['weight'\\]"):
        Optimiser(groups={SECOND: {"delay": SGD(1)}}).check(network)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": Group(SGD(1), l1=0.1)}, "l1 is for weights; remove it from the unit"),
        ({"delay": Group(SGD(1), l1=0.1)}, "l1 is for weights; remove it from the delay"),
        ({"groups": {FIRST: {"delay": Group(SGD(1), l1=1)}}}, f"from the delay of '{FIRST}'"),
        ({"clip": {"dealy": 1.0}}, "did you mean 'delay'"),
        ({"clip": 0.0}, "must be > 0"),
        ({"clip": float("nan")}, "must be > 0"),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Optimiser(**arguments)


def test_an_optimiser_is_made_from_a_configuration():
    made = make(
        {
            "weight": {
                "name": "adam",
                "lr": "1e-3",
                "l1": "1e-2",
                "schedule": [{"name": "ease_in", "batches": 10}, "cosine"],
            },
            "unit": {"name": "sgd", "lr": 2},
            "delay": {"name": "sgd", "lr": 1, "schedule": {"name": "cosine", "final": 0.5}},
            "groups": {
                FIRST: {"delay": {"name": "adam", "lr": 0.5}},
                "hidden": {"tau_mem": {"name": "adam", "lr": 0.1}},
            },
            "clip": {"weight": "1e1"},
        }
    )
    assert made == Optimiser(
        weight=Group(Adam(1e-3), (EaseIn(10), Cosine()), l1=0.01),
        delay=Group(SGD(1.0), (Cosine(0.5),)),
        unit=Group(SGD(2.0)),
        groups={FIRST: {"delay": Group(Adam(0.5))}, "hidden": {"tau_mem": Group(Adam(0.1))}},
        clip={"weight": 10.0},
    )
    assert make({}) == Optimiser()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"wieght": {}}, "did you mean 'weight'"),
        ({"groups": 3}, "give a mapping"),
        ({"groups": {FIRST: 3}}, "give a mapping"),
        ({"clip": "tight"}, "give a number"),
        ({"weight": {"name": "adam", "lr": 1, "l1": "much"}}, "l1 'much': give a number"),
        ({"weight": {"name": "adam", "lr": 1, "l1": -1}}, "l1 is -1.0; must be finite and >= 0"),
        ({"delay": 3}, "give a mapping with a name"),
        ({"delay": {"name": "adam", "lr": 1, "schedule": "cosin"}}, "did you mean 'cosine'"),
        ({"delay": {"name": "adam", "lr": 1, "schedule": 3}}, "give a mapping with a name"),
    ],
)
def test_a_bad_configuration_of_an_optimiser_is_named(given, message):
    with pytest.raises(ConfigError, match=message):
        make(given)
