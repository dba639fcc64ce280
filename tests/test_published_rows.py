"""The files of the published rows say what the papers say, and the networks start as published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.experiment.config import load_config
from genn_delays.experiment.model_file import build_network
from genn_delays.support import strict_yaml

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for name in ("dcls", "fcn24") for path in (ROOT / "experiments" / name).iterdir()
)
GRIDS = [path for path in FILES if path.stem.startswith("grid")]
RUNS = [path for path in FILES if path.suffix == ".yaml" and path not in GRIDS]
MILLIONS = {
    ("dcls", "shd_2l_1kc"): 0.21,
    ("dcls", "ssc_2l_1kc"): 0.7,
    ("dcls", "ssc_3l_1kc"): 1.2,
    ("dcls", "ssc_2l_2kc"): 1.4,
    ("dcls", "ssc_3l_2kc"): 2.5,
    ("dcls", "gsc_2l_1kc"): 0.7,
    ("dcls", "gsc_3l_1kc"): 1.2,
    ("dcls", "gsc_2l_2kc"): 1.4,
    ("dcls", "gsc_3l_2kc"): 2.5,
    ("fcn24", "snn_delays"): 0.03,
    ("fcn24", "snn_delays_lr0"): 0.015,
}
"""Weights and delays of each published row, as far as the papers give them."""
SIZES = {"shd": (140, 20), "ssc": (140, 35), "gsc": (140, 35), "snn": (40, 20)}


def build(name: str, *, inputs: int = 30, outputs: int = 20, **args) -> gd.Network:
    file = ROOT / "models" / f"{name}.py"
    return build_network(file, args, inputs=inputs, outputs=outputs, seed=1)


@pytest.mark.parametrize("row", MILLIONS, ids="/".join)
def test_a_published_row_has_the_published_number_of_parameters(row):
    config = load_config(ROOT / "experiments" / row[0] / f"{row[1]}.yaml")
    inputs, outputs = SIZES[row[1][:3]]
    net = build(config.model.file.stem, inputs=inputs, outputs=outputs, **config.model.args)
    counts = net.parameters()
    assert (counts["weights"] + counts["delays"]) / 1e6 == pytest.approx(MILLIONS[row], rel=0.06)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_trial_is_as_long_as_its_input_and_the_padding_of_every_layer(path):
    config = load_config(path)
    args = config.model.args
    padding = (args["layers"] + 1) * args["max_delay"] / 2 if path.parent.name == "dcls" else 0.0
    given = config.data.args.get("duration")
    assert config.training.duration == (given + padding if padding else None)
    assert config.training.dt == args["step"] == 10.0


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_condition_of_a_grid_is_valid(path):
    plan = strict_yaml.parse(path.read_text(encoding="utf-8"))
    for changes in plan["conditions"].values():
        settings = [f"{key}={json.dumps(value)}" for key, value in changes.items()]
        config = load_config(path.parent / plan["experiment"], settings)
        net = build(config.model.file.stem, **config.model.args)
        learns = any("delay" in p.learn for p in net.projections.values())
        assert learns == (config.training.sigma is not None)


@pytest.mark.parametrize("name", ["spatiotemporal", "dcls"])
def test_weights_and_delays_start_as_published(name):
    net = build(name, hidden=200, kernel_count=2)
    table = net.projections[list(net.projections)[-1]].synapses
    bound = np.sqrt(6.0 / (200 * 2))
    assert 0.98 * bound < np.abs(table.weight).max() <= bound
    # positions are drawn from [-13, 12) and kept within [-12, 12]: a 25th lies at the end
    assert np.mean(table.delay == 240.0) == pytest.approx(1 / 25, abs=0.01)
    assert table.delay.mean() == pytest.approx(124.8, abs=3.0)


def test_without_delays_there_is_no_kernel_and_layers_live_as_long():
    net = build("dcls", delays="none")
    assert all(p.kernel is None and p.learn == ("weight",) for p in net.projections.values())
    assert [p.tail for p in net.populations.values()] == [0.0, 240.0, 120.0, 0.0]
