"""Plain lines in files, a bar on terminals."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest

import genn_delays as gd
from genn_delays.training import (
    Adam,
    Callback,
    Interrupted,
    Metrics,
    Optimiser,
    SilentRescue,
    TrainerState,
    show_progress,
)
from genn_delays.training.progress import ProgressBar, ProgressLines, epoch_line

STILL = Optimiser(weight=Adam(0.02), delay=Adam(1e-3))
"""Delays do not get to their bounds, which would be a line more."""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_file_gets_one_line_per_epoch_without_carriage_returns(network, make_trainer):
    log = io.StringIO()
    make_trainer(
        network, callbacks=[show_progress(log)], rescue=SilentRescue(0.1), optimiser=STILL
    ).fit()
    lines = log.getvalue().splitlines()
    assert "\r" not in log.getvalue()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/3: train loss ")
    for part in ("validation ", "%", "spikes/neuron", " s"):
        assert part in lines[0]
    assert max(map(len, lines)) < 100


def test_a_line_is_in_the_log_when_its_epoch_has_ended(network, make_trainer):
    flushed = []

    class Stream(io.StringIO):
        def flush(self):
            flushed.append(self.getvalue())

    make_trainer(network, epochs=2, callbacks=[ProgressLines(Stream())], optimiser=STILL).fit()
    assert [text.count("\n") for text in flushed] == [1, 2]


def test_long_epochs_get_lines_in_between(network, make_trainer):
    log = io.StringIO()
    make_trainer(network, epochs=1, callbacks=[show_progress(log, seconds=0.0)]).fit()
    lines = log.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "epoch 1/1, batch 1/3",
        "epoch 1/1, batch 2/3",
        "epoch 1/1, batch 3/3",
        "epoch 1/1",
    ]


@pytest.mark.parametrize("make", [show_progress, ProgressLines])
def test_lines_within_an_epoch_come_no_more_often_than_every_half_minute(
    network, make_trainer, monkeypatch, make
):
    clock = SimpleNamespace(now=0.0)
    module = "genn_delays.training.progress.time"
    monkeypatch.setattr(module, SimpleNamespace(monotonic=lambda: clock.now))

    class Slow(Callback):
        def on_batch_end(self, trainer):
            clock.now += 15.0

    log = io.StringIO()
    trainer = make_trainer(network, epochs=2, callbacks=[Slow(), make(log)], optimiser=STILL)
    clock.now = 1000.0  # what comes before the run does not count
    trainer.fit()
    assert [line.split(":")[0] for line in log.getvalue().splitlines()] == [
        "epoch 1/2, batch 2/3",
        "epoch 1/2",
        "epoch 2/2, batch 2/3",
        "epoch 2/2",
    ]


def line_of(train, validation, best=False, spiking=True):
    populations = [SimpleNamespace(is_spiking=False), SimpleNamespace(is_spiking=spiking)]
    simulation = SimpleNamespace(plan=SimpleNamespace(populations=populations))
    trainer = SimpleNamespace(state=TrainerState(epoch=2), epochs=5, simulation=simulation)
    return epoch_line(trainer, {"train": train, "validation": validation}, best)


def test_a_line_says_all_that_happened_and_nothing_else():
    validation = Metrics(0.71, None, 0.25, 0.0)
    plain = Metrics(0.69314, 0.5, 1.25, 3.16)
    begin = "epoch 2/5: train loss 0.6931 (50.0 %), validation 0.71, "
    assert line_of(plain, validation) == begin + "3.2 spikes/neuron, 1.5 s"
    assert line_of(plain, validation, best=True, spiking=False) == begin + "1.5 s *"
    changes = {
        "a->b": {"dropped": 3, "grown": 0},
        "b->c": {"dropped": 0, "grown": 0},
        "c->d": {"dropped": 0, "grown": 1},
    }
    full = replace(
        plain,
        sigma=1.234,
        rewiring=changes,
        rescued=4,
        warnings={"silent: b": "...", "silent: c": "..."},
    )
    assert line_of(full, validation) == begin + (
        "3.2 spikes/neuron, sigma 1.23 steps, a->b -3 +0 synapses, c->d -0 +1 synapses, "
        "4 silent neurons rescued, silent: b, silent: c, 1.5 s"
    )
    assert "rescued" not in line_of(replace(plain, rescued=0), validation)


def test_a_bar_begins_where_the_run_does_and_counts_its_batches(network, make_trainer):
    seen, shown, terminal = [], [], Terminal()
    bar = ProgressBar(terminal)

    class Look(Callback):
        def on_batch_end(self, trainer):
            seen.append((bar.bar.n, bar.bar.total, bar.bar.desc, bar.bar.postfix))
            shown.append(bar.bar)

        def on_epoch_end(self, trainer, metrics, is_best):
            seen.append(bar.bar)

    trainer = make_trainer(network, epochs=1, callbacks=[bar, Look()])
    trainer.state.batch = 1
    trainer.fit()
    assert [one[:2] for one in seen[:-1]] == [(2, 3), (3, 3)]
    assert seen[0][2].startswith("epoch 1/1")
    assert seen[0][3].startswith("loss 0.")
    assert seen[-1] is None
    assert all(one.disable for one in shown)  # as tqdm says that a bar is closed


def test_a_terminal_gets_a_bar_and_a_line_per_epoch(network, make_trainer):
    terminal = Terminal()
    make_trainer(network, callbacks=[show_progress(terminal)]).fit()
    assert "\r" in terminal.getvalue()
    assert "epoch 3/3: train loss" in terminal.getvalue()


@pytest.mark.parametrize("make", [ProgressBar, ProgressLines])
def test_a_population_that_sent_no_spike_is_named_with_the_remedy(new_network, make_trainer, make):
    log = io.StringIO()
    make_trainer(new_network(hidden_weight=-1.0), callbacks=[make(log)]).fit()
    lines = [line for line in log.getvalue().split("\n") if "warning" in line]
    assert len(lines) == 1  # once; the lines of the epochs go on saying it in a word
    assert "no spike of 'hidden'" in lines[0]
    assert "larger weights or set training.silent_rescue" in lines[0]
    assert log.getvalue().count("silent: hidden") == 3


def test_a_rescue_that_is_there_is_not_recommended(new_network, make_trainer):
    log, rescue = io.StringIO(), SilentRescue(0.0)
    network = new_network(hidden_weight=-1.0)
    make_trainer(network, epochs=1, callbacks=[ProgressLines(log)], rescue=rescue).fit()
    assert log.getvalue().endswith("begin with larger weights\n")


def test_spike_buffers_that_grew_are_mentioned_when_it_happened(network, make_trainer):
    class Growing(Callback):
        def on_batch_end(self, trainer):
            trainer.simulation.regrown += trainer.state.epoch == 1

    log = io.StringIO()
    make_trainer(network, callbacks=[Growing(), ProgressLines(log)], optimiser=STILL).fit()
    lines = log.getvalue().splitlines()
    assert [k for k, line in enumerate(lines) if "enlarged" in line] == [2]
    assert lines[2] == "spike buffers were enlarged 3 times"


def test_a_spike_buffer_that_grew_in_the_first_epoch_is_mentioned(network, make_trainer):
    log = io.StringIO()
    trainer = make_trainer(network, epochs=2, callbacks=[ProgressLines(log)])
    trainer.simulation.regrown = 1
    trainer.fit()
    assert log.getvalue().count("spike buffers were enlarged 1 times") == 1


def test_a_network_without_spiking_neurons_gets_no_count_of_spikes(make_trainer):
    network = gd.Network()
    network.add_population("input", gd.Input(), 4)
    network.add_population("output", gd.LeakyReadout(tau_mem=10.0, tau_syn=3.0), 2)
    network.connect("input", "output", weight=gd.init.Normal(0.0, 0.5))
    log = io.StringIO()
    make_trainer(network, callbacks=[ProgressLines(log)]).fit()
    assert "spikes" not in log.getvalue()


def test_an_interrupted_bar_is_closed(network, make_trainer):
    bar = ProgressBar(Terminal())
    trainer = make_trainer(network, callbacks=[bar])
    trainer.request_stop()
    with pytest.raises(Interrupted):
        trainer.fit()
    assert bar.bar is None


def test_the_stream_decides():
    assert isinstance(show_progress(Terminal()), ProgressBar)
    assert isinstance(show_progress(io.StringIO()), ProgressLines)
