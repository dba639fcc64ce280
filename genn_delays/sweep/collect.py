"""What came of a sweep: a table of runs as CSV, and one of their means as Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError
from genn_delays.sweep.folder import RunState, SweepFolder, counted
from genn_delays.sweep.planned_run import Levels

OUTCOMES = (
    "test_accuracy",
    "test_loss",
    "validation_accuracy",
    "best_epoch",
    "epochs",
    "parameters",
    "synapses",
    "test_spikes_per_neuron",
    "seconds",
)
"""Columns of the CSV file that come from summary.json, in its units; accuracies are shares of 1."""


@dataclass(frozen=True)
class Result:
    """A run that is done: its name, levels by label, and summary."""

    name: str
    levels: Levels
    summary: Mapping[str, Any]


def results_of(folder: SweepFolder, states: Iterable[RunState]) -> list[Result]:
    """The runs of a sweep that are done, in the order of the plan.

    Raises:
        CheckpointError: a summary cannot be read.
    """
    return [
        Result(state.run.name, state.run.levels, folder.run_folder(state.run.name).read_summary())
        for state in states
        if state.state == "done"
    ]


def write_tables(folder: SweepFolder) -> str:
    """Write runs.csv and table.md into the folder of a sweep; the latter's text.

    Its last line says how many runs are not in it, and why.

    Raises:
        CheckpointError: nothing is done yet, or a file cannot be read or written.
    """
    states = folder.states()
    results = results_of(folder, states)
    if not results:
        raise CheckpointError(
            f"{folder.path}: no run is done yet ({counted(states)}); "
            f"see: genn-delays sweep status {folder.path}"
        )
    text = markdown(results)
    if missing := [state for state in states if state.state != "done"]:
        text += f"\n\n{len(missing)} of {len(states)} runs are missing: {counted(missing)}"
    recording.replace(folder.path / "runs.csv", as_csv(results).encode())
    recording.replace(folder.path / "table.md", f"{text}\n".encode())
    return text


def as_csv(results: Sequence[Result]) -> str:
    """A line per run: name, levels, seed, and the outcomes of its summary."""
    labels = _labels(results)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["run", *labels, "seed", *OUTCOMES])
    for result in results:
        levels = [_text(result.levels[label]) if label in result.levels else "" for label in labels]
        summary = {**result.summary, "parameters": _parameters(result.summary)}
        values = [_exact(summary.get(key)) for key in ("seed", *OUTCOMES)]
        writer.writerow([result.name, *levels, *values])
    return stream.getvalue()


def markdown(results: Sequence[Result]) -> str:
    """A row per combination of levels: mean and deviation over its seeds, on the test split.

    The test split is that of the epoch which is best on the validation split, so that it can be
    reported; to choose among rows look at the column of the validation split.
    """
    labels = _labels(results)
    accuracy = all(result.summary["test_accuracy"] is not None for result in results)
    measure = "test accuracy" if accuracy else "test loss"
    heads = [*(labels or ["experiment"]), f"{measure}, mean ± sd (seeds)", "n"]
    heads += [*(["validation"] if accuracy else []), "parameters", "s per run"]
    lines = [f"| {' | '.join(map(_cell, heads))} |", "|---" * len(heads) + "|"]
    for levels, runs in _grouped(results):
        names = [_text(levels.get(label, "")) for label in labels] or ["all"]
        cells = [*names, _spread([run[measure.replace(" ", "_")] for run in runs], accuracy)]
        cells.append(str(len(runs)))
        if accuracy:
            cells.append(f"{100.0 * np.mean([run['validation_accuracy'] for run in runs]):.1f} %")
        cells.append(f"{_parameters(runs[0]):,}")
        cells.append(f"{np.mean([run['seconds'] for run in runs]):.1f}")
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _spread(values: Sequence[float], percent: bool) -> str:
    """Mean, standard deviation and each value: ``98.4 ± 0.3 % (98.7, 98.0, 98.5)``."""
    shown = np.array(values, dtype=float) * (100.0 if percent else 1.0)
    write = (lambda value: f"{value:.1f}") if percent else (lambda value: f"{value:.4g}")
    spread = f" ± {write(shown.std(ddof=1))}" if len(shown) > 1 else ""
    unit = " %" if percent else ""
    return f"{write(shown.mean())}{spread}{unit} ({', '.join(map(write, shown))})"


def _grouped(results: Iterable[Result]) -> list[tuple[Levels, list[Mapping[str, Any]]]]:
    """Summaries by their levels, in the order in which these come first."""
    groups: dict[str, tuple[Levels, list[Mapping[str, Any]]]] = {}
    for result in results:
        key = json.dumps(result.levels, sort_keys=True)
        groups.setdefault(key, (result.levels, []))[1].append(result.summary)
    return list(groups.values())


def _labels(results: Iterable[Result]) -> list[str]:
    return list(dict.fromkeys(label for result in results for label in result.levels))


def _text(value: Any) -> str:
    """A level as a table shows it: numbers with four digits at most where that says them."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _exact(value: Any) -> str:
    return "" if value is None else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _parameters(summary: Mapping[str, Any]) -> int:
    return sum(summary["parameters"].values())
