"""Rewiring over the epochs: how much of the wiring is replaced, and how old synapses get."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.style import LINES, PANEL, epoch_ticks, legend_below, new_figure, ticks

MEASURED = ("replaced (%)", "age (batches)", "synapses")


def draw(material: Material, width: int) -> Figure:
    """Share of the synapses that an epoch replaced, their mean age, and how many there are."""
    if not rewires(material):
        raise NothingToDrawError("nothing rewires")
    flat = width > 90
    count = len(MEASURED)
    figure = new_figure(width, PANEL + 8.0 if flat else count * PANEL + 8.0)
    axes = figure.subplots(*((1, count) if flat else (count, 1)), squeeze=False).ravel()
    for each, what in zip(axes, MEASURED, strict=True):
        panel(each, material, what)
    legend_below(figure, width, *legend(material))
    return figure


def rewires(material: Material) -> bool:
    """Whether any line says what was rewired."""
    return any(line.get("rewiring") for line in material.lines)


def names(material: Material) -> list[str]:
    """The projections that are rewired, as many as lines can be told apart."""
    found = (line["rewiring"] for line in material.lines if line.get("rewiring"))
    return list(dict.fromkeys(name for each in found for name in each))[: len(LINES)]


def panel(axes: Axes, material: Material, what: str) -> None:
    """One quantity over the epochs, a line for each projection."""
    chosen = [line for line in material.lines if line.get("rewiring")]
    for (colour, dashes), name in zip(LINES, names(material), strict=False):
        there = [line for line in chosen if name in line["rewiring"]]
        values = [_value(line["rewiring"][name], what) for line in there]
        marker = "o" if len(values) < 3 else None
        epochs = [line["epoch"] for line in there]
        axes.plot(epochs, values, color=colour, ls=dashes, marker=marker)
    axes.set_ylabel(what)
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(ticks(4))
    epoch_ticks(axes, material.epochs)


def _value(seen: dict[str, Any], what: str) -> float:
    share = 100.0 * seen["grown"] / max(seen["synapses"], 1)
    return dict(zip(MEASURED, (share, seen["age_mean"], seen["synapses"]), strict=True))[what]


def legend(material: Material) -> tuple[list[Line2D], list[str]]:
    """Handles and labels of the lines."""
    shown = names(material)
    styles = LINES[: len(shown)]
    return [Line2D([], [], color=colour, ls=dashes) for colour, dashes in styles], shown
