"""The picture of a run: training curves, and delays and weights before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genn_delays.analysis.statistics import ProjectionStatistics, statistics
from genn_delays.declaration.network import Network, Projection
from genn_delays.experiment import checkpoint
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support.cache import atomic_path
from genn_delays.support.errors import CheckpointError
from genn_delays.support.recording import writing

Lines = Sequence[dict[str, Any]]

COLOURS = {"train": "#4477aa", "validation": "#ee6677"}
LABELS = {
    "loss": "loss",
    "accuracy": "accuracy (%)",
    "spikes_per_neuron": "spikes per neuron",
}
BEFORE, AFTER = "#bbbbbb", "#228833"
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "legend.frameon": False,
}


def plot_run(folder: RunFolder) -> Path:
    """Draw ``training.png`` of a run folder; its path.

    Raises:
        CheckpointError: the run has not finished an epoch yet, or a file of it is damaged.
    """
    lines = folder.read_metrics()
    if not lines or not folder.best.exists():
        raise CheckpointError(f"run folder {folder.path}: no epoch is finished yet")
    best = checkpoint.load(folder.best)
    initial = checkpoint.load(folder.initial).network if folder.initial.exists() else None
    with mpl.rc_context(STYLE):
        figure = draw(lines, best.network, initial, best_epoch=best.attributes.get("epoch"))
        with writing(folder.picture), atomic_path(folder.picture) as path:
            figure.savefig(path, dpi=150)
    return folder.picture


def draw(
    lines: Lines, network: Network, initial: Network | None = None, best_epoch: int | None = None
) -> Figure:
    """The figure, not shown.

    Args:
        lines: of metrics.jsonl.
        network: after training.
        initial: before training.
        best_epoch: marked in the curves.
    """
    projections = [p for p in network.projections.values() if len(p.synapses)]
    rewired = any(line.get("rewiring") for line in lines)
    rows = 1 + rewired + len(projections)
    figure = Figure(figsize=(9.0, 2.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is asked for
    axes = figure.subplots(rows, 2, squeeze=False)
    classified = any("accuracy" in line for line in lines)
    _curves(axes[0, 0], lines, "loss", best_epoch)
    _curves(axes[0, 1], lines, "accuracy" if classified else "spikes_per_neuron", best_epoch)
    found = statistics(network, initial)
    if rewired:
        _rewiring(axes[1], lines)
    for row, projection in zip(axes[1 + rewired :], projections, strict=True):
        before = initial.projections.get(projection.name) if initial else None
        _delays(row[0], projection, before, found[projection.name])
        _weights(row[1], projection, before, found[projection.name])
    return figure


def _curves(axes: Axes, lines: Lines, what: str, best_epoch: int | None) -> None:
    scale = 100.0 if what == "accuracy" else 1.0
    if best_epoch is not None:
        axes.axvline(best_epoch, color="#999999", linewidth=0.8, linestyle=":", label="best")
    for split, colour in COLOURS.items():
        chosen = [line for line in lines if line["split"] == split and what in line]
        if chosen:
            values = [scale * line[what] for line in chosen]
            marker = "o" if len(values) < 3 else None
            epochs = [line["epoch"] for line in chosen]
            axes.plot(epochs, values, marker=marker, color=colour, label=split)
    axes.set_xlabel("epoch")
    axes.set_ylabel(LABELS[what])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()


def _rewiring(row: Sequence[Axes], lines: Lines) -> None:
    """Share of the synapses replaced in each epoch, and how old they are."""
    chosen = [line for line in lines if line.get("rewiring")]
    epochs = [line["epoch"] for line in chosen]
    for name in chosen[0]["rewiring"]:
        seen = [line["rewiring"][name] for line in chosen]
        share = [100.0 * s["grown"] / max(s["synapses"], 1) for s in seen]
        row[0].plot(epochs, share, label=name)
        row[1].plot(epochs, [s["age_mean"] for s in seen], label=name)
    for axes, what in zip(row, ("grown (% of synapses)", "mean age (batches)"), strict=True):
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()


def _delays(
    axes: Axes, projection: Projection, before: Projection | None, found: ProjectionStatistics
) -> None:
    limit = projection.synapses.max_delay
    if limit == 0.0:
        axes.set_axis_off()
        note = f"{projection.name}: no delays"
        axes.text(0.5, 0.5, note, ha="center", va="center", color="#777777")
        return
    bins = np.linspace(0.0, limit, 41).tolist()
    _histograms(axes, projection, before, "delay", bins)
    title = f"{projection.name}: delays {found.delay_mean:.1f} ± {found.delay_sd:.1f} ms"
    moved = "" if found.delay_moved is None else f", moved by {found.delay_moved:.2g} ms"
    axes.set_title(title + moved)
    axes.set_xlabel("delay (ms)")


def _weights(
    axes: Axes, projection: Projection, before: Projection | None, found: ProjectionStatistics
) -> None:
    tables = [p.synapses for p in (projection, before) if p is not None]
    low = min(float(table.weight.min()) for table in tables)
    high = max(float(table.weight.max()) for table in tables)
    margin = 0.0 if high > low else max(abs(high), 1.0) * 0.1
    bins = np.linspace(low - margin, high + margin, 41).tolist()
    _histograms(axes, projection, before, "weight", bins)
    axes.set_title(
        f"{projection.name}: weights {found.weight_mean:.3g} ± {found.weight_sd:.3g}, "
        f"{100.0 * found.excitatory:.0f} % excitatory"
    )
    axes.set_xlabel("weight")


def _histograms(
    axes: Axes, projection: Projection, before: Projection | None, column: str, bins: list[float]
) -> None:
    if before is not None:
        values = getattr(before.synapses, column)
        axes.hist(values, bins, color=BEFORE, alpha=0.7, label="before")
    values = getattr(projection.synapses, column)
    axes.hist(values, bins, histtype="step", color=AFTER, linewidth=1.4, label="after")
    axes.set_ylabel("synapses")
    axes.set_ylim(top=1.2 * axes.get_ylim()[1])  # room for the legend
    axes.legend(loc="upper right", ncols=2)
