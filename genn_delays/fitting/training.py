"""gd.fit: train a network on a data set, in one call."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from genn_delays.api import compile as compile_network
from genn_delays.datasets.base import Dataset
from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Input
from genn_delays.experiment.recipe import Recipe
from genn_delays.fitting import history
from genn_delays.fitting.checks import steps_of
from genn_delays.fitting.model import Model
from genn_delays.planning.gradients import EventProp, GradientRule
from genn_delays.planning.readouts import ExponentialMeanVoltage, Readout
from genn_delays.rewiring import RewiringRule
from genn_delays.support.errors import DataError, PlanError
from genn_delays.training import (
    Callback,
    EarlyStopping,
    Metrics,
    Narrowing,
    Optimiser,
    Run,
    SilentRescue,
    Trainer,
    show_progress,
)
from genn_delays.training.loader import Augmentation
from genn_delays.training.losses import CrossEntropy, Loss
from genn_delays.training.on_device import OnDevice
from genn_delays.training.progress import ProgressBar
from genn_delays.training.regularisers import Regulariser


class _Keep(Callback):
    """Keeps a row of each epoch, and the network of the best one."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.best: Network | None = None

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        for split, values in metrics.items():
            self.lines.append({"epoch": trainer.state.epoch, "split": split, **asdict(values)})
        if is_best:
            self.best = deepcopy(trainer.network)


def fit(
    network: Network,
    data: Dataset,
    *,
    readout: Readout | None = None,
    gradient: GradientRule | None = None,
    loss: Loss | None = None,
    optimiser: Optimiser | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    dt: float = 1.0,
    seed: int = 1,
    duration: float | None = None,
    precision: str = "float32",
    discretisation: str = "exact",
    backend: str = "auto",
    threads: int | None = None,
    augmentations: Sequence[Augmentation] = (),
    regularisers: Sequence[Regulariser] = (),
    rescue: SilentRescue | None = None,
    narrowing: Narrowing | None = None,
    rewiring: Sequence[RewiringRule] = (),
    early_stopping: EarlyStopping | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Model:
    """Train a network.

    Args:
        network: trained in place; it ends as the last epoch left it.
        data: with a split ``train``. Where there is one, ``validation`` chooses the epoch; without,
            it is the last. ``test`` is not read.
        readout: by default ``ExponentialMeanVoltage()``.
        gradient: by default ``EventProp()``.
        loss: by default ``CrossEntropy(scale=20)``.
        optimiser: by default ``Optimiser()``.
        dt: time step in ms.
        duration: of a trial in ms, by default that of the data.
        precision, discretisation, backend, threads: see :func:`genn_delays.compile`.
        epochs, batch_size, seed, augmentations: see :class:`genn_delays.training.Trainer`.
        regularisers, rescue, narrowing, rewiring, early_stopping, callbacks: see there too.
        progress: a bar in notebooks and on terminals, else a line per epoch.

    Returns:
        The network of the best epoch, a copy, with the history of the training.

    Raises:
        GennDelaysError: whatever does not fit, before anything is trained.
        TrainingError: NaN; the network is as the batch before left it.
    """
    _check(network, data)
    _check_kind("optimiser", optimiser, Optimiser, "gd.training.Optimiser(weight=..., delay=...)")
    _check_kind("loss", loss, Loss, "gd.losses.CrossEntropy()")
    optimiser = optimiser or Optimiser()
    loss = loss or CrossEntropy(scale=20.0)
    keep = _Keep()
    shown = [_progress()] if progress else []
    with compile_network(
        network,
        gradient=gradient or EventProp(),
        readout=readout or ExponentialMeanVoltage(),
        dt=dt,
        steps=steps_of(data.duration if duration is None else duration, dt),
        batch_size=batch_size,
        backend=backend,
        precision=precision,
        threads=threads,
        discretisation=discretisation,
        adam=OnDevice(optimiser, rewiring).rules,
    ) as simulation:
        recipe = Recipe.of(simulation.plan, loss, data)
        Trainer(
            network,
            simulation,
            data,
            loss=loss,
            optimiser=optimiser,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            augmentations=augmentations,
            regularisers=regularisers,
            rescue=rescue,
            narrowing=narrowing,
            rewiring=rewiring,
            early_stopping=early_stopping,
            callbacks=[keep, *shown, *callbacks],
        ).fit()
    rows = history.rows_of(keep.lines)
    best = keep.best or network
    return Model(best, recipe, rows=rows, dataset=data, backend=backend, threads=threads)


def _check_kind(name: str, given: object, kind: type, example: str) -> None:
    if given is not None and not isinstance(given, kind):
        raise PlanError(f"{name}={given!r} given; write an object such as {example}")


def _check(network: Network, data: Dataset) -> None:
    if not isinstance(network, Network):
        raise DataError(f"fit(): {type(network).__name__} given; give a gd.Network")
    if not isinstance(data, Dataset):
        raise DataError(
            f"fit(): {type(data).__name__} given; give a data set, as of gd.Dataset.from_arrays or "
            "gd.datasets.load"
        )
    inputs = [p for p in network.populations.values() if isinstance(p.neuron, Input)]
    if len(inputs) == 1 and inputs[0].size < data.units:
        raise PlanError(
            f"fit(): population {inputs[0].name!r} has {inputs[0].size} units, the data have "
            f"{data.units}; give it as many"
        )


def _progress() -> Callback:
    """A bar of the notebook's own, where this is one."""
    from tqdm.auto import tqdm  # finds out where it is
    from tqdm.notebook import tqdm_notebook

    if issubclass(tqdm, tqdm_notebook):
        return ProgressBar(sys.stdout, tqdm)
    return show_progress(sys.stderr)
