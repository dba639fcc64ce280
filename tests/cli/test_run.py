"""A whole run, and what its folder holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from flushed import Disk

import genn_delays as gd
from genn_delays.cli import cli
from genn_delays.experiment import run as run_module
from genn_delays.training.by_sign import by_sign


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_a_complete_folder_and_says_where(folder, config, call):
    result = call("run", config)
    assert result.exit_code == 0, result.output
    (run,) = (folder / "runs").iterdir()
    assert run.name.startswith("sequence-")
    assert "test accuracy: 100.00 %" in result.stdout
    assert f"run folder: runs/{run.name}" in result.stdout
    assert f"picture:    runs/{run.name}/training.png" in result.stdout
    assert {path.name for path in run.iterdir()} == {
        "config.yaml",
        "model.py",
        "model.sha256",
        "metrics.jsonl",
        "initial.h5",
        "checkpoint.h5",
        "best.h5",
        "summary.json",
        "training.png",
        "log.txt",
    }


def test_every_file_of_a_run_is_on_the_disk_when_the_run_ends(folder, config, call, monkeypatch):
    """Each that is written as a whole before it gets its name; the others to their last line."""
    disk = Disk(monkeypatch)
    result = call("run", config, "--output", "run", "--set", "backend.name=native")
    assert result.exit_code == 0, result.output
    run = folder / "run"
    lengthened = {run / "log.txt", run / "metrics.jsonl"}
    assert {path for path in run.iterdir() if not disk.holds(path)} == set()
    assert disk.holds(run)
    assert set(run.iterdir()) - lengthened <= set(disk.named)
    (engine,) = (path for path in disk.named if path.suffix == ".so")
    assert disk.holds(engine)


def test_the_order_of_two_spikes_is_learnt_from_the_worst_delays_by_delays_alone(folder, call):
    experiment = Path(__file__).parents[2] / "experiments" / "sequence.yaml"
    result = call("run", experiment, "--output", "run", "--set", "backend.name=reference")
    assert result.exit_code == 0, result.output
    assert lines_of(folder / "run")[0]["accuracy"] == 0.0
    assert "test accuracy: 100.00 %" in result.stdout
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert summary["parameters"] == {"weights": 0, "delays": 4}


def test_metrics_have_a_line_per_epoch_and_split(folder, config, call):
    call("run", config, "--output", "run")
    lines = lines_of(folder / "run")
    assert [(line["epoch"], line["split"]) for line in lines] == [
        (epoch, split) for epoch in (1, 2, 3) for split in ("train", "validation")
    ]
    every = {"epoch", "split", "loss", "accuracy", "seconds", "spikes_per_neuron"}
    for line in lines:
        assert set(line) == (every | {"signs"} if line["split"] == "train" else every)


def test_the_line_of_training_has_the_delays_and_weights_of_each_sign(folder, config, call):
    call("run", config, "--output", "run", "--set", "training.epochs=1")
    line = lines_of(folder / "run")[0]
    assert line["signs"]["input->output"]["excitatory"]["synapses"] == 4
    assert line["signs"] == by_sign(gd.checkpoint.load("run/checkpoint.h5").network)


def test_the_summary_tells_outcome_size_and_circumstances(folder, config, call):
    call("run", config, "--output", "run")
    text = (folder / "run" / "summary.json").read_text()
    summary = json.loads(text)
    assert summary["test_accuracy"] == 1.0
    assert summary["parameters"] == {"weights": 4, "delays": 4}
    assert summary["backend"] == "reference"
    assert {"numpy", "python", "genn-delays"} <= set(summary["versions"])
    assert set(summary["machine"]) == {"system", "processor", "cores"}
    assert str(folder) not in text


def test_the_recorded_configuration_repeats_the_run(folder, config, call):
    call("run", config, "--output", "first", "--set", "training.seed=7")
    assert call("run", "first/config.yaml", "--output", "second").exit_code == 0
    assert (folder / "first/config.yaml").read_text() == (folder / "second/config.yaml").read_text()
    with h5py.File("first/checkpoint.h5") as one, h5py.File("second/checkpoint.h5") as two:
        name = "network/projections/0/delay"
        assert (one[name][()] == two[name][()]).all()


def test_a_log_file_has_no_carriage_returns(folder, config, call):
    result = call("run", config, "--output", "run")
    log = (folder / "run" / "log.txt").read_bytes()
    assert log.count(b"\n") >= 4
    assert b"\r" not in log
    assert "\r" not in result.output


def test_runs_started_together_do_not_disturb_each_other(folder, config):
    command = [sys.executable, "-m", "genn_delays", "run", str(config)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert outputs[0] != outputs[1]
    runs = sorted((folder / "runs").iterdir())
    assert len(runs) == 2
    assert [len(lines_of(run)) for run in runs] == [6, 6]


def test_evaluate_changes_nothing_and_agrees_with_the_summary(folder, config, call):
    call("run", config, "--output", "run")
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    result = call("evaluate", "run")
    assert result.exit_code == 0
    summary = json.loads(before["summary.json"])
    measured = json.loads(result.stdout)
    assert measured["split"] == "test"
    assert measured["loss"] == summary["test_loss"]
    assert measured["epoch"] == summary["best_epoch"]
    best = [line for line in lines_of(folder / "run") if line["epoch"] == summary["best_epoch"]]
    accuracy = {line["split"]: line["accuracy"] for line in best}
    assert accuracy["validation"] == summary["validation_accuracy"]
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before


def test_runs_and_their_folders_survive_the_model_file(folder, config, call):
    model = folder / "model.py"
    values = config.read_text().splitlines()
    source = next(line for line in values if "feedforward.py" in line).split("file:")[1].strip()
    model.write_text(Path(source).read_text())
    assert call("run", config, "--output", "run", "--set", "model.file=model.py").exit_code == 0
    model.unlink()
    assert call("evaluate", "run").exit_code == 0
    assert call("resume", "run").exit_code == 0


def test_every_command_has_help(call):
    assert "143" in call("--help").stdout
    for name, command in cli.commands.items():
        result = call(name, "--help")
        assert result.exit_code == 0
        assert command.help.splitlines()[0] in " ".join(result.stdout.split())


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_test_split_is_measured_with_the_network_that_evaluate_reads(
    folder, config, call, monkeypatch, epochs
):
    """It is read back only where the best epoch is not the last one."""
    monkeypatch.setattr("genn_delays.figures.plot_run", lambda _: None)  # reads them too
    read, load = [], run_module.checkpoint.load
    monkeypatch.setattr(run_module.checkpoint, "load", lambda p: read.append(p.name) or load(p))
    still = "optimiser={weight: {lr: 1e-30}, delay: {lr: 1e-30}}"  # so that the first is the best
    words = ("--set", f"training.epochs={epochs}", "--set", still)
    assert call("run", config, "--output", "r", *words).exit_code == 0
    summary = json.loads((folder / "r" / "summary.json").read_text())
    last = summary["best_epoch"] == epochs
    assert last is (epochs == 1)
    assert read == ([] if last else ["best.h5"])
    told = json.loads(call("evaluate", "r").stdout)
    for what in ("accuracy", "loss", "spikes_per_neuron"):
        assert told[what] == summary[f"test_{what}"]
    assert told["epoch"] == summary["best_epoch"]
    same = (folder / "r" / "best.h5").read_bytes() == (folder / "r" / "checkpoint.h5").read_bytes()
    assert same is last
