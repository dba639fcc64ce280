"""``gd.graphs.fit``: from a knowledge graph to a model, in one call, with or without a folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from genn_delays.experiment.environment import machine, versions
from genn_delays.experiment.signals import StopSignals
from genn_delays.graphs import checkpoint
from genn_delays.graphs.knowledge import KnowledgeGraph
from genn_delays.graphs.model import Model, Precision
from genn_delays.graphs.reasoner import Reasoner
from genn_delays.graphs.training import Trainer, Training
from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError, reason
from genn_delays.training import Interrupted


class _Folder:
    """Files of a run: metrics.jsonl, checkpoint.h5, best.h5 and, once it is done, summary.json."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics, self.summary = path / "metrics.jsonl", path / "summary.json"
        self.checkpoint, self.best = path / "checkpoint.h5", path / "best.h5"

    def claim(self, resume: bool) -> bool:
        """Make the folder; True where there is something to go on from."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            occupied = any(self.path.iterdir())
        except OSError as error:
            raise CheckpointError(f"folder {self.path}: {reason(error)}") from None
        if occupied and not resume:
            raise CheckpointError(
                f"{self.path} holds something already; choose another folder, or give resume=True"
            )
        return self.checkpoint.exists()

    def epoch(self, trainer: Trainer) -> None:
        """Write what an epoch leaves."""
        lines = [json.dumps(row) + "\n" for row in trainer.state.history]
        recording.replace(self.metrics, "".join(lines).encode())
        if trainer.state.best_epoch == trainer.state.epoch:
            checkpoint.save(self.best, trainer.model, trainer.best)
        checkpoint.save_training(self.checkpoint, trainer)


def fit(
    data: KnowledgeGraph,
    reasoner: Reasoner | None = None,
    training: Training | None = None,
    *,
    folder: Path | str | None = None,
    resume: bool = False,
    precision: Precision = "float32",
    threads: int | None = None,
    progress: bool = False,
) -> Model:
    """Train a reasoner; the model of the epoch that did best on ``data.valid``.

    Args:
        data: from :func:`read_knowledge_graph`, :func:`family_tree` or arrays of your own.
        reasoner: its settings; those of the paper by default.
        training: how it is trained; as in the paper by default.
        folder: of the run, which must not hold anything yet: metrics.jsonl, checkpoint.h5, best.h5,
            summary.json. Without it nothing is written.
        resume: go on with the run in ``folder`` if there is one, bit for bit.
        precision: of voltages, scores and adjoints.
        threads: by default one per core; they change no bit.
        progress: show a bar.

    Raises:
        TrainingError: the loss or a gradient is not finite.
        CheckpointError: the folder holds something, or was trained with other settings.
        Interrupted: a signal came; what was reached is in the folder, ``resume=True`` goes on.
    """
    reasoner = reasoner or Reasoner(data.train.graph.relations)
    training = training or Training()
    model = Model(reasoner, seed=training.seed, precision=precision, threads=threads)
    trainer = Trainer(model, data, training)
    place = None if folder is None else _Folder(Path(folder))
    if place is not None and place.claim(resume):
        checkpoint.resume(place.checkpoint, trainer)
    _run(trainer, place, progress)
    for name, column in trainer.best.columns.items():
        model.parameters[name][:] = column.value.reshape(column.shape)
    if place is not None:
        recording.replace(place.summary, _summary(trainer).encode())
    return model


def _run(trainer: Trainer, place: _Folder | None, progress: bool) -> None:
    """Train to the end, or to the batch in which a signal came."""
    total = trainer.training.epochs * trainer.batches
    done = trainer.state.epoch * trainer.batches + trainer.state.batch
    with tqdm(total=total, initial=done, unit="batch", disable=not progress) as bar:

        def ended(trainer: Trainer) -> None:
            if place is not None:
                place.epoch(trainer)
            row = trainer.state.history[-1]
            score = f", mrr {row['mrr']:.3f}" if "mrr" in row else ""
            bar.set_description(f"epoch {trainer.state.epoch}: loss {row['loss']:.4f}{score}")

        def batch(trainer: Trainer) -> None:
            bar.update()

        trainer.on_epoch, trainer.on_batch = ended, batch
        with _stopping(trainer, place):
            complete = trainer.fit()
    if not complete:
        raise Interrupted(
            f"stopped after batch {trainer.state.batch} of epoch {trainer.state.epoch + 1}"
        )


@contextmanager
def _stopping(trainer: Trainer, place: _Folder | None) -> Iterator[None]:
    """In a folder, signals end training after the batch, with a checkpoint."""
    if place is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    with StopSignals() as signals:
        signals.request = trainer.request_stop
        yield
        if signals.received is not None:
            checkpoint.save_training(place.checkpoint, trainer)


def _summary(trainer: Trainer) -> str:
    state, model = trainer.state, trainer.model
    found: dict[str, Any] = {
        "test": model.rank(trainer.data.test).metrics(),
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "validation_mrr": state.best_score,
        "parameters": model.reasoner.parameters(),
        "seconds_training": sum(row["seconds"] for row in state.history),
        "reasoner": asdict(model.reasoner),
        "training": asdict(trainer.training) | {"optimiser": repr(trainer.training.optimiser)},
        "precision": model.precision,
        "versions": versions(),
        "machine": machine(),
    }
    return json.dumps(found, indent=2) + "\n"
