"""Commands in many processes, as far as it needs no MPI; tests/parallel has the rest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def started_together(number, *words):
    """A command in one of two processes, as Open MPI starts them, where mpi4py cannot be loaded."""
    code = (
        "import sys; sys.modules['mpi4py'] = None; from genn_delays.cli import main; "
        f"sys.argv[1:] = {[str(word) for word in words]!r}; main()"
    )
    environment = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": str(number)}
    environment["OMPI_COMM_WORLD_LOCAL_RANK"] = str(number)
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_many_processes_without_mpi4py_are_an_error_and_not_many_runs(config, folder):
    done = started_together(0, "run", config, "--output", "run")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: 2 processes were started together, but mpi4py cannot")
    assert done.stderr.count("\n") == 2
    assert not (folder / "run").exists()
    other = started_together(1, "run", config, "--output", "run")
    assert (other.returncode, other.stdout, other.stderr) == (2, "", "")


@pytest.mark.parametrize("command", ["sweep", "evaluate", "data"])
def test_other_commands_are_for_one_process(command):
    done = started_together(0, command, "something")
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {command} is for one process, but 2 were started")
    assert done.stderr.count("\n") == 1
    assert started_together(1, command, "something").returncode == 0


def test_a_usage_error_is_told_by_the_first_alone():
    first, other = (started_together(number, "run", "--nonsense") for number in (0, 1))
    assert "No such option" in first.stderr
    assert first.returncode == 2
    assert (other.returncode, other.stderr) == (0, ""), "an error would have mpirun kill the first"
