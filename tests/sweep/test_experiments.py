"""The sweep files of experiments/: which runs they have, and the table and figure of rewiring."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from genn_delays.sweep.folder import load_run
from genn_delays.sweep.plan import read_plan

FOLDER = Path(__file__).parents[2] / "experiments"
SWEEPS = sorted(FOLDER.glob("*/grid*.yaml"))


@pytest.fixture(scope="module")
def figure():
    spec = importlib.util.spec_from_file_location("figure", FOLDER / "rewiring" / "figure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_run_of_a_sweep_file_is_a_valid_configuration_with_its_command_above(path):
    plan = read_plan(path)
    for run in plan.runs.values():
        if run.seed == 1:
            load_run(plan, run)
    said = path.read_text(encoding="utf-8").splitlines()[0]
    assert said.startswith(f"# genn-delays sweep {path.relative_to(FOLDER.parent)}")


@pytest.mark.parametrize("task", ["eventprop", "surrogate"])
def test_rewiring_has_every_rule_with_every_kind_of_delays_once(task):
    plan = read_plan(FOLDER / "rewiring" / f"grid_{task}.yaml")
    assert len(plan.runs) == 3 * (2 + 5 * (4 * 2 + 3))
    for run in plan.runs.values():
        rules, best = run.settings["rewiring"], run.levels["condition"].endswith("best")
        assert all((rule.get("growth") == {"delay": "best"}) == best for rule in rules)


def test_the_table_and_the_figure_leave_out_what_is_not_done(figure, tmp_path):
    lines = ["run,condition,density,seed,test_accuracy"]
    for rule, densities in (("fixed wiring", [1.0]), ("RigL", [0.5, 0.031])):
        for delays in ("fixed", "learnt"):
            for density in densities:
                for seed in (1, 2, 3):
                    accuracy = 0.8 + 0.1 * density + 0.01 * seed
                    lines.append(f'x,"{rule}, {delays}",{density},{seed},{accuracy}')
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    found = figure.results(path)
    np.testing.assert_allclose(found["RigL", "learnt", 0.5], [86, 87, 88])
    text = figure.table("a task", found)
    assert "| rule, delays | 0 % | 50 % | 96.9 % |" in text
    assert "| RigL, learnt | 92.0 ± 1.0 | 87.0 ± 1.0 | 82.3 ± 1.0 |" in text
    assert "DEEP R" not in text
    assert "best" not in text
    drawn = figure.curves(found)
    assert list(drawn) == ["RigL, fixed", "RigL, learnt"]
    assert list(drawn["RigL, fixed"]) == [0.5, 0.031]
    assert figure.results(tmp_path / "none.csv") == {}
