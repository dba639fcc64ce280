"""Event files for TensorBoard: whole, and each epoch once, whatever happened to the run."""

from __future__ import annotations

import json
import signal
import sys

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from limited import file_limit

pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")

from event_files import events_of, scalars

import genn_delays as gd
from genn_delays.cli import cli
from genn_delays.rewiring import SET
from genn_delays.support.errors import CheckpointError, ConfigError
from genn_delays.training import Adam, Cosine, Group, Optimiser, TensorBoard

CONFIG = {
    "model": {"file": "feedforward", "args": {"hidden": [3], "max_delay": 20}},
    "data": {"name": "sequence", "args": {"train": 6, "duration": 20}},
    "training": {"epochs": 3, "batch_size": 4},
    "optimiser": {"weight": {"lr": 0.01, "schedule": ["cosine"]}},
    "callbacks": ["tensorboard"],
    "backend": {"name": "reference"},
}


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG))

    def invoke(*words):
        return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)

    return invoke


def lines_of(run, split):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {line["epoch"]: line for line in lines if line["split"] == split}


def assert_follows(run):
    """The curves are those of metrics.jsonl, in single precision, each epoch once."""
    for split in ("train", "validation"):
        lines = lines_of(run, split)
        assert list(lines) == [1, 2, 3]
        for what in ("loss", "accuracy", "seconds", "spikes_per_neuron"):
            expected = {epoch: [np.float32(line[what])] for epoch, line in lines.items()}
            assert scalars(run / "tensorboard", f"{what}/{split}") == expected, what


def test_a_run_has_its_curves_in_its_folder_each_epoch_once(tmp_path, call):
    assert call("run", "c.yaml", "--output", "r").exit_code == 0
    assert_follows(tmp_path / "r")
    events = events_of(tmp_path / "r" / "tensorboard")
    assert all(event.wall_time > 1e9 for event in events)
    (page,) = (v for e in events for v in e.summary.value if v.tag.startswith("configuration"))
    text = page.tensor.string_val[0].decode()
    assert [line[4:] for line in text.splitlines()] == (
        (tmp_path / "r" / "config.yaml").read_text().splitlines()
    )


def test_a_run_that_was_stopped_and_killed_has_no_epoch_twice_and_none_is_missing(
    tmp_path, call, monkeypatch
):
    from genn_delays.experiment.run import Recorder

    save = Recorder.on_epoch_end

    def killed(self, trainer, metrics, is_best):
        if trainer.state.epoch == 2:  # after its events, before its checkpoint
            raise KeyboardInterrupt
        save(self, trainer, metrics, is_best)

    def stopped(self, trainer, metrics, is_best):
        save(self, trainer, metrics, is_best)
        signal.raise_signal(signal.SIGTERM)

    def in_first_batch(self, trainer):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Recorder, "on_epoch_end", killed)
    call("run", "c.yaml", "--output", "r")
    assert list(scalars(tmp_path / "r" / "tensorboard", "loss/train")) == [1, 2]
    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "on_epoch_begin", in_first_batch)
        assert call("resume", "r").exit_code == 143
    assert list(scalars(tmp_path / "r" / "tensorboard", "loss/train")) == [1]
    monkeypatch.setattr(Recorder, "on_epoch_end", save)
    assert call("resume", "r").exit_code == 0
    assert_follows(tmp_path / "r")
    assert len(list((tmp_path / "r" / "tensorboard").iterdir())) == 3


def test_every_run_of_a_sweep_has_its_own(tmp_path, call):
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"experiment": "c.yaml", "seeds": [1, 2]}))
    assert call("sweep", "s.yaml", "--output", "s").exit_code == 0
    for seed in (1, 2):
        assert_follows(tmp_path / "s" / f"seed{seed}")


def test_delays_weights_rates_and_rewiring_of_a_training_in_python(tmp_path, network, make_trainer):
    board = TensorBoard(str(tmp_path / "logs"))
    optimiser = Optimiser(weight=Group(Adam(0.02), (Cosine(),)), delay=Adam(0.1))
    seen = []

    class Look(gd.training.Callback):
        def on_epoch_end(self, trainer, metrics, is_best):
            table = trainer.network.projections["input->hidden"].synapses
            rewiring = metrics["train"].rewiring["input->hidden"]
            seen.append((table.delay.copy(), rewiring["grown"]))

    make_trainer(
        network, optimiser=optimiser, callbacks=[board, Look()], rewiring=[SET(fraction=0.3)]
    ).fit()
    events = events_of(tmp_path / "logs")
    drawn = [
        value.histo
        for e in events
        for value in e.summary.value
        if value.tag == "delay/input-_hidden"
    ]
    assert [h.num for h in drawn] == [len(delay) for delay, _ in seen]
    assert [h.max for h in drawn] == [delay.max() for delay, _ in seen]
    assert [sum(h.bucket) for h in drawn] == [h.num for h in drawn]
    grown = scalars(tmp_path / "logs", "grown/input-_hidden")
    assert grown == {epoch: [count] for epoch, (_, count) in enumerate(seen, 1)}
    rates = scalars(tmp_path / "logs", "learning_rate/input-_hidden/weight")
    assert rates[3][0] < rates[2][0] < rates[1][0] < np.float32(0.02)


def test_what_begins_anew_in_a_folder_takes_the_place_of_what_was_there(
    tmp_path, network, make_trainer
):
    board = TensorBoard(str(tmp_path / "logs"))
    make_trainer(network, epochs=3, callbacks=[board]).fit()
    make_trainer(network, epochs=2, callbacks=[board]).fit()
    assert {step: len(v) for step, v in scalars(tmp_path / "logs", "loss/train").items()} == {
        1: 1,
        2: 1,
    }


@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_stops_the_training_and_leaves_whole_epochs(
    tmp_path, network, make_trainer, room
):
    board = TensorBoard(str(tmp_path / "logs"))

    class Full(gd.training.Callback):
        def on_epoch_end(self, trainer, metrics, is_best):
            (path,) = (tmp_path / "logs").iterdir()
            limits.append(path.stat().st_size + room)

    limits = []
    make_trainer(network, epochs=1, callbacks=[board, Full()]).fit()
    second = TensorBoard(str(tmp_path / "more"))
    trainer = make_trainer(network, epochs=3, callbacks=[second])
    with file_limit(limits[0]), pytest.raises(CheckpointError, match="cannot be written"):
        trainer.fit()
    assert list(scalars(tmp_path / "more", "loss/train")) == [1]


def test_a_package_that_is_missing_is_named_before_anything_is_made(tmp_path, call, monkeypatch):
    assert call("run", "c.yaml", "--output", "r").exit_code == 0
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"experiment": "c.yaml"}))
    for words in (
        ("run", "c.yaml", "--output", "new"),
        ("check", "c.yaml"),
        ("sweep", "s.yaml", "--output", "new"),
        ("resume", "r"),
    ):
        said = call(*words)
        assert said.exit_code == 2, words
        assert "pip install 'genn-delays[tracking]'" in said.output
        assert len(said.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()
    assert call("evaluate", "r").exit_code == 0  # which writes none


@pytest.mark.parametrize("folder", ["/logs", "../logs"])
def test_a_configuration_keeps_its_events_in_the_run_folder(call, folder):
    setting = f"callbacks=[{{name: tensorboard, folder: {folder}}}]"
    said = call("run", "c.yaml", "--output", "r", "--set", setting)
    assert said.exit_code == 2
    assert "name one in the run folder" in said.output


def test_python_names_the_extra_too(network, make_trainer, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ConfigError, match=r"genn-delays\[tracking\]"):
        make_trainer(network, callbacks=[TensorBoard("logs")]).fit()
