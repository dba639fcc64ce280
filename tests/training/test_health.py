"""Silence, saturation and delays at their bounds are told with the remedy."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.training import health
from genn_delays.training.progress import ProgressLines


def found(network, spikes, refractory=0):
    p = SimpleNamespace(name="hidden", refractory=np.full(5, refractory))
    plan = SimpleNamespace(populations=[p], steps=20)
    return health.findings(network, plan, {"hidden": np.full(5, spikes)}, trials=10)


@pytest.fixture
def healthy(network):
    network.projections["input->hidden"].synapses.delay[:] = 2.0
    return network


def test_a_network_that_is_well_gets_no_warning(healthy):
    assert found(healthy, 20) == {}


@pytest.mark.parametrize(("spikes", "refractory"), [(101, 0), (35, 2)])
def test_a_population_that_spikes_in_most_steps_is_saturated(healthy, spikes, refractory):
    (name, sentence), *rest = found(healthy, spikes, refractory).items()
    assert (name, rest) == ("saturated: hidden", [])
    assert "% of the steps in which it can; begin with smaller weights" in sentence
    assert found(healthy, spikes - 2, refractory) == {}


def test_more_than_a_twentieth_of_the_delays_at_a_bound_are_told(healthy):
    delay = healthy.projections["input->hidden"].synapses.delay
    delay[:1] = 0.0  # of 20: a twentieth
    assert found(healthy, 20) == {}
    delay[:2], delay[-3:] = 0.0, 5.0
    warnings = found(healthy, 20)
    assert list(warnings) == ["delays at 0: input->hidden", "delays at max: input->hidden"]
    at_zero, at_max = warnings.values()
    assert at_zero.startswith("10.0 % of the delays of 'input->hidden' are at 0 ms")
    assert at_max.startswith("15.0 %")
    assert at_max.endswith("max_delay = 5 ms and cannot become longer; raise it")


def test_learnt_delays_without_room_are_told_once():
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", gd.LIF(), 5)
    net.connect("input", "hidden", weight=1.0, learn=("weight", "delay"))
    (sentence,) = found(net, 20).values()
    assert sentence.endswith("but max_delay is 0 ms; raise it")


def test_delays_that_are_not_learnt_may_lie_anywhere(healthy):
    table = healthy.projections["hidden->output"].synapses
    assert np.all(table.delay == 0.0)
    assert found(healthy, 20) == {}


def test_an_epoch_line_says_it_in_a_word_and_the_remedy_follows_once(healthy, make_trainer):
    healthy.projections["input->hidden"].synapses.delay[:5] = 5.0
    log = io.StringIO()
    frozen = gd.training.Optimiser(weight=gd.training.Adam(1e-9), delay=gd.training.Adam(1e-9))
    make_trainer(healthy, optimiser=frozen, callbacks=[Stuck(), ProgressLines(log)]).fit()
    assert log.getvalue().count("delays at max: input->hidden") == 3
    assert log.getvalue().count("warning: 25.0 % of the delays") == 1


class Stuck(gd.training.Callback):
    def on_batch_end(self, trainer):
        trainer.network.projections["input->hidden"].synapses.delay[:5] = 5.0
