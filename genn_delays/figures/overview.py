"""The one picture of a run, ``training.png``: curves, rewiring, delays and weights."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.declaration.parts import Projection
from genn_delays.figures import curves, delays, rewiring, weights
from genn_delays.figures.material import Material
from genn_delays.figures.style import PANEL, SMALL, fitted, legend_below, new_figure

WIDTH = 180


def draw(material: Material, width: int = WIDTH) -> Figure:
    """A row of curves, one of rewiring where there is any, and one for each projection."""
    shown, note = material.projections()
    rewired = rewiring.rewires(material)
    cells = _cells(shown)
    rows = -(-len(cells) // 2)
    heights = [PANEL + 2.0] + [PANEL + 8.0] * rewired + [PANEL + 5.0] * rows
    figure = new_figure(width, sum(heights) + 10.0)
    parts = list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    _curves(parts[0], material)
    if rewired:
        _rewiring(parts[1], material, width)
    for row, part in enumerate(parts[1 + rewired :]):
        _projections(part, material, cells[2 * row : 2 * row + 2], width)
    first, named = curves.legend(material)
    second, also = delays.legend(material.initial is not None)
    handles, labels = [*first, *second], [*named, *also]
    if note:
        handles, labels = [*handles, Line2D([], [], ls="")], [*labels, note]
    legend_below(figure, width, handles, labels)
    return figure


def _curves(part: Figure, material: Material) -> None:
    columns = curves.panels(material)
    row = part.subplots(1, len(columns), squeeze=False)[0]
    for axes, what in zip(row, columns, strict=True):
        curves.panel(axes, material, what)


def _rewiring(part: Figure, material: Material, width: int) -> None:
    axes = part.subplots(1, len(rewiring.MEASURED))
    for each, what in zip(axes, rewiring.MEASURED, strict=True):
        rewiring.panel(each, material, what)
    legend_below(part, width, *rewiring.legend(material))


def _cells(shown: list[Projection]) -> list[tuple[str, Projection]]:
    """What has a panel: delays and weights side by side, then weights where there are no delays."""
    delayed = [p for p in shown if p.synapses.max_delay > 0.0]
    plain = [("weights", p) for p in shown if p.synapses.max_delay == 0.0]
    return [(what, p) for p in delayed for what in ("delays", "weights")] + plain


def _projections(
    part: Figure, material: Material, cells: list[tuple[str, Projection]], width: int
) -> None:
    """Two panels, the second of which may be left out."""
    half = width / 2 - 14.0
    axes = part.subplots(1, 2)
    for each, (what, projection) in zip(axes, cells, strict=False):
        before = material.before(projection)
        if what == "weights":
            weights.panel(each, projection, before, half)
        else:
            delays.histogram(each, projection, before)
            _, shares = delays.title(projection, before, half)
            each.set_title(fitted(projection.name, half) + "\n" + shares, fontsize=SMALL)
    for empty in axes[len(cells) :]:
        empty.remove()
