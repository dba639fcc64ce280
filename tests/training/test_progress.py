"""Plain lines in files, a bar on terminals."""

from __future__ import annotations

import io

import pytest

import genn_delays as gd
from genn_delays.training import Callback, Interrupted, SilentRescue, show_progress
from genn_delays.training.progress import ProgressBar, ProgressLines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_file_gets_one_line_per_epoch_without_carriage_returns(network, make_trainer):
    log = io.StringIO()
    make_trainer(network, callbacks=[show_progress(log)], rescue=SilentRescue(0.1)).fit()
    lines = log.getvalue().splitlines()
    assert "\r" not in log.getvalue()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/3: train loss ")
    for part in ("validation ", "%", "spikes/neuron", " s"):
        assert part in lines[0]
    assert max(map(len, lines)) < 100


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
    make_trainer(network, callbacks=[Growing(), ProgressLines(log)]).fit()
    lines = log.getvalue().splitlines()
    assert [k for k, line in enumerate(lines) if "enlarged" in line] == [2]
    assert lines[2] == "spike buffers were enlarged 3 times"


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
