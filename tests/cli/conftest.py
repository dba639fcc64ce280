from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from genn_delays.cli import cli

MODELS = Path(__file__).parents[2] / "models"
SURROGATE_MODEL = """
import genn_delays as gd

def build(*, inputs: int, outputs: int, seed: int, sigma: float = 2.0, hidden: int = 4):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.DiscreteLIF(10.0), hidden, normalise=gd.BatchNorm(),
                       dropout=0.2, learn=("tau_mem",))
    net.add_population("output", gd.DiscreteReadout(10.0), outputs)
    for pre, post in (("input", "hidden"), ("hidden", "output")):
        net.connect(pre, post, weight=gd.init.Normal(0.2, 0.5), delay=gd.init.Uniform(0, 5),
                    max_delay=6.0, learn=("weight", "delay"), kernel=gd.kernels.Gaussian(sigma))
    return net
"""


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
def surrogate(folder: Path) -> Path:
    """Two epochs of three batches on the reference backend."""
    (folder / "model.py").write_text(SURROGATE_MODEL)
    groups = {"hidden": {"gain": {"name": "adam", "lr": 0.02}}}
    values = {
        "model": {"file": "model.py"},
        "data": {"name": "sequence", "args": {"train": 6, "duration": 20}},
        "gradient": {"name": "surrogate"},
        "readout": {"name": "softmax_sum"},
        "loss": {"name": "cross_entropy"},
        "training": {"epochs": 2, "batch_size": 4, "sigma": {"final": 0.5, "share": 0.5}},
        "optimiser": {"weight": {"lr": 0.01, "l1": 0.001}, "groups": groups},
        "backend": {"name": "reference"},
    }
    path = folder / "surrogate.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def call() -> Callable[..., Result]:
    """Runs a command line; exceptions that it does not handle come through."""

    def invoke(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)

    return invoke
