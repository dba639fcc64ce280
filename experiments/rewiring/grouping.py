"""Are excitation and inhibition grouped? The table and the figure of a sweep over networks.

    genn-delays sweep experiments/rewiring/grid_grouping.yaml --set data.path=arabic_digits.zip
    python experiments/rewiring/grouping.py runs/rewiring/grid_grouping

Reads the best networks of the sweep, a condition after the other, and writes grouping.md and
grouping.png beside them; experiments/fcn24/grid_grouping.yaml likewise. Of the synapses from the
input: their signs in channel and delay, against shuffled weights and shuffled delays.
"""

from __future__ import annotations

import csv
from pathlib import Path

import click
import numpy as np

from genn_delays.analysis import Analysis, AnalysisSettings, analyse
from genn_delays.figures import grouping, style

SHUFFLED = ("weights", "delays")
PROJECTION = "input->hidden"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--permutations", default=1000, show_default=True)
def main(folder: Path, permutations: int) -> None:
    """Write FOLDER/grouping.md and FOLDER/grouping.png, and print the former."""
    settings = AnalysisSettings(permutations=permutations, split=None, similarities=0)
    rows, lines = {}, []
    for condition, runs in conditions(folder).items():
        analysis = analyse([folder / run for run in runs], settings)
        rows[condition] = effects(analysis)
        lines.append(line(condition, analysis))
    text = "\n".join((HEAD, *lines)) + "\n"
    (folder / "grouping.md").write_text(text, encoding="utf-8")
    with style.styled():
        figure = grouping.draw_rows({"signs alike nearby, input to hidden": rows}, 180)
        style.save(figure, folder / "grouping.png")
    print(text)


def conditions(folder: Path) -> dict[str, list[str]]:
    """Names of the runs of each condition, of the table that the sweep has made."""
    found: dict[str, list[str]] = {}
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["condition"], []).append(row["run"])
    return found


def effects(analysis: Analysis) -> dict[str, list[float]]:
    """Moran's I of signs against both kinds of shuffling, a number for each run."""
    groupings = [run.groupings[PROJECTION] for run in analysis.runs]
    return {
        what: [each["moran_sign", what].layer.effect for each in groupings] for what in SHUFFLED
    }


HEAD = (
    "| condition | signs, shuffled weights | units | signs, shuffled delays | units "
    "| weights, shuffled weights | synapses of a unit, units tested |\n"
    "|---|---|---|---|---|---|---|"
)


def line(condition: str, analysis: Analysis) -> str:
    """Effects as mean and sd over runs; the share of units with q <= 0.05."""
    groupings = [run.groupings[PROJECTION] for run in analysis.runs]
    cells = [condition]
    for what in SHUFFLED:
        layers = [each["moran_sign", what].layer for each in groupings]
        cells += [
            over([layer.effect for layer in layers]),
            f"{100.0 * np.mean([layer.significant for layer in layers]):.0f} %",
        ]
    weights = [each["moran_weight", "weights"].layer for each in groupings]
    synapses = np.mean([each.synapses.mean() for each in groupings])
    tested, units = sum(each.units for each in weights), sum(len(g.synapses) for g in groupings)
    cells += [over([each.effect for each in weights]), f"{synapses:.0f}, {tested} of {units}"]
    return f"| {' | '.join(cells)} |"


def over(values: list[float]) -> str:
    """Mean, sd (n - 1) and each value."""
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread} ({', '.join(f'{value:.2f}' for value in values)})"


if __name__ == "__main__":
    main()
