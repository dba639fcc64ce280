"""The grid of rewiring rules: which runs there are, and what is made of their results."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from genn_delays.experiment.config import load_config
from genn_delays.support import strict_yaml

FOLDER = Path(__file__).parents[2] / "experiments" / "rewiring"
GRID = strict_yaml.parse((FOLDER / "grid.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def grid():
    spec = importlib.util.spec_from_file_location("rewiring_grid", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks it up
    spec.loader.exec_module(module)
    return module


def test_the_grid_has_every_rule_with_every_kind_of_delays_once(grid):
    runs = list(grid.runs_of(GRID))
    assert len(runs) == len({run.name for run in runs}) == 2 * 3 * (2 + 5 * (4 * 2 + 3))


def test_every_kind_of_run_is_a_valid_configuration(grid):
    for run in grid.runs_of(GRID):
        if run.seed == 1 and run.sparsity in (0.0, 0.969):
            given = [f"{k}={json.dumps(v)}" for k, v in grid.settings_of(GRID, run).items()]
            config = load_config(FOLDER / GRID["tasks"][run.task]["experiment"], given)
            growths = [rule.growth.delay for rule in config.rewiring]
            assert all((delay == "best") == (run.delays == "best") for delay in growths)


def test_the_table_and_the_figure_leave_out_what_is_not_done(grid, tmp_path):
    for run in grid.runs_of(GRID):
        if run.task == "eventprop" and run.rule in ("dense", "RigL") and run.delays != "best":
            (tmp_path / run.name).mkdir()
            summary = {"test_accuracy": 0.9 - 0.1 * run.sparsity + 0.01 * run.seed}
            (tmp_path / run.name / "summary.json").write_text(json.dumps(summary))
    found = grid.results(GRID, tmp_path)
    np.testing.assert_allclose(found["eventprop", "RigL", 0.5, "learnt"], [86, 87, 88])
    text = grid.table(GRID, found)
    assert "| RigL, learnt | 92.0 ± 1.0 | 87.0 ± 1.0 |" in text
    assert "DEEP R" not in text
    assert "best" not in text
    drawn = grid.draw(GRID, found).axes[0].lines
    assert [line.get_label() for line in drawn] == ["RigL, fixed", "RigL, learnt"]
