from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from genn_delays.cli import cli

MODEL = """
import os, signal
import genn_delays as gd
from dataclasses import dataclass
from pathlib import Path


armed = []

@dataclass(frozen=True)
class Loss(gd.losses.CrossEntropy):
    def __call__(self, *args):
        if armed:
            what = armed.pop()
            signal.raise_signal(what) if what else signal.pause()  # until a signal comes
        return super().__call__(*args)

def happens(what, note):
    # to the one process that makes the note
    try:
        Path(note).open("x").close()
    except FileExistsError:
        return
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "usr2":  # the next loss that is evaluated, in the middle of an epoch
        armed.append(signal.SIGUSR2)
    if what == "wait":
        armed.append(0)
    if what == "limit":
        signal.raise_signal(signal.SIGUSR1)
    if what == "fail":
        raise ValueError("no such luck")
    if what == "break":
        raise RuntimeError("broken")

def build(*, inputs: int, outputs: int, seed: int, bias: float = 0.0, accident: str = "",
          note: str = ""):
    if accident:
        happens(accident, note)
    Path("seen").mkdir(exist_ok=True)
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
    Path("seen", f"{seed}-{bias}").write_text(f"{seen} {os.getpid()}")
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("output", gd.LeakyReadout(10.0, 5.0), outputs)
    net.connect("input", "output", weight=gd.init.Normal(bias, 0.5), delay=gd.init.Uniform(0, 5),
                max_delay=20.0, learn=("weight", "delay"))
    return net
"""
EXPERIMENT = {
    "model": {"file": "model.py"},
    "data": {"name": "sequence", "args": {"train": 4, "duration": 20}},
    "readout": {"name": "max_voltage"},
    "loss": {"name": "Loss"},
    "training": {"epochs": 2, "batch_size": 4},
    "optimiser": {"delay": {"name": "adam", "lr": 1}},
    "backend": {"name": "reference"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in a folder of its own, with an experiment of some milliseconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Writes a sweep file with these keys."""

    def written(name: str = "sweep.yaml", **keys: object) -> Path:
        path = folder / name
        path.write_text(yaml.safe_dump({"experiment": "experiment.yaml", **keys}, sort_keys=False))
        return path

    return written


@pytest.fixture
def call() -> Callable[..., Result]:
    """Runs `genn-delays sweep ...`; exceptions that it does not handle come through."""

    def invoke(*args: object) -> Result:
        words = ["sweep", *map(str, args)]
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    return invoke


@pytest.fixture
def attempts(folder: Path) -> Callable[[str], dict[str, list[str]]]:
    """How each attempt at each run of a sweep ended."""

    def found(sweep: str) -> dict[str, list[str]]:
        ends: dict[str, list[str]] = {}
        for path in sorted((folder / sweep / "sweep" / "attempts").glob("*.json")):
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            name = path.name.rpartition(".")[0].rpartition(".")[0]
            ends.setdefault(name, []).append(lines[-1].get("outcome", "open"))
        return ends

    return found
