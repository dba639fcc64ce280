"""Training curves: loss, accuracy and spikes by epoch, with the epoch whose network was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.figures.material import Material
from genn_delays.figures.style import (
    BLACK,
    COLOURS,
    DASHES,
    GREY,
    PANEL,
    epoch_ticks,
    legend_below,
    new_figure,
    ticks,
)

MEASURED = {
    "loss": "loss",
    "accuracy": "accuracy (%)",
    "spikes_per_neuron": "spikes per neuron",
}


def draw(material: Material, width: int) -> Figure:
    """Loss, accuracy where there is one, and spikes per neuron and trial."""
    columns = panels(material)
    flat = width > 90
    height = PANEL + 8.0 if flat else len(columns) * PANEL + 6.0
    figure = new_figure(width, height)
    shape = (1, len(columns)) if flat else (len(columns), 1)
    axes = figure.subplots(*shape, squeeze=False).ravel()
    for each, what in zip(axes, columns, strict=True):
        panel(each, material, what)
    legend_below(figure, width, *legend(material))
    return figure


def panels(material: Material) -> list[str]:
    """What was measured of this run."""
    return [what for what in MEASURED if any(what in line for line in material.lines)]


def panel(axes: Axes, material: Material, what: str) -> None:
    """One quantity over the epochs, of the splits that have it."""
    if material.best_epoch is not None:
        axes.axvline(material.best_epoch, color=GREY, linewidth=0.8, linestyle=":")
    scale, most = 100.0 if what == "accuracy" else 1.0, 0.0
    for split in ("train", "validation"):
        chosen = _of(material.lines, split, what)
        if chosen:
            epochs = [line["epoch"] for line in chosen]
            values = [scale * line[what] for line in chosen]
            most = max(most, *values)
            marker = "o" if len(values) < 3 else None
            axes.plot(epochs, values, color=COLOURS[split], ls=DASHES[split], marker=marker)
    if what == "accuracy" and material.test_accuracy is not None:
        tested = 100.0 * material.test_accuracy
        axes.plot([material.best_epoch or material.epochs[-1]], [tested], "D", color=BLACK)
        axes.set_title(f"test accuracy {tested:.1f} %")
    axes.set_ylabel(MEASURED[what])
    axes.margins(y=0.08)
    if what == "spikes_per_neuron":
        axes.set_ylim(0.0, max(1.08 * most, 0.1))
    axes.yaxis.set_major_locator(ticks(4))
    epoch_ticks(axes, material.epochs)


def _of(lines: Sequence[Mapping[str, Any]], split: str, what: str) -> list[Mapping[str, Any]]:
    return [line for line in lines if line["split"] == split and what in line]


def legend(material: Material) -> tuple[list[Line2D], list[str]]:
    """Handles and labels of what the panels show."""
    splits = [split for split in ("train", "validation") if _of(material.lines, split, "loss")]
    handles = [Line2D([], [], color=COLOURS[split], ls=DASHES[split]) for split in splits]
    labels = list(splits)
    if material.best_epoch is not None:
        handles.append(Line2D([], [], color=GREY, ls=":", linewidth=0.8))
        labels.append(f"epoch {material.best_epoch}: best on validation")
    if material.test_accuracy is not None:
        handles.append(Line2D([], [], color=BLACK, ls="", marker="D"))
        labels.append("test")
    return handles, labels
