"""Jobs by submitit without Slurm: what is interrupted goes on, and comes to the same."""

from __future__ import annotations

import os

import pytest
from run_folders import assert_same_run, assert_same_sweep

submitit = pytest.importorskip("submitit", reason="submitit is not installed")

from genn_delays.sweep.folder import SweepFolder  # noqa: E402
from genn_delays.sweep.jobs import RunJob  # noqa: E402


def test_submitit_and_workers_come_to_equal_tables_and_bits(write, call, attempts, folder):
    path = write(axes={"model.args.bias": [0.0, 0.5]}, minutes=5)
    assert call(path, "--output", "here").exit_code == 0
    assert call(path, "--output", "jobs", "--on", "submitit", "--jobs", 2).exit_code == 0
    assert len(assert_same_sweep(folder / "here", folder / "jobs")) == 2
    assert set(map(tuple, attempts("jobs").values())) == {("done",)}


def test_a_job_that_is_told_to_stop_writes_its_checkpoint_and_is_requeued(write, call, attempts):
    accident = {"model.args.accident": "usr2", "model.args.note": "note"}
    path = write(conditions={"a": accident}, set={"training.epochs": 3}, minutes=5)
    assert call(path, "--output", "jobs", "--on", "submitit").exit_code == 0
    assert attempts("jobs") == {"a": ["stopped", "done"]}
    assert call(path, "--output", "here").exit_code == 0  # the note is there: nothing happens
    assert_same_run(SweepFolder.open(path.parent / "here").path / "a", path.parent / "jobs" / "a")


def test_a_run_that_is_done_or_in_other_hands_is_not_run_by_a_job(write, call, attempts):
    path = write(seeds=[1, 2])
    assert call(path, "--output", "s").exit_code == 0
    folder = SweepFolder.open(path.parent / "s")
    assert RunJob(folder.path, "seed1")() == "done"
    (folder.path / "seed2" / "summary.json").unlink()
    folder.attempts.claim("seed2", 1)
    assert RunJob(folder.path, "seed2")() == "taken"
    assert not (folder.path / "seed2" / "summary.json").exists()


def test_what_a_job_asks_for_reaches_sbatch(write, folder, call, monkeypatch):
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "srun").touch()
    (bin_ / "sbatch").write_text('#!/bin/sh\ncp "$1" script\necho Submitted batch job 42\n')
    for name in ("sbatch", "srun"):
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    slurm = {
        "partition": "gpu",
        "account": "me",
        "gres": "gpu:h100:2",
        "cpus": 4,
        "memory": "8GB",
        "lead": 60,
        "other": {"nice": 10},
    }
    path = write(seeds=[1, 2, 3], gpus=2, minutes=30, slurm=slurm)
    said = call(path, "--output", "s", "--on", "slurm", "--jobs", 2)
    assert "submitted as job array 42, 3 jobs" in said.output
    lines = (folder / "script").read_text().splitlines()
    for option in (
        "partition=gpu",
        "account=me",
        "gres=gpu:h100:2",
        "cpus-per-task=4",
        "mem=8GB",
        "time=30",
        "signal=USR2@60",
        "array=0-2%2",
        "nice=10",
        "open-mode=append",
        "requeue",
    ):
        assert f"#SBATCH --{option}" in lines, option
    assert not any("gpus-per-node" in line for line in lines)


def test_a_job_that_fails_names_its_log(write, call, folder):
    path = write(
        conditions={"a": {"model.args.accident": "break", "model.args.note": "n"}}, minutes=5
    )
    said = call(path, "--output", "s", "--on", "submitit")
    assert said.exit_code == 2
    log = said.output.partition("the first: a; log: ")[2].splitlines()[0]
    assert log.startswith("s/sweep/logs/submitit/")
    assert "RuntimeError: broken" in (folder / log).read_text()
