"""The picture of a data set: a trial of some classes, and how many trials each class has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genn_delays.datasets.base import Dataset
from genn_delays.figures.style import COLOURS, PALE, styled
from genn_delays.planning.events import Events
from genn_delays.support.cache import atomic_path
from genn_delays.support.errors import DataError
from genn_delays.support.recording import writing

SHOWN = 6
"""Trials that are drawn."""
COLUMNS, ROWS = 400, 200
"""Most picture elements of a spectrogram."""
SPLIT_COLOURS = {**COLOURS, "test": PALE}


def draw_preview(dataset: Dataset, path: Path) -> Path:
    """Draw a data set to ``path``, whose suffix decides the format; the path.

    Raises:
        DataError: matplotlib does not know the format.
        CheckpointError: the file cannot be written.
    """
    known = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in known:
        raise DataError(f"{path}: no picture has this suffix; use .png, .svg or .pdf")
    with styled():
        figure = preview(dataset)
        with writing(path), atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=150)
    return path


def preview(dataset: Dataset) -> Figure:
    """A trial of each of up to six classes of the training split, above the class balance."""
    shown = _some_trials(dataset)
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, max(len(shown), 1), height_ratios=(3, 2))
    for column, trial in enumerate(shown):
        axes = figure.add_subplot(grid[0, column])
        _draw_trial(axes, dataset, trial)
        if column == 0:
            axes.set_ylabel("unit")
        else:
            axes.set_yticklabels([])
    _draw_balance(figure.add_subplot(grid[1, :]), dataset)
    return figure


def _some_trials(dataset: Dataset) -> list[int]:
    """The first trial of classes that are spread over all; of a regression the first trials."""
    labels = dataset.train.labels
    if not dataset.classes:
        return list(range(min(SHOWN, len(labels))))
    classes, first = np.unique(labels, return_index=True)
    spread = np.linspace(0, len(classes) - 1, min(SHOWN, len(classes)))
    return [int(first[k]) for k in np.unique(spread.round().astype(int))]


def _draw_trial(axes: Axes, dataset: Dataset, trial: int) -> None:
    events = dataset.train.batch(np.array([trial]))
    if events.value is None:
        axes.plot(events.time, events.unit, "k.", markersize=1.5)
    else:
        extent = (0.0, dataset.duration, -0.5, dataset.units - 0.5)
        image = spectrogram(events, dataset.units, dataset.duration)
        axes.grid(visible=False)
        axes.imshow(image, aspect="auto", origin="lower", extent=extent, cmap="magma")
    axes.set(xlim=(0, dataset.duration), ylim=(-0.5, dataset.units - 0.5), xlabel="time (ms)")
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    label = dataset.train.labels[trial]
    if dataset.classes:
        axes.set_title(dataset.class_names[label] if dataset.class_names else f"class {label}")


def spectrogram(events: Events, units: int, duration: float) -> np.ndarray:
    """Mean value of the events in each field of units and time, (rows, columns), NaN in none."""
    rows, columns = min(units, ROWS), COLUMNS
    times = len(np.unique(events.time))
    columns = max(1, min(columns, times))
    row = events.unit.astype(np.int64) * rows // units
    column = np.minimum((events.time * columns / duration).astype(np.int64), columns - 1)
    field = row * columns + column
    total = np.bincount(field, weights=events.value, minlength=rows * columns)
    count = np.bincount(field, minlength=rows * columns)
    with np.errstate(invalid="ignore"):
        return (total / count).reshape(rows, columns)


def _draw_balance(axes: Axes, dataset: Dataset) -> None:
    """Trials of each class, by split; of a regression, trials of each split."""
    classes = max(dataset.classes, 1)
    below = np.zeros(classes)
    for name, split in dataset.splits().items():
        labels = split.labels if dataset.classes else np.zeros(len(split), dtype=np.int64)
        counts = np.bincount(labels, minlength=classes)
        axes.bar(np.arange(classes), counts, bottom=below, color=SPLIT_COLOURS[name], label=name)
        below += counts
    axes.set(ylabel="trials", xlabel="class" if dataset.classes else "")
    axes.grid(axis="x", visible=False)
    if dataset.class_names and classes <= 40:
        rotation = 0 if classes <= 12 else 60
        axes.set_xticks(range(classes), dataset.class_names, rotation=rotation)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, ncols=3)
