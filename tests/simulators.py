"""Runs exported scripts where the simulators are: in the interpreter that the environment names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd

VARIABLE = "GENN_DELAYS_SIMULATORS"
DRIVER = """
import importlib.util, sys
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(path[:-3] + "_trials.npz", path[:-3] + "_results.npz")
"""


def interpreter(*modules: str) -> str:
    """The Python that has the simulators; skips the test where there is none."""
    found = os.environ.get(VARIABLE)
    found = found and str(Path(found).absolute())
    if not found:
        pytest.skip(f"{VARIABLE} names no Python with the simulators")
    wanted = "import " + ", ".join(modules)
    tried = subprocess.run([found, "-c", wanted], capture_output=True, text=True, timeout=300)
    if tried.returncode:
        pytest.skip(f"{found} cannot {wanted}: {tried.stderr.strip().splitlines()[-1]}")
    return found


def write_trials(path: Path, events: gd.Events, duration: float, name: str = "input") -> None:
    """Beside the script at a path, what its ``main`` reads."""
    columns = {"time": events.time, "unit": events.unit, "trial": events.trial}
    np.savez(
        path.with_name(f"{path.stem}_trials.npz"),
        duration=duration,
        trials=events.trials,
        **{f"{name}.{key}": column for key, column in columns.items()},
    )


PRELUDES = {
    "arbor": "",
    "brian2": "import brian2; brian2.prefs.codegen.target = 'numpy'",
    "nest": "import nest; nest.verbosity = nest.VerbosityLevel.ERROR",
    "pynn": "import nest; nest.verbosity = nest.VerbosityLevel.ERROR",
}
"""Nothing is compiled, and little is printed."""


def run_scripts(
    python: str, scripts: Sequence[Path], target: str
) -> list[Mapping[str, np.ndarray]]:
    """Run scripts of a target one after the other in one process; what each wrote."""
    done = subprocess.run(
        [python, "-c", PRELUDES[target] + DRIVER, *map(str, scripts)],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [np.load(path.with_name(f"{path.stem}_results.npz")) for path in scripts]
