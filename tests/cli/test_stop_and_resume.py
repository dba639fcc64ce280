"""A run that is stopped, by whatever means, goes on as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from limited import file_limit
from run_folders import assert_same_run, contents, metrics

from genn_delays.experiment import checkpoint
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.training import Trainer

STOPS_AFTER = 4
"""Batches: in the middle of the second of three epochs of three batches."""

SETTINGS = [
    "optimiser.weight={lr: 1e-2, schedule: [cosine]}",
    "data.augment=[{name: time_shift, max: 3}]",
    "training.silent_rescue.amount=0.01",
]
ALL = [argument for setting in SETTINGS for argument in ("--set", setting)]


@pytest.fixture
def stop_in_training(monkeypatch):
    """Sends this process signals in the middle of its run, once."""

    def arm(*numbers):
        original, calls = Trainer.train_batch, []

        def train_batch(self, *args):
            calls.append(None)
            if len(calls) == STOPS_AFTER:
                for number in numbers:
                    signal.raise_signal(number)
            return original(self, *args)

        monkeypatch.setattr(Trainer, "train_batch", train_batch)

    return arm


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGINT, 130),
        (signal.SIGUSR1, 128 + signal.SIGUSR1),
        (signal.SIGUSR2, 128 + signal.SIGUSR2),
    ],
)
def test_a_stopped_run_resumes_bit_for_bit(folder, config, call, stop_in_training, number, code):
    assert call("run", config, "--output", "whole", *ALL).exit_code == 0
    stop_in_training(number)
    stopped = call("run", config, "--output", "parts", *ALL)
    assert stopped.exit_code == code
    assert "genn-delays resume parts" in stopped.stderr
    state = checkpoint.load("parts/checkpoint.h5").trainer_state
    assert (state.epoch, state.batch) == (1, 1)
    assert call("resume", "parts").exit_code == 0
    assert_same_run(folder / "whole", folder / "parts")


def test_run_with_resume_begins_goes_on_and_knows_what_is_complete(
    folder, config, call, stop_in_training
):
    assert call("run", config, "--output", "whole", *ALL).exit_code == 0
    stop_in_training(signal.SIGUSR1)
    again = ("run", config, "--output", "parts", "--resume", *ALL)
    assert call(*again).exit_code == 128 + signal.SIGUSR1
    assert "going on in parts" in call(*again).output
    assert_same_run(folder / "whole", folder / "parts")
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").iterdir()}
    assert "complete already: test accuracy" in call(*again).output
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "parts").iterdir()} == before


def test_run_with_resume_trains_on_where_more_epochs_are_asked_for_and_refuses_another_network(
    folder, config, call
):
    again = ("run", config, "--output", "run", "--resume")
    assert call(*again).exit_code == 0
    said = call(*again, "--set", "training.epochs=5")
    assert "training.epochs is 5, was 3" in said.stderr
    assert len({line["epoch"] for line in metrics(folder / "run")}) == 5
    refused = call(*again, "--set", "training.epochs=5", "--set", "training.batch_size=2")
    assert refused.exit_code == 2
    assert "training.batch_size is 2, was 4" in refused.stderr
    assert call("run", config, "--resume").exit_code == 2


def test_a_stopped_run_under_the_surrogate_rule_resumes_bit_for_bit(
    folder, surrogate, call, stop_in_training
):
    call("run", surrogate, "--output", "whole")
    stop_in_training(signal.SIGTERM)
    assert call("run", surrogate, "--output", "parts").exit_code == 143
    assert call("resume", "parts").exit_code == 0
    found, _ = contents("parts/checkpoint.h5")
    assert found["network/projections/0/kernel@current"] == 0.5
    assert_same_run(folder / "whole", folder / "parts")


def test_a_second_signal_does_not_harm_the_checkpoint(config, call, stop_in_training):
    stop_in_training(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
    assert call("run", config, "--output", "run").exit_code == 143
    assert checkpoint.load("run/checkpoint.h5").trainer_state.batch == 1
    assert call("resume", "run").exit_code == 0


def test_a_signal_while_the_data_is_made_ends_the_run_before_it_has_a_folder(
    folder, config, call, monkeypatch
):
    def load(*_, **__):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("genn_delays.experiment.experiment.datasets.load", load)
    result = call("run", config)
    assert result.exit_code == 130
    assert "nothing was changed" in result.stderr
    assert not (folder / "runs").exists()


def kept_of(folder, *names):
    """Nothing but these files of a run folder."""
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


@pytest.mark.parametrize("left", [("config.yaml",), ("config.yaml", "initial.h5", "log.txt")])
def test_a_run_killed_before_its_first_checkpoint_begins_at_the_beginning(
    folder, config, call, left
):
    assert call("run", config, "--output", "whole", *ALL).exit_code == 0
    assert call("run", config, "--output", "parts", *ALL).exit_code == 0
    kept_of(folder / "parts", *left)
    assert call("resume", "parts").exit_code == 0
    assert_same_run(folder / "whole", folder / "parts")


@pytest.mark.parametrize("left", [("config.yaml", "metrics.jsonl"), ("config.yaml", "best.h5")])
def test_a_run_that_has_lost_its_checkpoint_is_not_trained_over(folder, config, call, left):
    call("run", config, "--output", "run")
    kept_of(folder / "run", *left)
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    result = call("resume", "run")
    assert result.exit_code == 2
    assert "no checkpoint run/checkpoint.h5" in result.stderr
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before


def test_a_folder_killed_before_its_configuration_is_taken_by_the_next_run(folder, config, call):
    (folder / "run").mkdir()
    (folder / "run" / ".config-00000000-1-abcdef01.yaml").write_text("model:")
    resumed = call("resume", "run")
    assert resumed.exit_code == 2
    assert "nothing has begun; start it: genn-delays run CONFIG --output run" in resumed.stderr
    assert call("run", config, "--output", "run").exit_code == 0
    assert not any(path.name.startswith(".") for path in (folder / "run").iterdir())


def test_a_signal_between_folder_and_training_leaves_one_that_resumes(
    folder, config, call, monkeypatch
):
    assert call("run", config, "--output", "whole", *ALL).exit_code == 0
    original = RunFolder.begin

    def begin(self, *given):
        signal.raise_signal(signal.SIGTERM)
        original(self, *given)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(RunFolder, "begin", begin)
    stopped = call("run", config, "--output", "parts", *ALL)
    assert stopped.exit_code == 143
    assert "genn-delays resume parts" in stopped.stderr
    assert call("resume", "parts").exit_code == 0
    assert_same_run(folder / "whole", folder / "parts")


def test_a_configuration_without_room_leaves_no_folder(folder, config, call):
    with file_limit(10):
        result = call("run", config, "--output", "run")
    assert result.exit_code == 2
    assert "run/model.sha256 cannot be written" in result.stderr
    assert not (folder / "run").exists()


def test_what_a_killed_run_left_half_written_goes_when_it_goes_on(folder, config, call):
    call("run", config, "--output", "run")
    old, new = ".checkpoint-1-abcdef01.h5", ".best-00000000-1-abcdef01.h5"
    for name in (old, new):
        (folder / "run" / name).write_bytes(b"half")
    assert call("resume", "run").exit_code == 0
    assert not any(path.name.startswith(".") for path in (folder / "run").iterdir())


@pytest.mark.parametrize("damage", ["\n", "{}\n"])
def test_a_blank_line_in_the_metrics_is_kept_and_a_damaged_one_is_named(
    folder, config, call, stop_in_training, damage
):
    call("run", config, "--output", "run")
    path = folder / "run" / "metrics.jsonl"
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\n{damage}{rest}")
    before = path.read_text()
    result = call("resume", "run")
    assert path.read_text() == before
    if damage.strip():
        assert result.exit_code == 2
        assert "metrics.jsonl, line 2: not an entry" in result.stderr
    else:
        assert result.exit_code == 0


def test_signal_handlers_are_as_before_after_a_run(config, call):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    call("run", config, "--output", "run")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_metrics_beyond_the_checkpoint_are_not_doubled(folder, config, call, stop_in_training):
    """A kill may come between the metrics of an epoch and its checkpoint, or within a line."""
    assert call("run", config, "--output", "whole").exit_code == 0
    stop_in_training(signal.SIGTERM)
    call("run", config, "--output", "parts")
    with (folder / "parts" / "metrics.jsonl").open("a") as file:
        whole = {"epoch": 2, "split": "train", "loss": 1, "seconds": 1, "spikes_per_neuron": 0}
        file.write(json.dumps(whole) + '\n{"epoch": 2, "spl')
    assert call("resume", "parts").exit_code == 0
    assert_same_run(folder / "whole", folder / "parts")


def test_resuming_a_finished_run_changes_no_result(folder, config, call):
    call("run", config, "--output", "run")
    before = contents(folder / "run" / "checkpoint.h5")[1], metrics(folder / "run")
    assert call("resume", "run").exit_code == 0
    assert (contents(folder / "run" / "checkpoint.h5")[1], metrics(folder / "run")) == before


def test_a_folder_is_trained_in_by_one_process_at_a_time(config, call):
    call("run", config, "--output", "run")
    with RunFolder.open("run").lock():
        result = call("resume", "run")
    assert result.exit_code == 2
    assert "another process" in result.stderr
    assert call("resume", "run").exit_code == 0


def test_a_killed_run_leaves_a_readable_checkpoint(folder, config, call):
    command = [sys.executable, "-m", "genn_delays", "run", str(config), "--output", "run"]
    process = subprocess.Popen(
        [*command, "--set", "training.epochs=5000"], stderr=subprocess.DEVNULL
    )
    path = folder / "run" / "checkpoint.h5"
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    state = checkpoint.load(path).trainer_state
    finished = max((line["epoch"] for line in RunFolder("run").read_metrics()), default=0)
    assert state.epoch <= finished <= state.epoch + 1
