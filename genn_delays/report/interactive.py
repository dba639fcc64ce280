"""Data of the interactive parts: spikes and answers of some trials, synapses of some neurons.

All is bounded, so that a page stays a file to be sent; what was left out is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.figures.answers import Answers, answer_over_time
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.raster import chosen_trials, shown_populations, title_of
from genn_delays.figures.receptive_fields import strongest

TRIALS = 6
SPIKES = 30_000
"""Most spikes of all trials together."""
SYNAPSES = 24_000
"""Most synapses of all neurons together."""
LINES = 12
"""Most outputs of a trial whose course is shown."""


def raster(material: Material) -> dict[str, Any]:
    """Spikes of chosen trials and the readout as it forms.

    Raises:
        GennDelaysError: there are no data, or one trial has too many spikes for a page.
    """
    answers = material.answers
    chosen = chosen_trials(answers, TRIALS)
    recorded = answers.record(chosen)
    graded = {p.name for p in answers.model.simulation.plan.populations if p.is_input}
    names = shown_populations(answers, recorded)
    names = [n for n in names if not (answers.split.graded and n in graded)]
    recipe = answers.model.recipe
    found: list[dict[str, Any]] = []
    left = SPIKES
    for column, trial in enumerate(chosen):
        spikes = {name: np.nonzero(recorded[name].spikes[column]) for name in names}
        left -= sum(len(times) for times, _ in spikes.values())
        if left < 0:
            break
        read = recorded[answers.read_population]
        times, said = answer_over_time(recipe.readout, read, column, recipe.dt)
        found.append(
            {
                "title": ", ".join(part for part in title_of(answers, int(trial)) if part),
                "spikes": [[t.tolist(), u.tolist()] for t, u in spikes.values()],
                **_course(answers, int(trial), times, said),
            }
        )
    if not found:
        raise NothingToDrawError(f"one trial has more than {SPIKES} spikes")
    return {
        "populations": [{"name": n, "size": recorded[n].spikes.shape[2]} for n in names],
        "dt": recipe.dt,
        "duration": recipe.steps * recipe.dt,
        "trials": found,
    }


def _course(answers: Answers, trial: int, times: np.ndarray, said: np.ndarray) -> dict[str, Any]:
    """The outputs that end farthest apart from each other, among them the true class."""
    label = answers.labels[trial]
    true = int(label) if answers.predicted is not None and np.ndim(label) == 0 else -1
    order = np.argsort(-np.abs(said[-1]), kind="stable")[:LINES]
    shown = sorted({*order.tolist(), *([true] if true >= 0 else [])})
    names = [answers.class_name(k) if answers.predicted is not None else str(k) for k in shown]
    return {
        "times": np.round(times[:, 0], 3).tolist(),
        "outputs": [[float(f"{v:.4g}") for v in said[:, k]] for k in shown],
        "names": names,
        "true": shown.index(true) if true >= 0 else -1,
    }


def delay_map(material: Material) -> list[dict[str, Any]]:
    """Synapses onto the neurons with the strongest ones, for every projection with delays."""
    chosen, _ = material.projections(delayed=True)
    found = []
    for projection in chosen:
        table = projection.synapses
        each = max(1, len(table) // max(table.post_size, 1))
        units = strongest(projection, max(1, SYNAPSES // (len(chosen) * each)))
        found.append(
            {
                "name": projection.name,
                "pre": projection.pre.name,
                "post": projection.post.name,
                "sizes": [table.pre_size, table.post_size],
                "max": table.max_delay,
                "units": [_synapses(table, int(unit)) for unit in units],
            }
        )
    return found


def _synapses(table: Any, unit: int) -> dict[str, Any]:
    mine = np.flatnonzero(table.post == unit)[:SYNAPSES]
    return {
        "unit": unit,
        "pre": table.pre[mine].tolist(),
        "delay": [float(f"{v:.4g}") for v in table.delay[mine]],
        "weight": [float(f"{v:.3g}") for v in table.weight[mine]],
    }
