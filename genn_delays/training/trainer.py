"""Trainer: epochs and batches, evaluation, model selection on the validation split.

Randomness is stateless. The order of an epoch, the augmentation and the dropout of a batch come
from generators that are seeded with the run's seed and the counters (`loader.py`), so that a run
resumed from its counters in the middle of an epoch continues bit for bit. So does the narrowing of
delay kernels, which follows from the epoch.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from genn_delays.backends.base import Simulation
from genn_delays.backends.checks import dropout_masks
from genn_delays.datasets.base import Dataset, required
from genn_delays.declaration.network import Network
from genn_delays.parallel import ALONE, Ranks
from genn_delays.parallel.agreement import check_agreement
from genn_delays.planning.events import Batch
from genn_delays.rewiring import Rewiring, RewiringRule
from genn_delays.support.errors import ConfigError, TrainingError
from genn_delays.training import health
from genn_delays.training.callbacks import Callback, EarlyStopping, Interrupted
from genn_delays.training.loader import DROPOUT, Augmentation, Loader, stream
from genn_delays.training.losses import Loss
from genn_delays.training.narrowing import Narrowing, largest_width
from genn_delays.training.on_device import OnDevice
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.regularisers import Regulariser, SilentRescue, spike_drive
from genn_delays.training.schedules import Progress
from genn_delays.training.state import Metrics, Tally, TrainerState


def check_parts(network: Network, parts: Iterable[Any]) -> None:
    """Raise ConfigError where a part of a training does not fit the network; None is no part."""
    for part in parts:
        if part is not None:
            part.check(network)


class Trainer:
    """Trains a network on a data set.

    Args:
        network: changed in place; at the end of each epoch where the optimiser is on the device.
        simulation: compiled from that network.
        dataset: with a split ``train``; without ``validation`` the last epoch is the best one.
            :meth:`fit` never reads ``test``.
        loss, optimiser: as in the training step.
        epochs, batch_size: the last batch of an epoch may be smaller.
        seed: of the order of the trials, the augmentation and the dropout.
        augmentations: applied in turn to each training batch, in a thread of their own.
        regularisers: add their drive to the spikes in the backward pass.
        rescue: strengthens the input of neurons silent for a whole epoch.
        narrowing: of the delay kernels; without it they stay as wide as declared.
        early_stopping: on the validation split.
        callbacks: called in this order.
        rewiring: rules, called in this order around each update.
        state: where to go on from; by default the beginning.
        ranks: processes that train the same; the simulation shares its batches out over them.

    Attributes:
        state: the :class:`TrainerState`, ready to be saved in every callback.

    Raises:
        DataError: there is no training split, or no validation split to stop early by.
        ConfigError: an impossible setting.
    """

    def __init__(
        self,
        network: Network,
        simulation: Simulation,
        dataset: Dataset,
        *,
        loss: Loss,
        optimiser: Optimiser,
        epochs: int,
        batch_size: int,
        seed: int,
        augmentations: Sequence[Augmentation] = (),
        regularisers: Sequence[Regulariser] = (),
        rescue: SilentRescue | None = None,
        narrowing: Narrowing | None = None,
        early_stopping: EarlyStopping | None = None,
        callbacks: Sequence[Callback] = (),
        rewiring: Sequence[RewiringRule] = (),
        state: TrainerState | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network, self.simulation, self.dataset = network, simulation, dataset
        self.loss, self.optimiser = loss, optimiser
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.augmentations, self.regularisers = augmentations, regularisers
        self._loader = Loader(dataset, batch_size, seed, augmentations)
        self.rescue, self.early_stopping = rescue, early_stopping
        self.narrowing = narrowing
        self.callbacks = callbacks
        self.rewiring = Rewiring(rewiring, optimiser, seed)
        self.on_device = OnDevice(optimiser, rewiring)
        self.state, self.ranks = state or TrainerState(), ranks
        self.stop_requested = False
        self._spiking = [p.name for p in network.populations.values() if p.neuron.spiking]
        self._check()

    def _check(self) -> None:
        for split in ("train", "validation") if self.early_stopping else ("train",):
            required(self.dataset, split)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} {getattr(self, name)} given, must be >= {least}")
        if self.batch_size > self.simulation.plan.batch_size:
            raise ConfigError(
                f"batch_size {self.batch_size} given, but the simulation was compiled for "
                f"batch_size={self.simulation.plan.batch_size}"
            )
        parts = (self.optimiser, self.rescue, self.narrowing, *self.regularisers, self.rewiring)
        check_parts(self.network, (*parts, self.on_device))
        if self.optimiser.device:
            self.on_device.learner(self.simulation)

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, a smaller last one included."""
        return -(-len(self.dataset.train) // self.batch_size)

    @property
    def progress(self) -> Progress:
        """Where the run stands, for the schedules."""
        done = self.state.epoch * self.batches_per_epoch + self.state.batch
        return Progress(done, self.batches_per_epoch, self.epochs)

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done, or early stopping ended the run."""
        rule = self.early_stopping
        stalled = rule is not None and self.state.epochs_since_best >= rule.patience
        return stalled or self.state.epoch >= self.epochs

    def request_stop(self) -> None:
        """Ask the run, in all ranks, to stop after the current batch; safe in a signal handler."""
        self.stop_requested = True

    def fit(self) -> TrainerState:
        """Train from the current state to the last epoch or to early stopping.

        Raises:
            TrainingError: NaN in the loss or in a gradient; nothing was updated with it.
            Interrupted: :meth:`request_stop` was called.
            PlanError: the backend evaluates this network, but does not train it.
            RankError: another rank has failed, or has come to another network.
        """
        self.simulation.check_training()
        self.simulation.load(self.network)
        self._agree("at the beginning")
        self._call("on_fit_begin")
        while not self.finished:
            self._narrow()
            self._call("on_epoch_begin")
            self._train_epoch()
            self._finish_epoch()
        self._call("on_fit_end")
        return self.state

    def train_batch(self, batch: Batch, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """The training step; the mean loss and the outputs before the update."""
        outputs = self.simulation.forward(batch, masks=self._masks(len(labels)))
        statistics = self.simulation.statistics
        value, drive = self.loss.checked(outputs, labels)
        self._require_finite(value, "train")
        progress = self.progress
        extra = spike_drive(self.regularisers, self.network, self.simulation)
        if self.optimiser.device:
            self.on_device.step(self.simulation, drive, extra, progress)
            return value, outputs
        gradients = self.simulation.backward(drive, extra)
        contexts = self.rewiring.contexts(self.network, gradients, self.simulation, progress)
        self.rewiring.before_update(contexts)
        if not self.rewiring.replaces_update(progress):
            self.optimiser.step(self.network, gradients, progress)
        self.network.observe(statistics)
        self.rewiring.step(contexts, self.state.tally.rewired)
        self.simulation.load(self.network)
        return value, outputs

    def evaluate(self, split: str) -> Metrics:
        """Metrics on ``"train"``, ``"validation"`` or ``"test"``, without augmentation.

        Delays are rounded, batch normalisation takes its running averages, nothing is dropped
        out. Changes neither the network nor the state.

        Raises:
            DataError: no such split, or none in this data set.
            TrainingError: NaN in the loss.
            Interrupted: :meth:`request_stop` was called.
        """
        required(self.dataset, split)
        tally, began = Tally(), time.perf_counter()
        with closing(self._loader.evaluation(split)) as batches:
            for batch, labels in batches:
                outputs = self.simulation.forward(batch, training=False)
                value, _ = self.loss.checked(outputs, labels)
                self._require_finite(value, split)
                self._count(tally, value, outputs, labels, began)
                began = time.perf_counter()
                if self._asked_to_stop():
                    self._interrupt()
        return tally.metrics()

    def _train_epoch(self) -> None:
        with closing(self._loader.training(self.state.epoch, self.state.batch)) as batches:
            while self.state.batch < self.batches_per_epoch:
                began = time.perf_counter()  # waiting for the loader counts
                batch, labels = next(batches)
                value, outputs = self.train_batch(batch, labels)
                self._count(self.state.tally, value, outputs, labels, began)
                self.state.batch += 1
                # with the last batch, not after it: a run resumed in between would rescue twice
                if self.state.batch == self.batches_per_epoch:
                    self._fetch()
                    self._rescue()
                self._call("on_batch_end")
                if self._asked_to_stop():
                    self._fetch()
                    self._interrupt()

    def _finish_epoch(self) -> None:
        validation = self.evaluate("validation") if len(self.dataset.validation) else None
        tally, plan = self.state.tally, self.simulation.plan
        rescued = self.rescue is not None
        found = health.findings(self.network, plan, tally.spikes, tally.trials, rescued)
        train = replace(
            tally.metrics(),
            sigma=largest_width(self.network),
            rewiring=self.rewiring.metrics(self.network, tally.rewired, self.progress),
            warnings=found or None,
        )
        metrics = {"train": train} | ({} if validation is None else {"validation": validation})
        is_best = self.state.finish_epoch(validation)
        self._agree(f"after epoch {self.state.epoch}")
        for callback in self.callbacks:
            callback.on_epoch_end(self, metrics, is_best)

    def _narrow(self) -> None:
        if self.narrowing is not None:
            self.narrowing.apply(self.network, self.state.epoch, self.epochs)
            self.simulation.load(self.network)

    def _masks(self, trials: int) -> dict[str, np.ndarray]:
        """Dropout of the coming batch."""
        rng = stream(self.seed, DROPOUT, self.state.epoch, self.state.batch)
        return dropout_masks(self.simulation.plan, trials, rng)

    def _fetch(self) -> None:
        """The network follows what has learnt on the device."""
        if self.optimiser.device:
            self.on_device.learner(self.simulation).fetch(self.network)

    def _rescue(self) -> None:
        if self.rescue is not None:
            tally = self.state.tally
            tally.rescued = self.rescue.apply(self.network, tally.spikes)
            self.simulation.load(self.network)

    def _count(self, tally, value, outputs, labels, began) -> None:
        spikes = {name: self.simulation.spike_counts(name) for name in self._spiking}
        predicted = self.loss.predict(outputs)
        tally.add(value, predicted, labels, spikes, time.perf_counter() - began)

    def _require_finite(self, value: float, split: str) -> None:
        if not np.isfinite(value):
            raise TrainingError(
                f"the {split} loss is {value} in epoch {self.state.epoch + 1} after batch "
                f"{self.state.batch}; lower the learning rate, ease it in, or set clip="
            )

    def _agree(self, when: str) -> None:
        """Before anything is recorded: all ranks have the same network and the same counters."""
        check_agreement(self.ranks, self.network, self.state.to_mapping(), when)

    def _asked_to_stop(self) -> bool:
        """Whether any rank was: then all of them stop after this batch."""
        return bool(self.ranks.largest("the end of a batch", self.stop_requested))

    def _interrupt(self) -> NoReturn:
        self._agree(f"at batch {self.state.batch} of epoch {self.state.epoch + 1}")
        self._call("on_interrupt")
        raise Interrupted("training was interrupted; resume it from its checkpoint")

    def _call(self, event: str) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self)
