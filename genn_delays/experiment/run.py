"""A run: training that records itself in a run folder, stops on a signal, and sums up."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from genn_delays.backends import get_backend
from genn_delays.datasets import Dataset
from genn_delays.experiment import checkpoint, metrics_file
from genn_delays.experiment.config import Config
from genn_delays.experiment.config_changes import accepted_changes, as_attribute
from genn_delays.experiment.environment import machine, versions
from genn_delays.experiment.experiment import (
    Experiment,
    check_callbacks,
    load_dataset,
    make_network,
    prepare,
)
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.experiment.signals import StopSignals
from genn_delays.parallel import ALONE, Ranks
from genn_delays.parallel.agreement import check_agreement
from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError
from genn_delays.support.recording import Log
from genn_delays.training import Callback, Metrics, Run, show_progress
from genn_delays.training.by_sign import with_signs
from genn_delays.training.progress import ProgressLines

logger = logging.getLogger(__name__)


class Recorder(Callback):
    """Writes metrics and checkpoints, with the configuration and the recipe, as training goes.

    Metrics go first: lines beyond the checkpoint are dropped on resuming, missing ones would
    stay missing.
    """

    def __init__(self, folder: RunFolder, config: Config, recipe: Recipe) -> None:
        self.folder = folder
        self.attributes = {"config": as_attribute(config), ATTRIBUTE: recipe.to_attribute()}

    def on_fit_begin(self, trainer: Run) -> None:
        if not self.folder.checkpoint.exists():
            self._save(trainer, self.folder.initial)

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        lines = with_signs(metrics, trainer.network)
        metrics_file.append(self.folder.metrics, trainer.state.epoch, lines)
        self._save(trainer, *([self.folder.best] if is_best else []))

    def on_interrupt(self, trainer: Run) -> None:
        self._save(trainer)

    def _save(self, trainer: Run, *before: Path) -> None:
        """Write checkpoint.h5, after other files of the same content."""
        paths = [*before, self.folder.checkpoint]
        attributes = {"epoch": trainer.state.epoch, **self.attributes}
        checkpoint.save_as(paths, trainer.network, trainer.state, attributes)


def train(
    folder: RunFolder,
    experiment: Experiment,
    signals: StopSignals,
    callbacks: Sequence[Callback] = (),
) -> dict[str, Any]:
    """Train to the end, then measure best.h5 on the test split; the summary.

    Args:
        folder: of this run, locked by the caller.
        experiment: fresh, or from :func:`resumed`.
        signals: active; a signal ends the run after the current batch.
        callbacks: called after those that record the run; of many ranks, by the first alone.

    Raises:
        Interrupted: a signal came, or a callback asked for it; the checkpoint is written.
        TrainingError: NaN; the checkpoint of the epoch before stays.
        CheckpointError: a file of the folder cannot be written; the one before stays.
    """
    trainer = experiment.trainer
    signals.hand_to(trainer.request_stop)
    first = trainer.ranks.is_first
    trainer.callbacks = [*_recording(folder, experiment), *callbacks] if first else []
    trainer.fit()
    test = evaluate_best(folder, experiment)
    return trainer.ranks.told(lambda: _summed_up(folder, experiment, test))


def _recording(folder: RunFolder, experiment: Experiment) -> list[Callback]:
    """What shows and records a run, and the user's callbacks."""
    trainer, config = experiment.trainer, experiment.config
    recipe = Recipe.of(experiment.simulation.plan, config.loss, experiment.dataset)
    metrics_file.forget_after(folder.metrics, trainer.state.epoch)
    shown = [show_progress(sys.stderr), ProgressLines(Log(folder.log))]
    given = [each.in_run(folder.path, config.to_yaml()) for each in config.callbacks]
    return [*shown, *given, Recorder(folder, config, recipe)]


def _summed_up(folder: RunFolder, experiment: Experiment, test: Metrics) -> dict[str, Any]:
    summary = summarise(folder, experiment, test)
    folder.write_summary(summary)
    print(outcome(summary), file=Log(folder.log), flush=True)
    return summary


def outcome(summary: Mapping[str, Any]) -> str:
    """One line about the test split."""
    if summary["test_accuracy"] is None:
        measured = f"test loss: {summary['test_loss']:.4g}"
    else:
        measured = f"test accuracy: {100.0 * summary['test_accuracy']:.2f} %"
    return f"{measured} (epoch {summary['best_epoch']} of {summary['epochs']})"


@contextmanager
def begun(
    config: Config,
    name: str,
    output: Path | None,
    signals: StopSignals,
    load: Callable[[Config], Dataset] = load_dataset,
    ranks: Ranks = ALONE,
) -> Iterator[tuple[RunFolder, Experiment]]:
    """A new run: its folder, locked, and its experiment. Nothing is made before all is right.

    Args:
        config: complete.
        name, output: as of :meth:`RunFolder.claim`.
        signals: active; from where the experiment stands a signal ends the run in its folder.
        load: gives the data set of a configuration.
        ranks: that train it; the folder is the first one's.

    Raises:
        CheckpointError: the folder holds something, or cannot be made.
    """
    contents = RunFolder.contents(config)
    ranks.told(lambda: RunFolder.check_free(output))
    check_callbacks(config)

    def make() -> Experiment:
        dataset = load(config)
        return prepare(config, dataset, make_network(config, dataset), ranks=ranks)

    experiment = _alike(ranks, make)
    signals.hand_to(experiment.trainer.request_stop)
    with ExitStack() as stack:

        def claim() -> RunFolder:
            folder = stack.enter_context(RunFolder.claim(name, output).lock())
            folder.begin(config, contents)
            return folder

        yield ranks.told(claim), experiment


def _alike(ranks: Ranks, make: Callable[[], Experiment]) -> Experiment:
    """An experiment that all ranks make, of the same: the first one leaves others its caches."""
    experiment = ranks.first(make)
    trainer = experiment.trainer
    as_declared = json.dumps(as_attribute(experiment.config), sort_keys=True)
    engine = get_backend(experiment.config.backend.name).name
    remedy = "give all machines the same files and packages"
    ranks.check_same(
        "configuration", f"{as_declared} {engine}", when="at the beginning", remedy=remedy
    )
    check_agreement(ranks, trainer.network, trainer.state.to_mapping(), "at the beginning")
    return experiment


def resumed(
    folder: RunFolder,
    load: Callable[[Config], Dataset] = load_dataset,
    ranks: Ranks = ALONE,
) -> Experiment:
    """The experiment of a run folder as its checkpoint left it, or at its beginning.

    Args:
        folder: locked, by the first of the ranks.
        load: gives the data set of a configuration.
        ranks: that go on with it, as many as there are now.

    Raises:
        CheckpointError: a checkpoint that cannot be read, or was trained with another
            configuration.
    """
    if not ranks.told(lambda: folder.has_begun):
        config = folder.load_config()
        check_callbacks(config)
        _say_edited(folder, config)

        def make() -> Experiment:
            dataset = load(config)
            network = make_network(folder.with_own_model(config), dataset)
            return prepare(config, dataset, network, ranks=ranks)

        return _alike(ranks, make)
    saved = checkpoint.load(folder.checkpoint)
    state = saved.trainer_state
    if state is None:
        raise CheckpointError(f"{folder.checkpoint} holds no training state to resume from")
    config = folder.load_config()
    check_callbacks(config)
    before = saved.attributes.get("config")
    changes = accepted_changes(config, before, folder.config, folder.kept)
    for change in changes:
        logger.warning("%s: %s", folder.config, change)
    _say_edited(folder, config)
    experiment = _alike(
        ranks, lambda: prepare(config, load(config), saved.network, state=state, ranks=ranks)
    )
    text = "".join(f"config.yaml: {change}\n" for change in changes)
    ranks.told(lambda: recording.append(folder.log, text))
    return experiment


def _say_edited(folder: RunFolder, config: Config) -> None:
    for line in folder.edited_files(config):
        logger.warning("%s", line)


def evaluate_best(folder: RunFolder, experiment: Experiment, split: str = "test") -> Metrics:
    """Metrics of best.h5 on a split, once training is done."""
    trainer, network = experiment.trainer, experiment.network
    state, ranks = trainer.state, trainer.ranks
    # that of the last epoch is at hand, unless a callback has changed it since it was written
    at_hand = state.best_epoch == state.epoch and not experiment.config.callbacks
    if not (at_hand and ranks.told(folder.best.is_file)):
        network = ranks.first(lambda: checkpoint.load(folder.best).network)
        check_agreement(ranks, network, state.to_mapping(), f"reading {folder.best}")
    experiment.simulation.load(network)
    return experiment.trainer.evaluate(split)


def summarise(folder: RunFolder, experiment: Experiment, test: Metrics) -> dict[str, Any]:
    """What summary.json says: the outcome, the size and the circumstances of a run."""
    config, state = experiment.config, experiment.trainer.state
    projections = experiment.network.projections.values()
    return {
        "test_accuracy": test.accuracy,
        "test_loss": test.loss,
        "test_spikes_per_neuron": test.spikes_per_neuron,
        "validation_accuracy": None if test.accuracy is None else state.best_score,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "parameters": experiment.network.parameters(),
        "synapses": sum(len(p.synapses) for p in projections),
        "seconds": round(sum(line["seconds"] for line in folder.read_metrics()) + test.seconds, 3),
        "seed": config.training.seed,
        "backend": get_backend(config.backend.name).name,
        "ranks": experiment.trainer.ranks.count,
        "versions": versions(),
        "machine": machine(),
    }
