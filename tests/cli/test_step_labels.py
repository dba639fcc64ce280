"""A class for every step goes through a whole run: batches, accuracy, resuming, pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import load_dataset, make_network, prepare

MODEL = """
import genn_delays as gd

def build(*, inputs: int, outputs: int, seed: int):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.LIF(300.0, 10.0), 5)
    net.add_population("output", gd.LeakyReadout(50.0, 10.0), outputs)
    net.connect("input", "hidden", weight=gd.init.Normal(1.0, 1.0))
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 1.0))
    return net
"""
COUNTED = [[15, 25], [30, 40]]


@pytest.fixture
def steps(folder):
    """Two epochs of three batches, the last of which is smaller."""
    (folder / "model.py").write_text(MODEL)
    values = {
        "model": {"file": "model.py"},
        "data": {"name": "mts_xor", "args": {"train": 10, "validation": 6, "test": 6}},
        "readout": {"name": "voltage_trace"},
        "loss": {"name": "step_cross_entropy", "scale": 2, "counted": COUNTED},
        "training": {"epochs": 2, "batch_size": 4, "dt": 10},
        "backend": {"name": "reference"},
    }
    path = folder / "steps.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_run_with_a_class_for_each_step_is_counted_by_steps_evaluated_and_drawn(
    folder, steps, call
):
    result = call("run", steps, "--output", "run")
    assert result.exit_code == 0, result.output
    summary = json.loads((folder / "run" / "summary.json").read_text())
    evaluated = call("evaluate", "run")
    assert evaluated.exit_code == 0, evaluated.output
    assert f"{100 * summary['test_accuracy']:.2f} %" in result.stdout
    # 20 steps count in each of 6 trials
    assert (summary["test_accuracy"] * 120) % 1 == pytest.approx(0.0, abs=1e-9)
    assert call("plot", "run").exit_code == 0
    config = load_config(folder / "run" / "config.yaml")
    assert config.loss.counted == ((15, 25), (30, 40))


def test_accuracy_is_that_of_the_counted_steps_of_all_batches(steps):
    config = load_config(steps)
    dataset = load_dataset(config)
    experiment = prepare(config, dataset, make_network(config, dataset))
    experiment.simulation.load(experiment.network)
    found = experiment.trainer.evaluate("train")
    counted = np.r_[15:25, 30:40]
    right = []
    for trial in range(10):
        outputs = experiment.simulation.forward(dataset.train.batch([trial]), training=False)
        classes = outputs[0].argmax(axis=1)
        right.append(classes[counted] == dataset.train.labels[trial, counted])
    assert found.accuracy == pytest.approx(np.mean(right))


def test_a_run_with_a_class_for_each_step_goes_on_bit_for_bit(folder, steps, call):
    call("run", steps, "--output", "whole")
    call("run", steps, "--output", "parts", "--set", "training.epochs=1")
    text = (folder / "parts" / "config.yaml").read_text()
    (folder / "parts" / "config.yaml").write_text(text.replace("epochs: 1", "epochs: 2"))
    assert call("resume", "parts").exit_code == 0
    whole, parts = (
        json.loads((folder / name / "summary.json").read_text()) for name in ("whole", "parts")
    )
    for name in ("test_accuracy", "validation_accuracy", "test_loss"):
        assert whole[name] == parts[name]


def test_a_loss_of_one_class_per_trial_is_refused_in_short(steps, call):
    result = call("run", steps, "--output", "run", "--set", "loss=cross_entropy")
    assert result.exit_code != 0
    assert "CrossEntropy takes outputs (trials, classes)" in result.output


def test_a_trial_of_another_length_than_its_labels_is_refused_with_the_setting(steps, call):
    result = call("run", steps, "--output", "run", "--set", "training.duration=1200")
    assert result.exit_code != 0
    assert "is training.duration that of the data set?" in result.output
