"""Plain lines in files, a bar on terminals."""

from __future__ import annotations

import io

import pytest

from genn_delays.training import Interrupted, SilentRescue, show_progress
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
    for part in ("validation loss", "accuracy", "%", "spikes per neuron", " s"):
        assert part in lines[0]


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
