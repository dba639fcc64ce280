"""Run the grid of rewiring rules, sparsities and kinds of delays; skip what is done; draw it.

    python experiments/rewiring/run.py --set eventprop.data.path=arabic_digits.zip --jobs 2

Runs lie in runs/rewiring/<task>-<sparsity>-<rule>-<delays>-seed<N>. One that was stopped is
resumed, one that is finished is not run again. Writes table.md and figure.png beside them; what is
not done yet is left out.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from genn_delays.support import strict_yaml

HERE = Path(__file__).parent
DELAYS = ("fixed", "learnt", "best")
STYLES = {"fixed": "--", "learnt": "-", "best": ":"}


@dataclass(frozen=True)
class Run:
    """One run of the grid; ``sparsity`` 0 is the dense network, which nothing rewires."""

    task: str
    rule: str
    sparsity: float
    delays: str
    seed: int

    @property
    def name(self) -> str:
        words = f"{self.task}-{self.sparsity:g}-{self.rule}-{self.delays}-seed{self.seed}"
        return re.sub(r"[^a-z0-9.]+", "-", words.lower())


def runs_of(grid: dict[str, Any]) -> Iterator[Run]:
    """All runs, the first seed of everything before the second."""
    for seed in grid["seeds"]:
        for task, about in grid["tasks"].items():
            for delays in ("fixed", "learnt"):
                yield Run(task, "dense", 0.0, delays, seed)
            for sparsity in grid["sparsities"]:
                for rule in about["rules"]:
                    for delays in DELAYS:
                        if delays != "best" or rule in grid["best"]:
                            yield Run(task, rule, sparsity, delays, seed)


def settings_of(grid: dict[str, Any], run: Run) -> dict[str, Any]:
    """What ``--set`` gives a run."""
    task = grid["tasks"][run.task]
    rules = copy.deepcopy(task["rules"].get(run.rule, []))
    if run.delays == "best":
        for rule in rules:
            rule["growth"] = {"delay": "best"}
    settings = {"training.seed": run.seed, "backend.threads": 1, "rewiring": rules}
    settings["model.args.density"] = density = round(1.0 - run.sparsity, 6)
    if "learning_rate" in task:
        settings["optimiser.weight.lr"] = round(float(task["learning_rate"]) / density**0.5, 5)
    return settings | ({} if run.delays == "learnt" else task["fixed"])


@click.command()
@click.option("--grid", type=click.Path(exists=True, path_type=Path), default=HERE / "grid.yaml")
@click.option("--set", "settings", multiple=True, help="TASK.key.sub=value, to every run of it")
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/rewiring"))
@click.option("--jobs", default=2, show_default=True, help="runs at once, one thread each")
def main(grid: Path, settings: tuple[str, ...], output: Path, jobs: int) -> None:
    """Run the grid and print its table as Markdown."""
    plan = strict_yaml.parse(grid.read_text(encoding="utf-8"))
    given = [setting.partition(".") for setting in settings]
    runner = _load(HERE.parent / "grid.py").run

    def do(run: Run) -> None:
        own = [f"{key}={json.dumps(value)}" for key, value in settings_of(plan, run).items()]
        own += [rest for task, _, rest in given if task == run.task]
        runner(grid.parent / plan["tasks"][run.task]["experiment"], output / run.name, own)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(do, runs_of(plan)))
    found = results(plan, output)
    text = table(plan, found)
    (output / "table.md").write_text(text + "\n", encoding="utf-8")
    draw(plan, found).savefig(output / "figure.png", dpi=150)
    print(text)


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Results = dict[tuple[str, str, float, str], np.ndarray]


def results(grid: dict[str, Any], output: Path) -> Results:
    """Test accuracies in per cent over the seeds, by (task, rule, sparsity, delays)."""
    found: dict[tuple[str, str, float, str], list[float]] = {}
    for run in runs_of(grid):
        summary = output / run.name / "summary.json"
        if summary.exists():
            accuracy = 100.0 * json.loads(summary.read_text())["test_accuracy"]
            found.setdefault((run.task, run.rule, run.sparsity, run.delays), []).append(accuracy)
    return {key: np.array(values) for key, values in found.items()}


def table(grid: dict[str, Any], found: Results) -> str:
    """Markdown: mean and standard deviation of the test accuracy over the seeds."""
    lines = []
    for task, about in grid["tasks"].items():
        lines += [f"**{about['title']}**, test accuracy in %, mean ± sd over the seeds", ""]
        heads = [f"{100 * s:g} %" for s in (0.0, *grid["sparsities"])]
        lines += [f"| rule, delays | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for rule in about["rules"]:
            for delays in DELAYS:
                keys = [(task, rule, s, delays) for s in grid["sparsities"]]
                if not any(key in found for key in keys):
                    continue
                dense = found.get((task, "dense", 0.0, delays))
                cells = [_cell(values) for values in (dense, *(found.get(key) for key in keys))]
                lines.append(f"| {rule}, {delays} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _cell(values: np.ndarray | None) -> str:
    if values is None:
        return ""
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"


def draw(grid: dict[str, Any], found: Results) -> Figure:
    """Accuracy against the share of synapses that is left, a panel for each task."""
    figure = Figure(figsize=(5.0 * len(grid["tasks"]), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(grid["tasks"]), squeeze=False)[0]
    for axes, (task, about) in zip(panels, grid["tasks"].items(), strict=True):
        for colour, rule in enumerate(about["rules"]):
            for delays in DELAYS:
                points = [(s, found.get((task, rule, s, delays))) for s in grid["sparsities"]]
                points = [(1.0 - s, values.mean()) for s, values in points if values is not None]
                if points:
                    label = f"{rule}, {delays}"
                    axes.plot(
                        *zip(*points, strict=True), STYLES[delays], color=f"C{colour}", label=label
                    )
        axes.set_xscale("log")
        axes.invert_xaxis()
        axes.set_title(about["title"])
        axes.set_xlabel("share of the synapses that is left")
        axes.set_ylabel("test accuracy (%)")
        if axes.lines:
            axes.legend(fontsize=7, frameon=False)
    return figure


if __name__ == "__main__":
    main()
