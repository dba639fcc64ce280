"""What the network does in some trials: spikes of every population, and its answer as it forms."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genn_delays.figures.answers import Answers, answer_over_time
from genn_delays.figures.material import Material
from genn_delays.figures.preview import spectrogram
from genn_delays.figures.style import (
    BLACK,
    BLUE,
    BODY,
    PALE,
    VERMILION,
    fitted,
    legend_below,
    new_figure,
    ticks,
)
from genn_delays.fitting.recorder import Recording

HEIGHTS = {"input": 26.0, "hidden": 22.0, "answer": 26.0}
DOTS = 500
"""Most dots that an SVG holds one by one; more become a picture in it."""


def draw(material: Material, width: int) -> Figure:
    """A column per trial: input, spiking populations, and the readout had the trial ended then."""
    answers = material.answers
    trials = chosen_trials(answers, 3 if width > 90 else 2)
    recorded = answers.record(trials)
    rows = shown_populations(answers, recorded)
    kinds = ["input" if name in _inputs(answers) else "hidden" for name in rows] + ["answer"]
    heights = [HEIGHTS[kind] for kind in kinds]
    figure = new_figure(width, sum(heights) + 16.0)
    grid = figure.subplots(
        len(heights), len(trials), height_ratios=heights, sharex=True, sharey="row", squeeze=False
    )
    for column, trial in enumerate(trials):
        for axes, name in zip(grid[:, column], rows, strict=False):
            _spikes(axes, answers, recorded[name], name, column, int(trial))
        title = title_of(answers, int(trial))
        grid[0, column].set_title("\n".join(fitted(t, width / len(trials) - 11.0) for t in title))
        _answer(grid[-1, column], answers, recorded[answers.read_population], column, int(trial))
    for axes, name in zip(grid[:, 0], [*rows, _meaning(answers)], strict=True):
        axes.set_ylabel("\n".join(fitted(line, 20.0, BODY) for line in name.split("\n")))
    figure.align_ylabels(grid[:, 0])
    legend_below(figure, width, *_legend(answers))
    return figure


def _meaning(answers: Answers) -> str:
    """What the lowest panel shows."""
    lowest = getattr(answers.model.recipe.loss, "scale", 1.0) < 0.0
    if answers.model.recipe.readout.reads == "first_spike":
        return "first spike (ms)" + ("\nearliest wins" if lowest else "")
    return "answer so far" + ("\nlowest wins" if lowest else "")


def chosen_trials(answers: Answers, count: int) -> np.ndarray:
    """The first right trials, of as many classes, and the first wrong one, which comes last."""
    right = answers.right()
    if right is None:
        return np.arange(min(count, len(answers.labels)))
    first = answers.labels.reshape(len(right), -1)[:, 0]
    good, bad = np.flatnonzero(right), np.flatnonzero(~right)
    wrong = bad[:1]
    _, each = np.unique(first[good], return_index=True)
    best = list(good[np.sort(each)][: count - len(wrong)])
    rest = [k for k in (*good, *bad) if k not in best and k not in wrong]
    return np.array([*best, *rest[: count - len(wrong) - len(best)], *wrong])


def shown_populations(answers: Answers, recorded: dict[str, Recording]) -> list[str]:
    """Inputs, and what spikes, but for the readout's own where that is a voltage."""
    reads = answers.model.recipe.readout.reads
    spiking = {p.name for p in answers.model.simulation.plan.populations if p.is_spiking}
    return [
        name
        for name in recorded
        if name in _inputs(answers)
        or (name in spiking and not (name == answers.read_population and reads == "voltage"))
    ]


def _inputs(answers: Answers) -> set[str]:
    return {p.name for p in answers.model.simulation.plan.populations if p.is_input}


def title_of(answers: Answers, trial: int) -> tuple[str, str]:
    """What a trial is, and what the network took it for."""
    labels = answers.labels[trial]
    if answers.predicted is None:
        return f"{answers.name} trial {trial}", ""
    found = answers.predicted[trial]
    if np.ndim(labels):
        share = 100.0 * float(np.mean(found == labels))
        return f"{answers.name} trial {trial}", f"{share:.0f} % of its steps are right"
    said = answers.class_name(int(found)) if found >= 0 else "none"
    verdict = "right" if found == labels else "wrong"
    return f"true: {answers.class_name(int(labels))}", f"answer: {said} ({verdict})"


def _spikes(
    axes: Axes, answers: Answers, recorded: Recording, name: str, column: int, trial: int
) -> None:
    """Spikes as dots; graded input as a picture."""
    spikes = recorded.spikes[column]
    recipe = answers.model.recipe
    length = recipe.steps * recipe.dt
    axes.grid(visible=False)
    if answers.split.graded and name in _inputs(answers):
        events = answers.split.batch(np.array([trial]))
        image = spectrogram(events, answers.units, length)
        extent = (0.0, length, -0.5, answers.units - 0.5)
        axes.imshow(image, aspect="auto", origin="lower", extent=extent, cmap="Greys")
    else:
        step, unit = np.nonzero(spikes)
        most = np.count_nonzero(recorded.spikes, axis=(1, 2)).max()  # dots of a row are alike
        size = 1.0 if most > 500 else 2.0 if most > 50 else 4.0
        axes.plot(step * recipe.dt, unit, ".", color=BLACK, markersize=size, markeredgewidth=0.0,
                  rasterized=len(step) > DOTS)  # fmt: skip
    margin = 0.01 * length  # spikes of the first step are seen
    axes.set(xlim=(-margin, length + margin), ylim=(-0.5, spikes.shape[1] - 0.5))
    axes.yaxis.set_major_locator(ticks(3, integer=True))


def _answer(axes: Axes, answers: Answers, recorded: Recording, column: int, trial: int) -> None:
    """The readout as the trial goes on; the true class and the one it was taken for stand out."""
    recipe = answers.model.recipe
    times, said = answer_over_time(recipe.readout, recorded, column, recipe.dt)
    true, found = _classes(answers, trial)
    for unit in range(said.shape[1]):
        style: dict[str, Any] = {"color": PALE, "lw": 0.6, "zorder": 1.0}
        if unit == found:
            style = {"color": VERMILION, "lw": 1.2, "ls": (0, (3, 1)), "zorder": 3.0}
        if unit == true:
            style = {"color": BLUE, "lw": 1.4, "ls": "-", "zorder": 2.0}
        axes.plot(times[:, unit], said[:, unit], **style)
    if answers.predicted is None:
        _targets(axes, answers.labels[trial], said.shape[1], recipe.dt)
    axes.set_xlabel("time (ms)")
    axes.xaxis.set_major_locator(ticks(4))
    axes.yaxis.set_major_locator(ticks(3))


def _classes(answers: Answers, trial: int) -> tuple[int, int]:
    """The true class and the answer where they are of the whole trial, or else -1."""
    if answers.predicted is None or answers.labels.ndim > 1:
        return -1, -1
    return int(answers.labels[trial]), int(answers.predicted[trial])


def _targets(axes: Axes, target: np.ndarray, outputs: int, dt: float) -> None:
    """What a regression should have said, at the end of the trial or in each step."""
    if target.ndim == 2:
        axes.plot(np.arange(len(target)) * dt, target, color=BLUE, linestyle=":", linewidth=0.8)
    elif target.shape == (outputs,):
        for value in target:
            axes.axhline(value, color=BLUE, linestyle=":", linewidth=0.8)


def _legend(answers: Answers) -> tuple[list[Line2D], list[str]]:
    if answers.predicted is None:
        lines = [Line2D([], [], color=PALE), Line2D([], [], color=BLUE, ls=":")]
        return lines, ["output", "target"]
    if answers.labels.ndim > 1:
        return [Line2D([], [], color=PALE)], ["output of each class"]
    lines = [
        Line2D([], [], color=BLUE, lw=1.4),
        Line2D([], [], color=VERMILION, ls=(0, (3, 1))),
        Line2D([], [], color=PALE, lw=0.8),
    ]
    return lines, ["true class", "answer, where it is wrong", "other classes"]
