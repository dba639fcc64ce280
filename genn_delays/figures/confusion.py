"""The confusion matrix of the kept network, with the share of each class that it finds."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from genn_delays.figures.answers import Answers
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.style import BLUE, BODY, SMALL, fitted, new_figure, width_of

COUNTED = 12
"""Most classes of which every cell has its number."""
LINE = 2.6
"""Height of a line of ticks, in mm."""


def draw(material: Material, width: int) -> Figure:
    """Rows are true classes, columns answers, grey levels shares of a row."""
    answers = material.answers
    if answers.predicted is None:
        raise NothingToDrawError("a regression has no classes to confuse")
    counts = answers.matrix()
    classes, columns = counts.shape
    names = [answers.class_name(k) for k in range(classes)]
    names += ["none"] * (columns - classes)
    plot = float(np.clip(9.0 * classes, 30.0, 56.0 if width <= 90 else 110.0))
    height = plot + (28.0 if classes > 1 else 12.0)
    figure = new_figure(width, height)
    matrix, recall = figure.subplots(1, 2, width_ratios=(4, 1), sharey=True)
    _matrix(matrix, counts, names, plot, width)
    _recall(recall, counts)
    figure.suptitle(_title(answers, counts, width), x=0.01, ha="left")
    return figure


def _matrix(axes: Axes, counts: np.ndarray, names: list[str], plot: float, width: int) -> None:
    classes, columns = counts.shape
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.grid(visible=False)
    axes.imshow(share, cmap="Greys", norm=PowerNorm(0.5, 0.0, 1.0), aspect="auto")
    if classes <= COUNTED:
        for i, j in zip(*np.nonzero(counts), strict=True):
            colour = "white" if share[i, j] > 0.3 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, size=SMALL)
    every = max(1, int(np.ceil(columns * LINE / plot)))
    shown = range(0, columns, every)
    room = 14.0 if plot < 80.0 else 22.0
    labels = [fitted(names[k], room, SMALL) for k in shown]
    axes.set_xticks(shown, labels, rotation=90 if _wide(labels, columns, width) else 0)
    axes.set_yticks([k for k in shown if k < classes], labels[: len(range(0, classes, every))])
    axes.tick_params(length=0.0)
    axes.set(xlabel="answer (darker: more of the row)", ylabel="true class")
    for spine in axes.spines.values():
        spine.set_visible(True)


def _wide(labels: list[str], columns: int, width: int) -> bool:
    """Whether names side by side would run into each other."""
    room = 0.55 * width / columns * max(1, columns // len(labels))
    return max(width_of(label, SMALL) for label in labels) > room - 0.6


def _recall(axes: Axes, counts: np.ndarray) -> None:
    """The share of each class that was found."""
    classes = len(counts)
    total = np.maximum(counts.sum(axis=1), 1)
    axes.barh(np.arange(classes), 100.0 * np.diag(counts[:, :classes]) / total, 0.7, color=BLUE)
    axes.set(xlim=(0, 100), xticks=(0, 50, 100), xlabel="found (%)")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0.0, labelleft=False)


def _title(answers: Answers, counts: np.ndarray, width: int) -> str:
    """What is to be seen, in words: how many are right, and what is mistaken most often."""
    classes = len(counts)
    right, total = int(np.trace(counts[:, :classes])), int(counts.sum())
    steps = "steps of trials" if answers.labels.ndim > 1 else "trials"
    share = 100.0 * right / max(total, 1)
    lines = [f"{answers.name}: {right} of {total} {steps} right, {share:.1f} %"]
    wrong = counts.copy()
    np.fill_diagonal(wrong[:, :classes], 0)
    if wrong.any():
        true, found = np.unravel_index(int(wrong.argmax()), wrong.shape)
        said = answers.class_name(int(found)) if found < classes else "none"
        room = (width - width_of("most often mistaken: , taken for  (0000)")) / 2 - 4.0
        pair = [fitted(name, room, BODY) for name in (answers.class_name(int(true)), said)]
        times = wrong[true, found]
        lines.append(f"most often mistaken: {pair[0]}, taken for {pair[1]} ({times})")
    return "\n".join(lines)
