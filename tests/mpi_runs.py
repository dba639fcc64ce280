"""Commands under mpirun, where this machine has MPI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from genn_delays.support.errors import first_error

ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parent}",
}
PROBE = "from mpi4py import MPI; print('of', MPI.COMM_WORLD.Get_size())"


def mpirun(count: int) -> list[str]:
    """The command that starts so many processes, on as few cores as there are."""
    beside = str(Path(sys.executable).parent)  # the one of a wheel belongs to its library
    program = shutil.which("mpirun", path=f"{beside}:{os.environ.get('PATH', '')}")
    assert program is not None
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    # processes that are bound to a core wait where somebody else is at work on it
    options = ["--oversubscribe", "--bind-to", "none"] if "Open MPI" in version else []
    return [program, *options, "-n", str(count)]


@cache
def missing() -> str:
    """Why nothing can be run under mpirun here; empty where it can."""
    try:
        found = run(2, "-c", PROBE)
    except AssertionError:
        return "there is no mpirun"
    if found.stdout.count("of 2") != 2:
        why = first_error(found.stdout + found.stderr, f"exit code {found.returncode}")
        return f"mpirun and mpi4py do not work together: {why}"
    return ""


def run(count: int, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python with these arguments in so many processes."""
    return subprocess.run(
        [*mpirun(count), sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env={**os.environ, **ENVIRONMENT},
    )
