"""Studies of optuna: made from the run folders, gone on with, and given up early."""

from __future__ import annotations

import json

import pytest

optuna = pytest.importorskip("optuna", reason="optuna is not installed")

from genn_delays.experiment.run_folder import RunFolder  # noqa: E402
from genn_delays.sweep import study as module  # noqa: E402
from genn_delays.sweep.folder import SweepFolder  # noqa: E402

AXES = {
    "model.args.bias": {"range": [0.0, 1.0]},
    "optimiser.delay.lr": {"log": [0.01, 10.0]},
    "training.batch_size": [2, 4],
}


def test_a_study_runs_its_trials_once_and_knows_them_from_their_folders(write, call, attempts):
    path = write(
        axes=AXES,
        conditions={"a": {}, "b": {"training.dt": 2.0}},
        seeds=[3],
        search={"name": "tpe", "runs": 6, "seed": 1},
    )
    assert call(path, "--output", "s").exit_code == 0
    assert attempts("s") == {f"trial-{n:04d}": ["done"] for n in range(6)}
    folder = SweepFolder.open(path.parent / "s")
    study, trials = module._study(folder)
    assert len(study.trials) == 6
    for name, trial in trials.items():
        config = RunFolder.open(folder.path / name).load_config()
        assert config.model.args["bias"] == trial.params["model.args.bias"]
        assert config.training.batch_size == json.loads(trial.params["training.batch_size"])
        assert config.training.dt == (2.0 if trial.params["condition"] == "b" else 1.0)
        assert config.training.seed == 3
        assert trial.value == max(trial.intermediate_values.values())
    rows = call("collect", "s").output.splitlines()
    assert rows[0].startswith("| condition | bias | lr | batch_size | test accuracy")
    assert len(rows) == 2 + 6
    assert call(path, "--output", "s").output.startswith("0 of 6 runs to start")


def test_a_killed_trial_goes_on_with_the_settings_it_was_given(write, call, attempts, folder):
    hit = {"a": {"model.args.accident": "kill", "model.args.note": "note"}}
    path = write(axes=AXES, conditions=hit, search={"name": "tpe", "runs": 2})
    assert call(path, "--output", "s", "--jobs", 1).exit_code == 2
    given = (folder / "s" / "sweep" / "trials" / "trial-0000.json").read_text()
    assert attempts("s") == {"trial-0000": ["killed"], "trial-0001": ["done"]}
    assert call("restart", "s").exit_code == 0
    assert attempts("s")["trial-0000"] == ["killed", "done"]
    assert (folder / "s" / "sweep" / "trials" / "trial-0000.json").read_text() == given


def test_a_trial_below_the_median_of_earlier_ones_is_given_up(write, call, attempts, monkeypatch):
    path = write(axes=AXES, set={"training.epochs": 4}, search={"name": "tpe", "runs": 3})
    scores = module._scores
    worse = {"trial-0002": -1.0}
    monkeypatch.setattr(module, "STARTUP", 2)
    monkeypatch.setattr(
        module,
        "_scores",
        lambda folder, name: {e: worse.get(name, 1.0) for e in scores(folder, name)},
    )
    said = call(path, "--output", "s", "--jobs", 1)
    assert said.exit_code == 0
    assert attempts("s") == {
        "trial-0000": ["done"],
        "trial-0001": ["done"],
        "trial-0002": ["pruned"],
    }
    folder = SweepFolder.open(path.parent / "s")
    assert len(folder.run_folder("trial-0002").read_metrics()) == 2  # both splits of one epoch
    assert call("restart", "s").output.startswith("0 of 3 runs to start")
    assert "3 runs: 2 done, 1 pruned" in call("status", "s").output


def test_ends_of_an_axis_that_make_no_configuration_are_refused_before_any_run(write, call, folder):
    path = write(axes={"training.dt": {"range": [-1.0, 1.0]}}, search={"name": "tpe", "runs": 2})
    said = call(path, "--output", "s")
    assert said.exit_code == 2
    assert "training.dt" in said.output
    assert not (folder / "s").exists()
