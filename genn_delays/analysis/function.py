"""What the answers of a network rest on: a table of what is left after a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from genn_delays.analysis.perturbations import UNCHANGED, Perturbation, perturbations
from genn_delays.datasets.base import Dataset, required
from genn_delays.datasets.split import Split
from genn_delays.fitting.measuring import confused, measure
from genn_delays.fitting.model import Model
from genn_delays.support.checks import is_count
from genn_delays.support.errors import DataError
from genn_delays.training.state import Tally

REPEATS = 3


@dataclass(frozen=True)
class Outcome:
    """A line of the table: what was done, and what is left.

    Attributes:
        name, amount, unit: what was done, see :class:`Perturbation`.
        repeats: how often, with other random numbers; 1 where nothing is random.
        accuracy, accuracy_sd: share in [0, 1], mean and deviation (n - 1) over repeats; None in a
            regression, and NaN the deviation of one.
        loss, loss_sd: likewise.
    """

    name: str
    amount: float | None
    unit: str
    repeats: int
    accuracy: float | None
    accuracy_sd: float | None
    loss: float
    loss_sd: float


@dataclass(frozen=True, eq=False)
class Function:
    """What a network does on one split.

    Attributes:
        split: ``"validation"`` or another.
        trials: in it.
        seed: of what is random.
        lines: one per change, the unchanged network first.
        class_names: of the classes; () where they have none.
        confusion: how often class i was taken for class j, int64; None in a regression.
        class_accuracy: share of each class that was classified right, NaN where the split has none
            of it; None in a regression.
        rates: by spiking population, spikes per second of each unit, float64, (units,).
    """

    split: str
    trials: int
    seed: int
    lines: tuple[Outcome, ...]
    class_names: tuple[str, ...]
    confusion: np.ndarray | None
    class_accuracy: np.ndarray | None
    rates: Mapping[str, np.ndarray]


def function(
    model: Model,
    data: Dataset | None = None,
    *,
    split: str = "validation",
    repeats: int = REPEATS,
    seed: int = 1,
) -> Function:
    """Measure a network as it is, and with its delays, synapses or input changed.

    Delays are shuffled, set to their mean or rounded, and synapses removed, in each projection;
    see :mod:`genn_delays.analysis.perturbations`. The model is as before when this returns.

    Args:
        model: of :func:`genn_delays.load` or :func:`genn_delays.fit`.
        data: by default what the model was fitted to.
        split: by default ``"validation"``; keep ``"test"`` for what was chosen without it.
        repeats: of each random change.
        seed: of these.

    Raises:
        DataError: no data, no such split, or an impossible setting.
    """
    if not is_count(repeats) or not is_count(seed, least=0):
        raise DataError(
            f"function(): repeats={repeats!r}, seed={seed!r}; give whole numbers, 1 and 0 or more"
        )
    data = data or model.dataset
    if data is None:
        raise DataError("function(): a model from a file has no data; give them")
    chosen = required(data, split)
    recipe = model.recipe
    tally, predicted = measure(model.simulation, recipe, chosen)
    lines = [_line(UNCHANGED, [tally])]
    for change in perturbations(model.network, data.units, data.duration, recipe.dt):
        times = range(repeats if change.random else 1)
        lines.append(_line(change, [_changed(model, chosen, change, seed, k) for k in times]))
    confusion = None
    if data.classes and predicted is not None:
        confusion = confused(chosen.labels, predicted, data.classes)
    seconds = len(chosen) * recipe.steps * recipe.dt / 1000.0
    return Function(
        split=split,
        trials=len(chosen),
        seed=seed,
        lines=tuple(lines),
        class_names=data.class_names,
        confusion=confusion,
        class_accuracy=None if confusion is None else _diagonal(confusion),
        rates={name: counts / seconds for name, counts in tally.spikes.items()},
    )


def _changed(model: Model, split: Split, change: Perturbation, seed: int, repeat: int) -> Tally:
    """What is left; the model is as before afterwards."""
    key = f"{change.name} {change.amount}"
    rng = np.random.default_rng([seed, crc32(key.encode()), repeat])
    simulation, events = model.simulation, change.events
    alter = None if events is None else lambda batch: events(batch, rng)
    try:
        if change.table is not None:
            network = model.network.untied()
            for projection in network.projections.values():
                change.table(projection.synapses, rng)
            simulation.load(network)
        return measure(simulation, model.recipe, split, alter)[0]
    finally:
        if change.table is not None:
            simulation.load(model.network)


def _line(change: Perturbation, tallies: Sequence[Tally]) -> Outcome:
    metrics = [tally.metrics() for tally in tallies]
    loss, loss_sd = _spread([one.loss for one in metrics])
    right = [one.accuracy for one in metrics if one.accuracy is not None]
    accuracy, accuracy_sd = _spread(right) if right else (None, None)
    return Outcome(
        change.name,
        change.amount,
        change.unit,
        len(metrics),
        accuracy,
        accuracy_sd,
        loss,
        loss_sd,
    )


def _spread(values: Sequence[float]) -> tuple[float, float]:
    sd = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(sd)


def _diagonal(confusion: np.ndarray) -> np.ndarray:
    of_class = confusion.sum(axis=1)
    share = np.full(len(confusion), np.nan)
    return np.divide(np.diag(confusion), of_class, out=share, where=of_class > 0)
