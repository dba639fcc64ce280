"""What is left of the accuracy after each change of a network or of its input."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from genn_delays.analysis.function import Outcome
from genn_delays.analysis.runs import Analysis
from genn_delays.figures.material import NothingToDrawError
from genn_delays.figures.style import BLUE, GREY, SMALL, fitted, new_figure, ticks

ROW = 3.4
"""Height of a row in mm."""


def draw(analysis: Analysis, width: int) -> Figure:
    """A row for each change, a point for each run; bars are deviations over repeats.

    Raises:
        NothingToDrawError: the function was left out.
    """
    tables = [run.function for run in analysis.runs if run.function is not None]
    if not tables:
        raise NothingToDrawError("the function was not measured")
    rows = [name_of(line) for line in tables[0].lines]
    figure = new_figure(width, ROW * len(rows) + 16.0)
    axes = figure.subplots()
    classified = all(line.accuracy is not None for table in tables for line in table.lines)
    shifts = np.linspace(-0.2, 0.2, len(tables)) if len(tables) > 1 else [0.0]
    for shift, table in zip(shifts, tables, strict=True):
        middle, spread = zip(*(_value(line, classified) for line in table.lines), strict=True)
        axes.axvline(middle[0], color=GREY, lw=0.6, ls=":")
        places = np.arange(len(rows)) + shift
        axes.errorbar(middle, places, xerr=spread, ls="", marker="o", ms=2.2, color=BLUE, lw=0.6)
    axes.set_yticks(range(len(rows)), [fitted(row, 0.45 * width, SMALL) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0.0)
    axes.xaxis.set_major_locator(ticks(5))
    split = tables[0].split
    axes.set_xlabel(f"{split} accuracy (%)" if classified else f"{split} loss")
    if classified:
        axes.set_xlim(0.0, 100.0)
    return figure


def name_of(line: Outcome) -> str:
    """A change in words, with how much of it."""
    if line.amount is None:
        return line.name
    if line.unit == "ms":
        return f"{line.name}, {line.amount:g} ms"
    return f"{line.name}, {100.0 * line.amount:g} %"


def _value(line: Outcome, classified: bool) -> tuple[float, float]:
    if not classified:
        return line.loss, 0.0 if np.isnan(line.loss_sd) else line.loss_sd
    sd = line.accuracy_sd
    return 100.0 * (line.accuracy or 0.0), 0.0 if sd is None or np.isnan(sd) else 100.0 * sd
