from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from genn_delays.cli import cli

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in a folder and with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def config(folder: Path) -> Path:
    """A run of half a second: order of two spikes, delays only, the reference backend."""
    model = {
        "file": str(MODELS / "feedforward.py"),
        "args": {"hidden": [], "output_delays": True, "max_delay": 20, "weight_output": [1, 0]},
    }
    values = {
        "model": model,
        "data": {"name": "sequence", "args": {"train": 6, "duration": 40}},
        "readout": {"name": "max_voltage"},
        "loss": {"name": "cross_entropy", "scale": 5},
        "training": {"epochs": 3, "batch_size": 4},
        "optimiser": {"delay": {"name": "adam", "lr": 1}},
        "backend": {"name": "reference"},
    }
    path = folder / "sequence.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def call() -> Callable[..., Result]:
    """Runs a command line; exceptions that it does not handle come through."""

    def invoke(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)

    return invoke
