"""Callbacks: what a run does besides training, at fixed points of its loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from genn_delays.backends.base import Simulation
from genn_delays.declaration.network import Network
from genn_delays.support.errors import ConfigError
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.schedules import Progress
from genn_delays.training.state import Metrics, TrainerState


class Interrupted(Exception):  # noqa: N818 - asked for, so no error
    """Training stopped after a batch because ``Trainer.request_stop`` was called.

    The trainer's state and network are those after that batch; saved together, they let the
    run go on as if nothing had happened.
    """


class Run(Protocol):
    """What callbacks may ask of the Trainer that calls them.

    Attributes:
        network, simulation: that are trained.
        optimiser: with their learning rates.
        state: ready to be saved.
        epochs: of the whole run.
    """

    network: Network
    simulation: Simulation
    optimiser: Optimiser
    state: TrainerState
    epochs: int

    @property
    def progress(self) -> Progress:
        """Where the run stands, for schedules."""

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, a smaller last one included."""

    def evaluate(self, split: str) -> Metrics:
        """Metrics on a split; changes nothing."""

    def request_stop(self) -> None:
        """Ask the run to stop after the current batch."""


class Callback:
    """Base of all callbacks; a subclass overrides what it needs."""

    def check_available(self) -> None:
        """Raise ConfigError where it cannot work here; asked before a run makes anything."""

    def in_run(self, folder: Path, configuration: str) -> Callback:
        """What takes the place of a configuration's callback: itself, or one that knows the run.

        Args:
            folder: of the run.
            configuration: its text.
        """
        return self

    def on_fit_begin(self, trainer: Run) -> None:
        """Before the first epoch of this process."""

    def on_epoch_begin(self, trainer: Run) -> None:
        """Before the batches of an epoch; a resumed one has ``trainer.state.batch`` > 0."""

    def on_batch_end(self, trainer: Run) -> None:
        """After an update; ``trainer.state.tally`` holds the epoch's sums so far."""

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        """After the evaluation of an epoch, which is number ``trainer.state.epoch`` from 1.

        Args:
            trainer: its state is ready to be saved, as at the start of the next epoch.
            metrics: of the splits ``"train"`` and, where there is one, ``"validation"``.
            is_best: no earlier epoch did better on the validation split, if there is one.
        """

    def on_interrupt(self, trainer: Run) -> None:
        """Before :class:`Interrupted` is raised."""

    def on_fit_end(self, trainer: Run) -> None:
        """After the last epoch, or after early stopping."""


@dataclass(frozen=True)
class EarlyStopping:
    """Ends a run whose validation score has not improved for ``patience`` epochs.

    Attributes:
        patience: epochs, >= 1.
    """

    patience: int

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ConfigError(f"EarlyStopping(patience={self.patience}): must be >= 1 epochs")
