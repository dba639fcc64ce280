"""Schedules at the points where their values are known."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi

import numpy as np
import pytest

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.support.errors import ConfigError
from genn_delays.training import (
    Adam,
    Constant,
    Cosine,
    EaseIn,
    Group,
    OneCycle,
    Optimiser,
    Progress,
    schedules,
)


def values(schedule, batches_per_epoch=10, epochs=2):
    total = batches_per_epoch * epochs
    return [schedule(Progress(batch, batches_per_epoch, epochs)) for batch in range(total)]


def test_constant_stays():
    assert set(values(Constant(0.5))) == {0.5}


def test_ease_in_grows_geometrically_to_one():
    given = values(EaseIn(batches=8, start=1e-4))
    assert given[0] == pytest.approx(1e-4)
    ratios = [b / a for a, b in pairwise(given[:9])]
    assert ratios == pytest.approx([10**0.5] * 8)
    assert given[8:] == [1.0] * 12


def test_cosine_falls_from_one_to_final():
    given = values(Cosine(final=0.2))
    assert given[0] == 1.0
    assert given[10] == pytest.approx(0.6)
    assert Cosine(final=0.2)(Progress(20, 10, 2)) == pytest.approx(0.2)
    assert all(a > b for a, b in pairwise(given))


def pytorch_one_cycle(step, total, peak, warm_up, div_factor, final_div_factor):
    """Literal transcription of torch.optim.lr_scheduler.OneCycleLR with cosine annealing."""
    initial = peak / div_factor
    minimum = initial / final_div_factor
    phases = [(float(warm_up * total) - 1, initial, peak), (total - 1, peak, minimum)]
    start_step = 0.0
    for number, (end_step, start, end) in enumerate(phases):
        if step <= end_step or number == 1:
            share = (step - start_step) / (end_step - start_step)
            return end + (start - end) / 2.0 * (cos(pi * share) + 1)
        start_step = end_step
    raise AssertionError


def test_one_cycle_equals_pytorch():
    given = values(OneCycle(peak=5.0), batches_per_epoch=10, epochs=4)
    expected = [pytorch_one_cycle(step, 40, 5.0, 0.3, 25.0, 1e4) for step in range(40)]
    assert given == pytest.approx(expected)
    assert max(given) == pytest.approx(5.0)
    assert given[0] == pytest.approx(0.2)


@pytest.mark.parametrize("schedule", [Cosine(per="epoch"), OneCycle(per="epoch")])
def test_per_epoch_a_schedule_is_constant_within_an_epoch(schedule):
    given = np.array(values(schedule, batches_per_epoch=4, epochs=6)).reshape(6, 4)
    assert np.all(given == given[:, :1])
    per_batch = type(schedule)(per="batch")
    assert given[:, 0].tolist() == values(per_batch, batches_per_epoch=1, epochs=6)


def test_momentum_falls_as_the_learning_rate_rises():
    cycle = OneCycle(momentum=(0.85, 0.95))
    given = [cycle.momentum_at(Progress(batch, 40, 1)) for batch in range(40)]
    assert given[0] == given[-1] == pytest.approx(0.95)
    assert given[11] == min(given) == pytest.approx(0.85)
    assert OneCycle().momentum_at(Progress(3, 40, 1)) is None


def optimised_by_torch(torch, make_schedule, start, gradients, lr):
    """Parameters after each batch, the schedule stepped after each epoch of the gradients."""
    parameter = torch.nn.Parameter(torch.tensor(start))
    optimiser = torch.optim.Adam([parameter], lr=lr)
    schedule = make_schedule(optimiser)
    found = []
    for epoch in gradients:
        for gradient in epoch:
            parameter.grad = torch.tensor(gradient)
            optimiser.step()
            found.append(parameter.detach().numpy().copy())
        schedule.step()
    return found


@pytest.mark.parametrize("kind", ["one_cycle", "cosine"])
def test_schedules_per_epoch_train_as_those_of_torch(network, kind):
    """The schedulers of the published networks, with their moving beta1."""
    torch = pytest.importorskip("torch")
    epochs, batches = 10, 3
    table = network.projections["hidden->output"].synapses
    gradients = np.random.default_rng(0).normal(size=(epochs, batches, len(table)))
    if kind == "one_cycle":
        schedule, lr = OneCycle(5.0, per="epoch", momentum=(0.85, 0.95)), 1e-3

        def make(optimiser):
            return torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=epochs)

    else:
        schedule, lr = Cosine(per="epoch"), 0.1

        def make(optimiser):
            return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)

    expected = optimised_by_torch(torch, make, table.weight.copy(), gradients, lr)
    optimiser = Optimiser(weight=Group(Adam(lr), (schedule,)))
    other = network.projections["input->hidden"]
    still = Gradient(np.zeros(len(other.synapses)), np.zeros(len(other.synapses)))
    for batch, gradient in enumerate(gradients.reshape(-1, len(table))):
        given = Gradients({other.name: still, "hidden->output": Gradient(gradient, gradient)})
        optimiser.step(network, given, Progress(batch, batches, epochs))
        np.testing.assert_allclose(table.weight, expected[batch], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_one_cycle_of_very_short_runs_is_finite(total):
    assert all(0.0 <= value <= 2.0 for value in values(OneCycle(peak=2.0), total, 1))


@pytest.mark.parametrize("schedule", [Cosine(), OneCycle(), EaseIn(5)])
def test_beyond_the_end_the_last_value_holds(schedule):
    at_end, later = schedule(Progress(20, 10, 2)), schedule(Progress(50, 10, 2))
    assert later == pytest.approx(at_end, abs=1e-12)


def test_schedules_are_made_singly_or_as_a_list():
    assert schedules.make("cosine") == (Cosine(),)
    assert schedules.make({"name": "ease_in", "batches": "20"}) == (EaseIn(20),)
    made = schedules.make([{"name": "one_cycle", "peak": "5"}, {"name": "constant"}])
    assert made == (OneCycle(5.0), Constant())
    assert schedules.make([]) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cosin", "did you mean 'cosine'"),
        ({"name": "ease_in"}, "batches"),
        ({"name": "ease_in", "batches": 0}, "must be >= 1"),
        ({"name": "ease_in", "batches": 5, "start": 0}, "in \\(0, 1\\]"),
        ({"name": "ease_in", "batch": 5}, "did you mean 'batches'"),
        ({"name": "cosine", "final": -1}, "must be >= 0"),
        ({"name": "one_cycle", "warm_up": 1.0}, "between 0 and 1"),
        ({"name": "one_cycle", "peak": -1}, "must be >= 0"),
        ({"name": "one_cycle", "momentum": [0.9, 1.0]}, "both must be in \\[0, 1\\)"),
        ({"name": "cosine", "per": "epok"}, "per: 'epok' given; input should be"),
    ],
)
def test_a_bad_configuration_of_a_schedule_is_named(given, message):
    with pytest.raises(ConfigError, match=message):
        schedules.make(given)
