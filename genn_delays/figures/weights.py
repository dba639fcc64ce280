"""Weights before and after training, a panel per projection."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.declaration.parts import Projection
from genn_delays.figures.delays import legend
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.style import (
    AFTER,
    BEFORE,
    GREY,
    PANEL,
    SMALL,
    count_ticks,
    fitted,
    legend_below,
    new_figure,
    percent,
)

BINS = 40


def draw(material: Material, width: int) -> Figure:
    """A histogram for each projection, with the share of excitatory synapses in its title."""
    chosen, note = material.projections()
    if not chosen:
        raise NothingToDrawError("no projection has synapses")
    columns = min(len(chosen), 3 if width > 90 else 2)
    rows = -(-len(chosen) // columns)
    figure = new_figure(width, rows * (PANEL + 5.0) + 7.0)
    grid = figure.add_gridspec(rows, columns)
    for k, projection in enumerate(chosen):
        axes = figure.add_subplot(grid[divmod(k, columns)])
        panel(axes, projection, material.before(projection), width / columns - 12.0)
    handles, labels = legend(material.initial is not None)
    if note:
        handles, labels = [*handles, Line2D([], [], ls="")], [*labels, note]
    legend_below(figure, width, handles, labels)
    return figure


def panel(axes: Axes, projection: Projection, before: Projection | None, room: float) -> None:
    """The weights of a projection, with titles that fit into ``room`` mm."""
    tables = [p.synapses for p in (before, projection) if p is not None and len(p.synapses)]
    low = min(float(table.weight.min()) for table in tables)
    high = max(float(table.weight.max()) for table in tables)
    margin = 0.0 if high > low else max(abs(high), 1.0) * 0.1
    bins = np.linspace(low - margin, high + margin, BINS + 1).tolist()
    axes.axvline(0.0, color=GREY, linewidth=0.6)
    for table in tables:
        share = np.full(len(table), 100.0 / len(table))
        last = table is projection.synapses
        style = {"histtype": "step", "color": AFTER, "lw": 1.1} if last else {"color": BEFORE}
        axes.hist(table.weight, bins, weights=share, **style)
    above = percent(float(np.mean(projection.synapses.weight > 0)))
    lines = (projection.name, f"{above} % excitatory")
    axes.set_title("\n".join(fitted(line, room, SMALL) for line in lines), fontsize=SMALL)
    axes.set(xlabel="weight", ylabel="synapses (%)")
    count_ticks(axes, x=4)
