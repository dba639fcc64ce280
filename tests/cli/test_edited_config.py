"""The config.yaml of a run folder describes the run: what was edited is said, or refused."""

from __future__ import annotations

import json

import h5py
import pytest
import yaml

from genn_delays.experiment import checkpoint
from genn_delays.experiment.config import load_config
from genn_delays.experiment.config_changes import accepted_changes, as_attribute
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support.errors import CheckpointError


@pytest.fixture
def edit(config, call):
    """Trains a run, then changes keys of its configuration."""
    assert call("run", config, "--output", "run").exit_code == 0
    path = RunFolder("run").config

    def apply(**changes):
        values = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            section, _, name = key.partition("__")
            values[section][name] = value
        path.write_text(yaml.safe_dump(values))

    return apply


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model.args.max_delay", 30, "model.args.max_delay is 30"),
        ("model.args.tau_mem", 5.0, "model.args.tau_mem is 5.0, was 20.0"),
        ("data", {"name": "yin_yang"}, 'data.name is "yin_yang", was "sequence"'),
        ("data.args.train", 8, "data.args.train is 8, was 6"),
        ("data.augment", [{"name": "time_shift", "max": 3}], "data.augment is [{"),
        ("gradient", "surrogate", 'gradient.name is "surrogate", was "eventprop"'),
        ("readout", "mean_voltage", 'readout.name is "mean_voltage", was "max_voltage"'),
        ("loss.scale", 4, "loss.scale is 4.0, was 5.0"),
        ("training.dt", 0.5, "training.dt is 0.5, was 1.0"),
        ("training.duration", 50, "training.duration is 50.0, was null"),
        ("training.seed", 2, "training.seed is 2, was 1"),
        ("training.batch_size", 2, "training.batch_size is 2, was 4"),
        ("training.precision", "float64", 'training.precision is "float64", was "float32"'),
        ("optimiser.delay", {"lr": 0.5}, "optimiser.delay.lr is 0.5, was 1"),
        ("rewiring", ["set"], "rewiring is [{"),
    ],
)
def test_what_changes_the_network_the_data_or_learning_is_refused(config, key, value, said):
    before = as_attribute(load_config(config))
    edited = load_config(config, [f"{key}={json.dumps(value)}"])
    with pytest.raises(CheckpointError, match="write the old values back") as caught:
        accepted_changes(edited, before, config)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("key", ["epochs=5", "early_stopping={patience: 3}"])
def test_when_training_ends_may_be_edited(config, key):
    before = as_attribute(load_config(config))
    (said,) = accepted_changes(load_config(config, [f"training.{key}"]), before, config)
    assert said.startswith(f"training.{key.split('=')[0]} is ")


def test_the_same_values_written_otherwise_are_no_difference(config):
    before = json.loads(json.dumps(as_attribute(load_config(config))))
    same = ["training.dt=1e0", "loss={scale: 5.0, name: cross_entropy}", "data.args.duration=40.0"]
    assert accepted_changes(load_config(config, same), before, config) == []


def test_every_difference_is_named_and_nothing_is_changed(folder, call, edit):
    edit(training__dt=0.5, training__seed=3, training__epochs=4)
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    for command in ("resume", "evaluate"):
        result = call(command, "run")
        assert result.exit_code == 2
        for said in ("training.dt is 0.5, was 1.0", "training.seed is 3, was 1"):
            assert said in result.stderr
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before


def test_more_epochs_are_accepted_said_and_recorded(folder, call, edit, caplog):
    edit(training__epochs=5, backend__threads=1)
    assert call("resume", "run").exit_code == 0
    log = (folder / "run" / "log.txt").read_text()
    for said in ("training.epochs is 5, was 3", "backend.threads is 1, was null"):
        assert said in caplog.text
        assert said in log
    state = checkpoint.load("run/checkpoint.h5")
    assert state.trainer_state.epoch == 5
    assert state.attributes["config"]["training"]["epochs"] == 5
    caplog.clear()
    assert call("resume", "run").exit_code == 0
    assert caplog.text == ""
    assert call("evaluate", "run").exit_code == 0


@pytest.mark.parametrize("attributes", ["{}", '{"config": {"training": 3}}'])
def test_a_checkpoint_without_its_configuration_goes_on_and_a_damaged_one_is_named(
    call, edit, attributes
):
    edit(training__epochs=4)
    with h5py.File("run/checkpoint.h5", "a") as file:
        file["attributes"][...] = attributes
    result = call("resume", "run")
    if attributes == "{}":
        assert result.exit_code == 0
        assert checkpoint.load("run/checkpoint.h5").attributes["config"]["training"]["epochs"] == 4
    else:
        assert result.exit_code == 2
        assert "configuration in the checkpoint is damaged" in result.stderr
