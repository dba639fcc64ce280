"""The folder of a sweep: what may join it, and what the commands say of wrong input."""

from __future__ import annotations

import json
import shutil
import sys

import own_plugins
import pytest
import yaml

from genn_delays.experiment.config import load_config
from genn_delays.sweep.execution import LastDataset


def refused(result, *said):
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) <= 2, result.output
    for text in said:
        assert text in result.output


def test_an_axis_whose_key_does_not_exist_names_the_nearest(write, call, folder):
    path = write(axes={"training.epoch": [1, 2]}, seeds=[1])
    refused(call(path, "--output", "s"), "sweep.yaml", "training.epoch:", "did you mean 'epochs'")
    path = write(conditions={"a": {"model.args.bais": 1}})
    refused(call(path, "--output", "s"), "run a", "did you mean 'bias'")
    assert not (folder / "s").exists()


def test_a_sweep_may_get_more_runs_but_none_may_change_or_vanish(write, call):
    one = {"a": {"model.args.bias": 0.1}}
    assert call(write(conditions=one), "--output", "s").exit_code == 0
    both = one | {"b": {"model.args.bias": 0.2}}
    said = call(write(conditions=both), "--output", "s")
    assert said.output.startswith("1 of 2 runs to start")
    refused(
        call(write(conditions=one), "--output", "s"), "another sweep", "run b is not in this one"
    )
    changed = both | {"a": {"model.args.bias": 0.3}}
    refused(call(write(conditions=changed), "--output", "s"), "run a is another one here")
    assert "2 runs: 2 done" in call("status", "s").output


def test_a_run_whose_folder_was_removed_is_run_again(write, call, folder):
    path = write(seeds=[1, 2])
    assert call(path, "--output", "s").exit_code == 0
    run = next(entry for entry in (folder / "s").iterdir() if entry.name.endswith("seed2"))
    shutil.rmtree(run)
    assert "1 done" in call("status", "s").output
    assert call(path, "--output", "s").exit_code == 0
    assert "2 runs: 2 done" in call("status", "s").output
    assert (run / "summary.json").is_file()


def test_what_all_runs_share_may_not_change_under_a_sweep(write, call, folder):
    path = write(seeds=[1])
    assert call(path, "--output", "s").exit_code == 0
    refused(call(path, "--output", "s", "--set", "training.epochs=3"), "another sweep")
    assert call(path, "--output", "s", "--set", "backend.threads=1").exit_code == 0
    (folder / "model.py").write_text((folder / "model.py").read_text() + "\n# edited\n")
    refused(call(path, "--output", "s"), "another sweep", "model file")
    refused(call("restart", "s"), "another sweep", "model file")


def test_a_file_that_the_first_run_does_not_name_may_not_change_either(write, call, folder):
    own = folder / "loss.py"
    own.write_text("import genn_delays as gd\n\nclass L(gd.losses.CrossEntropy):\n    pass\n")
    conditions = {"a": {}, "b": {"loss": {"file": "loss.py", "name": "L"}}}
    path = write(conditions=conditions, seeds=[1, 2])
    assert call(path, "--output", "s").exit_code == 0
    shutil.rmtree(folder / "s" / "b-seed2")
    before = own.read_text()
    own.write_text(before + "\n# edited\n")
    said = call(path, "--output", "s")
    assert said.exit_code != 0
    assert "loss.py has been edited since its other runs began" in said.output
    assert not (folder / "s" / "b-seed2" / "config.yaml").exists()
    own.write_text(before)
    assert call("restart", "s").exit_code == 0
    assert "4 runs: 4 done" in call("status", "s").output


def test_a_folder_that_holds_something_else_is_left_alone(write, call, folder):
    (folder / "s").mkdir()
    (folder / "s" / "thesis.tex").touch()
    refused(call(write(), "--output", "s"), "is not the folder of a sweep", "nothing in it was")
    for command in ("status", "restart", "collect"):
        refused(call(command, "s"), "is not the folder of a sweep")


def test_more_gpus_than_there_are_is_refused(write, call, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    refused(call(write(gpus=3), "--output", "s"), "each run needs 3, this machine has 2")
    said = call(write(gpus=1), "--output", "s", "--jobs", 3)
    refused(said, "this machine has 2; give --jobs 2 at most")


def test_without_slurm_or_a_time_limit_nothing_is_submitted(write, call, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed")
    monkeypatch.setenv("PATH", "")
    path = write(minutes=5)
    refused(call(path, "--output", "s", "--on", "slurm"), "there is no Slurm on this machine")
    refused(call(write(), "--output", "s", "--on", "submitit"), "add minutes: N to the sweep file")
    refused(call(write(minutes=2), "--output", "s", "--on", "submitit"), "leave no time to train")


def test_an_extra_that_is_not_installed_is_named(write, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    monkeypatch.setitem(sys.modules, "optuna", None)
    refused(call(write(minutes=5), "--on", "submitit"), "pip install 'genn-delays[slurm]'")
    study = write(axes={"training.dt": [1.0, 2.0]}, search={"name": "tpe", "runs": 2})
    refused(call(study), "pip install 'genn-delays[sweep]'")


def test_a_dry_run_prints_the_runs_and_makes_nothing(write, call, folder):
    said = call(write(axes={"training.dt": [1.0, 2.0]}), "--dry-run", "--output", "s")
    assert said.exit_code == 0
    assert "dt-2.0: training.dt=2.0" in said.output
    assert not (folder / "s").exists()


def test_a_sweep_without_output_lies_beside_others_of_its_folder(write, call, folder):
    assert call(write("some.yaml")).exit_code == 0
    assert (folder / "runs" / folder.name / "some" / "run" / "summary.json").is_file()


def test_nothing_to_collect_is_said(write, call):
    path = write(conditions={"a": {"model.args.accident": "fail", "model.args.note": "note"}})
    assert call(path, "--output", "s").exit_code == 2
    refused(call("collect", "s"), "no run is done yet")


def test_an_error_that_is_no_mistake_of_the_user_has_its_traceback_in_the_log(write, call, folder):
    path = write(conditions={"a": {"model.args.accident": "break", "model.args.note": "note"}})
    refused_run = call(path, "--output", "s")
    assert refused_run.exit_code == 2
    assert "broken" in (folder / "s" / "sweep" / "logs" / "a.txt").read_text()


def test_the_table_of_a_task_without_classes_shows_the_loss(write, call, folder):
    assert call(write(seeds=[1, 2]), "--output", "s").exit_code == 0
    for seed in (1, 2):
        path = folder / "s" / f"seed{seed}" / "summary.json"
        summary = yaml.safe_load(path.read_text())
        summary |= {"test_accuracy": None, "validation_accuracy": None, "test_loss": 0.5 * seed}
        path.write_text(json.dumps(summary))
    rows = call("collect", "s").output.splitlines()
    assert rows[0].startswith("| experiment | test loss, mean ± sd (seeds) | n | parameters |")
    assert rows[2].startswith("| all | 0.75 ± 0.3536 (0.5, 1) | 2 |")


def test_data_of_a_user_s_file_are_made_for_each_run(folder):
    """The file may be edited between two runs of a worker."""
    config = load_config(own_plugins.write(folder))
    last = LastDataset()
    assert last(config) is not last(config)


def test_a_dry_run_says_what_the_real_one_would_say_of_its_folder(write, call, folder):
    (folder / "s").mkdir()
    (folder / "s" / "thesis.tex").touch()
    path = write()
    said = [call(path, "--output", "s", *words) for words in ((), ("--dry-run",))]
    refused(said[1], "is not the folder of a sweep")
    assert said[0].output == said[1].output
    assert call(write(seeds=[1]), "--output", "t").exit_code == 0
    other = [call(write(seeds=[2]), "--output", "t", *words) for words in ((), ("--dry-run",))]
    refused(other[1], "another sweep", "run seed1 is not in this one")
    assert other[0].output == other[1].output


def test_a_run_that_failed_names_its_log_wherever_it_is_spoken_of(write, call, folder):
    accident = {"model.args.accident": "break", "model.args.note": "note"}
    path = write(conditions={"a": accident, "b": {}})
    said = call(path, "--output", "s", "--jobs", 1)
    log = "s/sweep/logs/a.txt"
    lines = [line for line in said.output.splitlines() if line.endswith(f"log: {log}")]
    assert len(lines) == 2  # when it ends, and at the end
    assert "1 of 2 runs failed or were killed; the first: a" in lines[1]
    (line,) = (each for each in call("status", "s").output.splitlines() if "failed, att" in each)
    assert line.endswith(f"log: {log}")
    assert "RuntimeError: broken" in (folder / log).read_text()
    (folder / "s").rename(folder / "moved")
    assert "log: moved/sweep/logs/a.txt" in call("status", "moved").output


def test_a_table_says_how_many_runs_are_not_in_it_and_why(write, call, folder):
    hit = {
        what: {"model.args.accident": what, "model.args.note": what} for what in ("fail", "kill")
    }
    path = write(conditions={"a": {}, **hit}, seeds=[1])
    assert call(path, "--output", "s").exit_code == 2
    said = call("collect", "s")
    last = "2 of 3 runs are missing: 1 killed, 1 failed"
    assert said.output.splitlines()[-1] == last
    assert (folder / "s" / "table.md").read_text().splitlines()[-1] == last
    assert call("restart", "s").exit_code == 0
    assert "missing" not in call("collect", "s").output
