"""experiments/grid.py runs what is missing and makes the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GRID = Path(__file__).parents[2] / "experiments" / "grid.py"


@pytest.mark.slow
def test_a_grid_runs_once_and_prints_its_table(folder, config):
    (folder / "grid.yaml").write_text(
        "experiment: sequence.yaml\nseeds: [1, 2]\n"
        "conditions:\n  learnt: {}\n  fixed: {model.args.learn_delays: false}\n"
    )
    command = [sys.executable, str(GRID), "grid.yaml", "--output", "runs"]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sorted(path.name for path in (folder / "runs").iterdir()) == [
        f"{condition}-seed{seed}" for condition in ("fixed", "learnt") for seed in (1, 2)
    ]
    rows = [line for line in first.stdout.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows] == ["| condition", "| learnt", "| fixed"]
    assert " 8 | " in rows[1]  # four weights and four delays
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line for line in again.stdout.splitlines() if line.startswith("| ")] == rows
    assert "epoch" not in again.stderr
