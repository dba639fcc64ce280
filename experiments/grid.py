"""Run a grid of conditions and seeds, skip what is done, print the table.

    python experiments/grid.py experiments/arabic_digits/grid.yaml --set data.path=DATA.zip

A grid file names an experiment, its seeds, and the settings of each condition:

    experiment: experiment.yaml
    seeds: [1, 2, 3]
    conditions:
      "no delays": {model.args.delays: zero, model.args.learn_delays: false}

Runs lie in runs/<folder of the grid>/<condition>-seed<N>; one that was stopped is resumed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

from genn_delays.support import strict_yaml


@click.command()
@click.argument("grid", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--set", "settings", multiple=True, help="passed to every run")
@click.option("--output", type=click.Path(path_type=Path), help="folder of the runs")
def main(grid: Path, settings: tuple[str, ...], output: Path | None) -> None:
    """Run GRID and print its table as Markdown."""
    plan = strict_yaml.parse(grid.read_text(encoding="utf-8"))
    output = output or Path("runs") / grid.resolve().parent.name
    summaries: dict[str, list[dict]] = {}
    for condition, changes in plan["conditions"].items():
        for seed in plan["seeds"]:
            folder = output / f"{re.sub(r'[^a-z0-9]+', '-', condition.lower())}-seed{seed}"
            given = [f"{key}={json.dumps(value)}" for key, value in (changes or {}).items()]
            given += [f"training.seed={seed}", *settings]
            run(grid.parent / plan["experiment"], folder, given)
            summary = json.loads((folder / "summary.json").read_text())
            summaries.setdefault(condition, []).append(summary)
    print(table(summaries))


def run(experiment: Path, folder: Path, settings: list[str]) -> None:
    """One run, unless it is finished; resumed where it was stopped."""
    if (folder / "summary.json").exists():
        return
    command = [sys.executable, "-m", "genn_delays"]
    if (folder / "checkpoint.h5").exists():
        command += ["resume", str(folder)]
    else:
        command += ["run", str(experiment), "--output", str(folder)]
        command += [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def table(summaries: dict[str, list[dict]]) -> str:
    """Markdown: test accuracy of the epoch chosen on validation, mean and sd over the seeds."""
    lines = [
        "| condition | test accuracy, mean ± sd (seeds) | validation | parameters | min per run |"
    ]
    lines.append("|---|---|---|---|---|")
    for condition, runs in summaries.items():
        test = 100 * np.array([run["test_accuracy"] for run in runs])
        validation = 100 * np.array([run["validation_accuracy"] for run in runs])
        spread = f" ± {test.std(ddof=1):.1f}" if len(test) > 1 else ""
        each = ", ".join(f"{value:.1f}" for value in test)
        minutes = np.mean([run["seconds"] for run in runs]) / 60
        lines.append(
            f"| {condition} | {test.mean():.1f}{spread} % ({each}) | {validation.mean():.1f} % "
            f"| {sum(runs[0]['parameters'].values()):,} | {minutes:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
