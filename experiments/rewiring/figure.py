"""The table and the figure of the two rewiring sweeps, as far as they are done.

    genn-delays sweep collect runs/rewiring/grid_eventprop
    genn-delays sweep collect runs/rewiring/grid_surrogate
    python experiments/rewiring/figure.py runs/rewiring

Reads runs.csv of both, writes table.md and figure.png beside them. The dense network, which nothing
rewires, stands in the row of every rule.
"""

from __future__ import annotations

import csv
from pathlib import Path

import click
import numpy as np

from genn_delays.figures import sparsity, style

TITLES = {
    "grid_eventprop": "EventProp, Arabic digits",
    "grid_surrogate": "surrogate rule, spoken digits",
}
RULES = ("fixed wiring", "DEEP R", "RigL", "FCN24")
DELAYS = ("fixed", "learnt", "best")

Results = dict[tuple[str, str, float], np.ndarray]
"""Test accuracies in per cent over the seeds, by rule, delays and density."""


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Write FOLDER/table.md and FOLDER/figure.png, and print the former."""
    found = {name: results(folder / name / "runs.csv") for name in TITLES}
    text = "\n\n".join(table(TITLES[name], each) for name, each in found.items() if each)
    (folder / "table.md").write_text(text + "\n", encoding="utf-8")
    panels = {TITLES[name]: curves(each) for name, each in found.items() if each}
    with style.styled():
        style.save(sparsity.draw(panels, width=180), folder / "figure.png")
    print(text)


def results(path: Path) -> Results:
    """What a sweep has come to; nothing where it was not collected yet."""
    if not path.is_file():
        return {}
    found: dict[tuple[str, str, float], list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rule, _, delays = row["condition"].rpartition(", ")
            key = rule, delays, float(row["density"])
            found.setdefault(key, []).append(100.0 * float(row["test_accuracy"]))
    return {key: np.array(values) for key, values in found.items()}


def table(title: str, found: Results) -> str:
    """Markdown: a row per rule and kind of delays, a column per sparsity."""
    densities = sorted({density for *_, density in found}, reverse=True)
    heads = [f"{100 * (1 - density):.3g} %" for density in densities]
    lines = [f"**{title}**, test accuracy in %, mean ± sd over the seeds", ""]
    lines += [f"| rule, delays | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for rule in RULES:
        for delays in DELAYS:
            if any((rule, delays, density) in found for density in densities):
                cells = [_cell(_values(found, rule, delays, density)) for density in densities]
                lines.append(f"| {rule}, {delays} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _values(found: Results, rule: str, delays: str, density: float) -> np.ndarray | None:
    return found.get(("fixed wiring" if density == 1.0 else rule, delays, density))


def _cell(values: np.ndarray | None) -> str:
    if values is None:
        return ""
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"


def curves(found: Results) -> dict[str, dict[float, np.ndarray]]:
    """The lines of a panel: a rule with a kind of delays; the dense network is in none."""
    lines: dict[str, dict[float, np.ndarray]] = {}
    for rule in RULES:
        for delays in DELAYS:
            points = {d: found[r, k, d] for r, k, d in found if (r, k) == (rule, delays) and d < 1}
            if points:
                lines[f"{rule}, {delays}"] = points
    return lines


if __name__ == "__main__":
    main()
