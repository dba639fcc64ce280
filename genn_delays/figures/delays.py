"""Delays before and after training, with the share at either bound in words.

Delays that were driven to a bound would dwarf all others in a histogram: they are counted in the
title and left out of the bars.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from genn_delays.analysis.statistics import at_bounds
from genn_delays.declaration.parts import Projection
from genn_delays.figures.material import Material, NothingToDrawError, same_wiring
from genn_delays.figures.style import (
    AFTER,
    BEFORE,
    BLUE,
    EXCITATION,
    GREY,
    INHIBITION,
    PANEL,
    SMALL,
    count_ticks,
    fitted,
    legend_below,
    new_figure,
    percent,
)

BINS = 30
SIGNS = (("excitatory", EXCITATION, "-"), ("inhibitory", INHIBITION, "--"))
FEW = 400
"""Synapses that are drawn as dots; more are counted in fields."""


def draw(material: Material, width: int) -> Figure:
    """For each projection the delays between the bounds, and each delay before against after."""
    chosen, note = material.projections(delayed=True)
    if not chosen:
        raise NothingToDrawError("no projection has delays")
    figure = new_figure(width, len(chosen) * (PANEL + 8.0) + 8.0)
    by_sign = False
    parts = figure.subfigures(len(chosen), 1, squeeze=False)[:, 0]
    for part, projection in zip(parts, chosen, strict=True):
        before = material.before(projection)
        left, right = part.subplots(1, 2)
        histogram(left, projection, before)
        if before is not None and same_wiring(projection, before):
            _moves(right, projection, before)
        else:
            _by_sign(right, projection)
            by_sign = True
        count_ticks(right)
        part.suptitle("\n".join(title(projection, before, width - 4.0)), x=0.01, ha="left")
    handles, labels = legend(material.initial is not None, by_sign)
    if note:
        handles, labels = [*handles, Line2D([], [], ls="")], [*labels, note]
    legend_below(figure, width, handles, labels)
    return figure


def legend(compared: bool, by_sign: bool = False) -> tuple[list[Patch | Line2D], list[str]]:
    """Handles and labels of histograms before and after, and of those by sign."""
    handles: list[Patch | Line2D] = [Line2D([], [], color=AFTER)]
    labels = ["after training"]
    if compared:
        handles, labels = [Patch(color=BEFORE), *handles], ["before", *labels]
    if by_sign:
        for name, colour, dashes in SIGNS:
            handles.append(Line2D([], [], color=colour, ls=dashes))
            labels.append(f"{name} after")
    return handles, labels


def title(projection: Projection, before: Projection | None, room: float) -> list[str]:
    """The name of a projection and the shares of its delays at their bounds, within mm."""
    table = projection.synapses
    after = at_bounds(table)
    was = at_bounds(before.synapses) if before is not None and len(before.synapses) else None
    bounds = (0.0, table.max_delay)
    shares = [
        f"at {bound:g} ms {percent(was[k]) + ' → ' if was else ''}{percent(after[k])} %"
        for k, bound in enumerate(bounds)
    ]
    moves = "learnt" if "delay" in projection.learn else "not learnt"
    size = f", {len(table):,} synapses, delays {moves}"
    name = fitted(projection.name, max(room - 1.35 * len(size), 12.0))
    return [fitted(name + size, room), fitted("; ".join(shares), room)]


def histogram(axes: Axes, projection: Projection, before: Projection | None) -> None:
    """Shares of the synapses whose delays lie between the bounds."""
    limit = projection.synapses.max_delay
    bins = np.linspace(0.0, limit, BINS + 1)
    found: list[np.ndarray] = []
    tables = [(projection, False)] if before is None else [(before, True), (projection, False)]
    for each, first in tables:
        delay = each.synapses.delay
        inner = delay[(delay > 1e-9 * limit) & (delay < limit * (1.0 - 1e-9))]
        weights = np.full(len(inner), 100.0 / max(len(delay), 1))
        style = {"color": BEFORE} if first else {"histtype": "step", "color": AFTER, "lw": 1.1}
        heights, _, _ = axes.hist(inner, bins.tolist(), weights=weights, **style)
        found.append(np.asarray(heights))
    axes.set(xlim=(0.0, limit), xlabel="delay (ms)", ylabel="synapses (%)")
    _keep_in_scale(axes, found)
    count_ticks(axes)


def _keep_in_scale(axes: Axes, found: list[np.ndarray]) -> None:
    """Delays beside a bound, which were driven there, do not set the scale but get a number."""
    inner = max(float(heights[1:-1].max()) for heights in found)
    top = 1.3 * inner if inner > 0.0 else 1.05 * max(float(h.max()) for h in found)
    top = max(top, 1e-3)
    axes.set_ylim(0.0, top)
    for place, side, bar in ((0.04, "left", 0), (0.96, "right", -1)):
        if (height := float(found[-1][bar])) > top:
            axes.text(place, 0.97, f"↑ {height:.2g} %", ha=side, va="top", size=SMALL,
                      transform=axes.transAxes)  # fmt: skip


def _moves(axes: Axes, projection: Projection, before: Projection) -> None:
    """Each delay before training against after; on the grey line it is as it was."""
    limit = projection.synapses.max_delay
    x, y = before.synapses.delay, projection.synapses.delay
    axes.grid(visible=False)
    axes.set_title("each synapse" + ("" if len(x) <= FEW else "; darker: more"), fontsize=SMALL)
    if len(x) <= FEW:
        axes.plot(x, y, ".", color=BLUE, alpha=0.6, clip_on=False)
    else:
        span = [[0.0, limit], [0.0, limit]]
        counts, _, _ = np.histogram2d(x, y, bins=BINS, range=span)
        counts[counts == 0] = np.nan
        image: dict[str, Any] = {
            "cmap": "Blues",
            "norm": LogNorm(vmin=0.5, vmax=max(2.0, np.nanmax(counts))),
        }
        axes.imshow(counts.T, origin="lower", extent=(0, limit, 0, limit), aspect="auto", **image)
    axes.plot([0, limit], [0, limit], color=GREY, linewidth=0.6)
    axes.set(xlim=(0, limit), ylim=(0, limit), xlabel="delay before (ms)", ylabel="after (ms)")


def _by_sign(axes: Axes, projection: Projection) -> None:
    """Where the wiring has changed: delays of excitatory and of inhibitory synapses."""
    table = projection.synapses
    bins = np.linspace(0.0, table.max_delay, BINS // 2 + 1).tolist()
    masks = {"excitatory": table.weight > 0, "inhibitory": table.weight < 0}
    for name, colour, dashes in SIGNS:
        part = table.delay[masks[name]]
        weights = np.full(len(part), 100.0 / max(len(table), 1))
        axes.hist(part, bins, weights=weights, histtype="step", color=colour, ls=dashes)
    axes.set(xlim=(0.0, table.max_delay), xlabel="delay (ms)", ylabel="synapses (%)")
