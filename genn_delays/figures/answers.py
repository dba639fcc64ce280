"""How a network answers trials: its classes, and its readout as a trial goes on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genn_delays.datasets.base import Dataset
from genn_delays.datasets.split import Split
from genn_delays.declaration.network import Network
from genn_delays.experiment.recipe import Recipe
from genn_delays.fitting.model import BATCH, Model
from genn_delays.fitting.recorder import Recording
from genn_delays.planning.readouts import Readout
from genn_delays.support.errors import DataError

POINTS = 100
"""Instants of a trial at which its answer so far is computed."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Of one split.

    Attributes:
        model: the network that answers.
        name, split: of the split.
        units, duration: input units, and ms of a trial.
        labels: classes (trials,), or (trials, steps), or targets of a regression.
        predicted: of the shape of the classes, -1 where none counts; None of a regression.
        class_names: (); or a name for each class.
    """

    model: Model
    name: str
    split: Split
    units: int
    duration: float
    labels: np.ndarray
    predicted: np.ndarray | None
    class_names: tuple[str, ...]

    @cached_property
    def read_population(self) -> str:
        """Name of the population whose voltage or spikes are the answer."""
        plan = self.model.simulation.plan
        return plan.populations[plan.readout_population].name

    def class_name(self, label: int) -> str:
        """Name of a class."""
        return self.class_names[label] if self.class_names else f"class {label}"

    def matrix(self) -> np.ndarray:
        """How often class i was taken for class j, (classes, classes); trials, or steps of them.

        A last column more counts those that were not given a class, where there are some.

        Raises:
            DataError: a regression.
        """
        if self.predicted is None:
            raise DataError("a regression has no classes")
        true, found = self.labels.ravel(), self.predicted.ravel()
        classes = int(max(true.max(), found.max(), len(self.class_names) - 1)) + 1
        found = np.where(found < 0, classes, found)
        counts = np.bincount(true * (classes + 1) + found, minlength=classes * (classes + 1))
        counts = counts.reshape(classes, classes + 1)
        return counts if counts[:, -1].any() else counts[:, :-1]

    def right(self) -> np.ndarray | None:
        """Whether each trial, or all steps of it, was classified right, (trials,)."""
        if self.predicted is None:
            return None
        hits = self.predicted == self.labels
        return hits.reshape(len(hits), -1).mean(axis=1) >= 0.5

    def record(self, trials: np.ndarray) -> dict[str, Recording]:
        """What every population does in these trials."""
        return self.model.record(self.split.batch(trials))


def answers_of(
    network: Network, recipe: Recipe, dataset: Dataset, backend: str, threads: int | None
) -> Answers:
    """Run a network on the test split of a data set, or on the last split that there is.

    Raises:
        GennDelaysError: data that do not fit the network, or a backend that is not there.
    """
    name, split = list(dataset.splits().items())[-1]
    if not len(split):
        raise DataError(f"data set {dataset.name!r} has no {name} trials")
    model = Model(network, recipe, backend=backend, threads=threads)
    starts = range(0, len(split), BATCH)
    pieces = [np.arange(start, min(start + BATCH, len(split))) for start in starts]
    outputs = [model.simulation.forward(split.batch(p), training=False) for p in pieces]
    return Answers(
        model=model,
        name=name,
        split=split,
        units=dataset.units,
        duration=dataset.duration,
        labels=split.labels[np.arange(len(split))],
        predicted=recipe.loss.predict(np.concatenate(outputs)),
        class_names=dataset.class_names if dataset.classes else (),
    )


def answer_over_time(readout: Readout, recorded: Recording, trial: int, dt: float) -> np.ndarray:
    """What the readout would say had the trial ended at some instants, (2, instants, outputs).

    The first entry repeats the times in ms. Readouts of each step are taken as they are.

    Args:
        readout: of the network.
        recorded: of the population that is read.
        trial: in the recording.
        dt: ms.
    """
    steps = len(recorded.time)
    ends = np.unique(np.linspace(1, steps, min(POINTS, steps)).round().astype(int))
    spikes = recorded.spikes[trial]
    if readout.reads == "voltage":
        seen = [recorded.voltage[trial : trial + 1, :end] for end in ends]
        whole = readout.forward(recorded.voltage[trial : trial + 1], dt)
        if whole.ndim == 3:  # an output for each step
            said = whole[0, ends - 1]
        else:
            said = np.stack([readout.forward(each, dt)[0] for each in seen])
    elif readout.reads == "spike_count":
        said = np.stack([readout.forward(spikes[:end].sum(0)[None], dt)[0] for end in ends])
    else:
        said = np.stack([readout.forward(_first(spikes, end, dt)[None], dt)[0] for end in ends])
    times = np.repeat((ends * dt)[:, None], said.shape[1], axis=1)
    return np.stack([times, said])


def _first(spikes: np.ndarray, end: int, dt: float) -> np.ndarray:
    """Time of each unit's first spike up to a step, the time of that step where there was none."""
    fired = spikes[:end] > 0
    return np.where(fired.any(axis=0), fired.argmax(axis=0), end) * dt
