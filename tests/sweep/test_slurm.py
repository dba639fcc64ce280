"""Jobs of a real Slurm, on this host: arrays, kills, time limits and scripts of sbatch."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_folders import assert_same_sweep
from slurm_cluster import cluster, missing

import genn_delays

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"Slurm is not installed: no {missing()[:1]}"),
]
SCRIPT = Path(__file__).parents[2] / "docs" / "cluster.md"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Runs a program of Slurm; there is a cluster, whose jobs find this package."""
    monkeypatch.setenv("PYTHONPATH", str(Path(genn_delays.__file__).parents[1]))
    with cluster(tmp_path / "cluster") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def run(*command: object) -> str:
            words = [str(word) for word in command]
            return subprocess.run(words, capture_output=True, text=True, check=True).stdout

        yield run
        run("scancel", "--user", str(os.getuid()))


def finish(slurm, seconds=400.0):
    """Wait until no job is left; requeued ones wait for seconds instead of two minutes.

    Not for less: the node refuses a job that it is just about to end.
    """
    end, hastened = time.monotonic() + seconds, set()
    while lines := slurm("squeue", "--noheader", "--array", "--format=%A %t %r").split("\n")[:-1]:
        assert time.monotonic() < end, lines
        for number, state, reason in (line.split(maxsplit=2) for line in lines):
            if state == "PD" and reason == "BeginTime" and number not in hastened:
                slurm("scontrol", "update", f"JobId={number}", "StartTime=now+8")
                hastened.add(number)
        time.sleep(0.5)


def test_workers_submitit_and_an_array_of_slurm_come_to_equal_tables_and_bits(
    slurm, write, call, attempts, folder
):
    pytest.importorskip("submitit", reason="submitit is not installed")
    path = write(
        axes={"model.args.bias": [0.0, 0.5]},
        seeds=[1, 2],
        set={"training.epochs": 3},
        minutes=5,
        slurm={"partition": "all"},
    )
    for where in ("here", "submitit", "slurm"):
        said = call(path, "--output", where, "--on", where, "--jobs", 2)
        assert said.exit_code == 0, said.output
    finish(slurm)
    assert call("collect", "slurm").exit_code == 0
    for where in ("submitit", "slurm"):
        assert len(assert_same_sweep(folder / "here", folder / where)) == 4
        assert set(map(tuple, attempts(where).values())) == {("done",)}


def test_an_array_with_a_kill_and_a_time_limit_is_completed_and_equal_to_an_uninterrupted_sweep(
    slurm, write, call, attempts, folder
):
    pytest.importorskip("submitit", reason="submitit is not installed")
    hit = {
        what: {"model.args.accident": what, "model.args.note": str(folder / what)}
        for what in ("kill", "wait")
    }
    path = write(
        conditions={"plain": {}, **hit},
        seeds=[1, 2],
        set={"training.epochs": 3},
        minutes=1,
        slurm={"lead": 15, "partition": "all"},
    )
    said = call(path, "--output", "jobs", "--on", "slurm", "--jobs", 2)
    assert said.exit_code == 0, said.output
    assert "6 jobs" in said.output
    finish(slurm)
    ends = attempts("jobs")
    assert sorted(map(tuple, ends.values())) == [
        ("done",),
        ("done",),
        ("done",),
        ("done",),
        ("open",),
        ("stopped", "done"),
    ]
    assert "5 done, 1 killed" in call("status", "jobs").output
    assert "1 of 6 runs to start" in call("restart", "jobs", "--on", "slurm").output
    finish(slurm)
    assert call(path, "--output", "here").exit_code == 0  # the notes are there: nothing happens
    assert call("collect", "jobs").exit_code == 0
    assert len(assert_same_sweep(folder / "here", folder / "jobs")) == 6


def test_the_script_of_the_documentation_goes_on_after_its_signal(slurm, write, call, folder):
    write()
    wait = f"--set model.args.accident=wait --set model.args.note={folder}/note"
    script = job_script().replace("genn-delays run", f"{sys.executable} -m genn_delays run")
    script = script.replace("experiment.yaml", f"experiment.yaml {wait}")
    (folder / "job.sh").write_text(script)
    number = slurm("sbatch", "job.sh").split()[-1]
    while not (folder / "runs" / "mine" / "checkpoint.h5").exists():
        time.sleep(0.2)
    slurm("scancel", "--signal=USR1", number)
    finish(slurm)
    output = (folder / f"slurm-{number}.out").read_text()
    assert "Stopped; go on with" in output
    assert "going on in runs/mine" in output
    assert (folder / "runs" / "mine" / "summary.json").is_file()


def job_script() -> str:
    """The script for sbatch in docs/cluster.md."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    first = lines.index("    #!/bin/bash")
    block = []
    for line in lines[first:]:
        if line and not line.startswith("    "):
            break
        block.append(line[4:])
    return "\n".join(block) + "\n"
