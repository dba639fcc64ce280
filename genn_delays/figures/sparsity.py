"""Accuracy against the share of synapses that is left, over many runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from genn_delays.figures.style import LINES, PANEL, fitted, legend_below, new_figure

Curves = Mapping[str, Mapping[float, Sequence[float]]]
"""Accuracies in per cent of the seeds, by the name of a line and the share of synapses left."""
MARKERS = "osD^vP*X<>"
DASHES = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))


def draw(panels: Mapping[str, Curves], width: int) -> Figure:
    """A panel for each experiment: mean of the seeds, bars of one standard deviation.

    Args:
        panels: by title. Lines of one name look the same in all of them.
        width: mm.
    """
    columns = len(panels) if width > 90 else 1
    rows = -(-len(panels) // columns)
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    looks = styles_of(names)
    figure = new_figure(width, rows * (PANEL + 24.0) + 8.0 + 2.2 * len(names) * 90 / width)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes, (title, curves) in zip(grid, panels.items(), strict=False):
        _panel(axes, curves, looks)
        axes.set_title(fitted(title, width / columns - 12.0))
    handles = [Line2D([], [], **looks[name]) for name in names]
    legend_below(figure, width, handles, names)
    return figure


def styles_of(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How lines look: colour and marker by what is before the last comma, dashes by the rest."""
    parts = {name: name.rpartition(", ") for name in names}
    kinds = {name: part[0] or name for name, part in parts.items()}
    within = {name: part[2] if part[0] else "" for name, part in parts.items()}
    order, inner = list(dict.fromkeys(kinds.values())), list(dict.fromkeys(within.values()))
    found = {}
    for name in names:
        kind, dash = order.index(kinds[name]), inner.index(within[name])
        found[name] = {
            "color": LINES[kind % len(LINES)][0],
            "marker": MARKERS[kind % len(MARKERS)],
            "ls": DASHES[dash % len(DASHES)],
        }
    return found


def _panel(axes: Axes, curves: Curves, looks: Mapping[str, dict[str, Any]]) -> None:
    for name, points in curves.items():
        shares = sorted(points, reverse=True)
        values = [np.asarray(points[share], dtype=np.float64) for share in shares]
        mean = np.array([each.mean() for each in values])
        spread = [each.std(ddof=1) if len(each) > 1 else 0.0 for each in values]
        axes.errorbar(100.0 * np.array(shares), mean, spread, elinewidth=0.5, **looks[name])
    axes.set_xscale("log")
    axes.invert_xaxis()
    _share_ticks(axes, [100.0 * share for points in curves.values() for share in points])
    axes.set(xlabel="synapses left (%)", ylabel="test accuracy (%)")


def _share_ticks(axes: Axes, shares: Sequence[float]) -> None:
    """Ticks at shares that there are, as many as lie apart."""
    kept: list[float] = []
    for share in sorted(set(shares), reverse=True):
        if not kept or share < kept[-1] / 2.2:
            kept.append(share)
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(kept, [f"{share:.3g}" for share in kept])
