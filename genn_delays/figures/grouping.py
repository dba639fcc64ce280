"""Whether signs are grouped: effects against shuffled synapses, a point for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.analysis.runs import Analysis
from genn_delays.figures.material import NothingToDrawError
from genn_delays.figures.style import (
    BLUE,
    ORANGE,
    SMALL,
    fitted,
    legend_below,
    new_figure,
    ticks,
)

Rows = Mapping[str, Mapping[str, Sequence[float]]]
"""Effects of the runs, by the name of a row and what was shuffled."""

SHUFFLED = {"weights": (BLUE, "o", -0.16), "delays": (ORANGE, "D", 0.16)}
"""Colour, marker and place within a row."""
WORDS = {
    "moran_sign": "signs alike nearby (Moran's I)",
    "moran_weight": "weights alike nearby (Moran's I)",
    "nearest": "nearest synapse of the same sign",
    "run_across": "neighbour in channel of the same sign",
    "run_along": "neighbour in delay of the same sign",
}
ROW = 4.6
"""Height of a row in mm."""


def draw(analysis: Analysis, width: int) -> Figure:
    """A panel for each projection, a row for each statistic."""
    panels: dict[str, dict[str, dict[str, list[float]]]] = {}
    for run in analysis.runs:
        for name, groupings in run.groupings.items():
            for test in groupings.tests:
                rows = panels.setdefault(name, {})
                row = rows.setdefault(WORDS[test.statistic], {})
                row.setdefault(test.shuffled, []).append(test.layer.effect)
    return draw_rows(panels, width)


def draw_rows(panels: Mapping[str, Rows], width: int) -> Figure:
    """Effects by panel, row and what was shuffled: 0 by chance, 1 where all is grouped.

    Args:
        panels: by title; effects that are NaN are left out.
        width: mm.

    Raises:
        NothingToDrawError: there are no effects.
    """
    panels = {title: rows for title, rows in panels.items() if rows}
    if not panels:
        raise NothingToDrawError("no projection has synapses whose places differ")
    heights = [ROW * len(rows) + 14.0 for rows in panels.values()]
    figure = new_figure(width, sum(heights) + 8.0)
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights).ravel()
    for axes, (title, rows) in zip(grid, panels.items(), strict=True):
        _panel(axes, rows, 0.45 * width)
        axes.set_title(fitted(title, 0.5 * width))
    seen = {what for rows in panels.values() for effects in rows.values() for what in effects}
    shown = {what: style for what, style in SHUFFLED.items() if what in seen}
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="") for colour, marker, _ in shown.values()
    ]
    legend_below(figure, width, handles, [f"against shuffled {what}" for what in shown])
    return figure


def _panel(axes: Axes, rows: Rows, room: float) -> None:
    axes.axvline(0.0, color="black", lw=0.6)
    for place, effects in enumerate(rows.values()):
        for what, values in effects.items():
            colour, marker, shift = SHUFFLED[what]
            seen = np.array([value for value in values if not np.isnan(value)])
            at = np.full(len(seen), place + shift)
            axes.plot(seen, at, ls="", marker=marker, ms=2.6, color=colour, alpha=0.8, mew=0)
            if len(seen) > 1:
                axes.plot([seen.mean()] * 2, place + shift + np.array([-0.16, 0.16]), color=colour)
    axes.set_yticks(range(len(rows)), [fitted(name, room, SMALL) for name in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0.0)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.05), max(high, 0.2))
    axes.xaxis.set_major_locator(ticks(5))
    axes.set_xlabel("effect: 0 by chance, 1 if all grouped")
