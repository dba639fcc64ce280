"""What benchmarks/gpu reads, counts and leaves behind; none of it needs a device or PyGeNN."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PTXAS = """\
ptxas info    : Compiling entry function 'updateNeuronsKernel' for 'sm_90'
ptxas info    : Function properties for updateNeuronsKernel
    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 55 registers, used 1 barriers, 528 bytes smem
ptxas info    : Compiling entry function 'customUpdateclear' for 'sm_90'
ptxas info    : Function properties for customUpdateclear
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers
"""


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: import_module(f"gpu.{name}")


def test_what_kernels_take_is_read_from_the_compiler(load, tmp_path):
    resources = load("resources")
    assert dict(resources.kernels(PTXAS)) == {
        "updateNeuronsKernel": {"registers": 55, "spill_bytes": 12, "shared_bytes": 528},
        "customUpdateclear": {"registers": 32, "spill_bytes": 0, "shared_bytes": 0},
    }
    body = "void push() { a<<<1, 2>>>(); }\nvoid %s(double t) { b<<<1, 2>>>(); c<<<1, 2>>>(t); }"
    for file, function in resources.STEPPED.items():
        name = function.removeprefix("void ")
        (tmp_path / f"{file}.cc").write_text(body % name)
    assert resources.launches(tmp_path) == 4


def test_the_floor_counts_every_visit_and_every_byte(load):
    """2 trials of 5 spikes onto 3 neurons in the one layer, by hand."""
    floor, networks = load("floor"), load("networks")
    name = "700-512-20, delays to 64"
    row = replace(networks.CASES[name].row, sizes=(4, 3, 2), spikes=5, steps=10, max_delay=3)
    case = networks.Case(row)
    events = floor.sent(case, case.network())
    assert events["input"] == 5 * networks.BATCH
    found = floor.floor(case)
    hidden = sum(events.values()) - events["input"]  # the readout has none
    visits = 2 * (events["input"] * 3 + hidden * 2)
    assert found.visits == pytest.approx(visits)
    assert found.gradients == 4 * 2 * (4 * 3 + 3 * 2) * networks.BATCH * 2
    assert found.launches == 4 * (2 * 10 + 3)


def test_a_step_that_fails_or_is_missing_loses_nothing(load, tmp_path, monkeypatch, capsys):
    node = load("node")
    step = lambda name, code, **options: node.Step(  # noqa: E731
        name, [[sys.executable, "-c", code]], 60.0, **options
    )
    steps = [
        step("fails", "print('said before'); raise SystemExit(3)"),
        step("absent", "", programs=["no-such-program"], modules=["no_such_module"]),
        node.Step("endless", [[sys.executable, "-c", "import signal; signal.pause()"]], 0.1),
        step("last", "print('said last')"),
    ]
    monkeypatch.setattr(node, "steps", lambda backend, size: steps)
    monkeypatch.setattr(node, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["node"])
    node.main()
    ended = {
        name: one["ended"]
        for name, one in json.loads((tmp_path / "node.json").read_text())["steps"].items()
    }
    assert ended == {
        "fails": "exit code 3",
        "absent": "not run: the program no-such-program, no_such_module is not here",
        "endless": "timed out",
        "last": "ok",
    }
    assert "said before" in (tmp_path / "fails.txt").read_text()
    assert "said last" in (tmp_path / "last.txt").read_text()
    assert "| last |" in capsys.readouterr().out


def test_every_step_of_a_node_names_what_it_runs(load):
    node = load("node")
    made = {step.name: step for step in node.steps("genn-cuda", 256)}
    assert list(made)[:4] == ["facts", "doctor", "smoke", "build"]
    assert len(made["build"].commands) == 4
    assert all(step.limit <= node.WHOLE for step in made.values())
    files = {command[-1] for name in ("parity", "tests") for command in made[name].commands}
    assert str(Path(__file__)) in files


def test_a_bare_node_needs_five_packages_besides_pygenn():
    """What an interpreter has with numpy, scipy, h5py, pydantic and jinja2 is enough."""
    absent = ["click", "yaml", "tqdm", "matplotlib", "soundfile", "pytest", "hypothesis", "torch"]
    modules = [f"gpu.{path.stem}" for path in (BENCHMARKS / "gpu").glob("*.py")]
    modules = [name for name in modules if name not in ("gpu.dilated", "gpu.__init__")]
    modules += ["genn_delays.backends.genn.simulation", "genn_delays.backends.genn.compiler"]
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); import {', '.join(modules)}"
    paths = os.pathsep.join([str(BENCHMARKS.parent), str(BENCHMARKS)])
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
