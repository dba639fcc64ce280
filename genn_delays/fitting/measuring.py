"""A network asked about a whole split: loss, classes and spikes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from genn_delays.backends.simulation import Simulation
from genn_delays.datasets.split import Split
from genn_delays.experiment.recipe import Recipe
from genn_delays.planning.events import Events
from genn_delays.training.state import Tally

BATCH = 64
"""Trials that are run at once; results do not depend on it."""


def measure(
    simulation: Simulation,
    recipe: Recipe,
    split: Split,
    alter: Callable[[Events], Events] | None = None,
) -> tuple[Tally, np.ndarray | None]:
    """Sums over the trials of a split, and the class of each; None in a regression.

    Args:
        simulation: loaded with the network.
        recipe: how it is asked.
        split: the trials.
        alter: what the network gets of each batch, in the order of the trials.
    """
    tally, classes = Tally(), []
    spiking = [p.name for p in simulation.plan.populations if p.is_spiking]
    for start in range(0, len(split), BATCH):
        began = time.perf_counter()
        index = np.arange(start, min(start + BATCH, len(split)))
        labels, batch = split.labels[index], split.batch(index)
        outputs = simulation.forward(alter(batch) if alter else batch, training=False)
        value, _ = recipe.loss.checked(outputs, labels)
        counts = {name: simulation.spike_counts(name) for name in spiking}
        predicted = recipe.loss.predict(outputs)
        tally.add(value, predicted, labels, counts, time.perf_counter() - began)
        if predicted is not None:
            classes.append(predicted)
    return tally, np.concatenate(classes) if classes else None


def confused(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How often class i was taken for class j: int64, entry [i, j]; < 0 is no class."""
    counted = predicted >= 0
    classes = max(classes, int(predicted.max()) + 1)
    cells = labels[counted] * classes + predicted[counted]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)
