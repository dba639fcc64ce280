"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from io import TextIOBase
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from genn_delays.training.callbacks import Callback

if TYPE_CHECKING:
    from genn_delays.training.state import Metrics
    from genn_delays.training.trainer import Trainer


def show_progress(stream: TextIO | None = None, seconds: float = 30.0) -> Callback:
    """A progress bar where ``stream`` (by default standard error) is a terminal, else lines.

    Args:
        seconds: least time between two lines within an epoch.
    """
    stream = stream or sys.stderr
    return ProgressBar(stream) if stream.isatty() else ProgressLines(stream, seconds)


class ProgressBar(Callback):
    """A bar per epoch that a line of its metrics replaces."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: tqdm | None = None

    def on_epoch_begin(self, trainer: Trainer) -> None:
        self.bar = tqdm(
            total=trainer.batches_per_epoch,
            initial=trainer.state.batch,
            desc=f"epoch {trainer.state.epoch + 1}/{trainer.epochs}",
            unit="batch",
            leave=False,
            dynamic_ncols=True,
            file=self.stream,
        )

    def on_batch_end(self, trainer: Trainer) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(_describe(trainer.state.tally.metrics()), refresh=False)
            self.bar.update()

    def on_epoch_end(self, trainer: Trainer, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        self._close()
        print(epoch_line(trainer, metrics, is_best), file=self.stream, flush=True)

    def on_interrupt(self, trainer: Trainer) -> None:
        self._close()

    def on_fit_end(self, trainer: Trainer) -> None:
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class ProgressLines(Callback):
    """One line per epoch, and one each half minute within long ones: for log files."""

    def __init__(self, stream: TextIO | TextIOBase, seconds: float = 30.0) -> None:
        self.stream = stream
        self.seconds = seconds
        self.last = time.monotonic()

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.last = time.monotonic()

    def on_batch_end(self, trainer: Trainer) -> None:
        if time.monotonic() - self.last >= self.seconds:
            state = trainer.state
            self._print(
                f"epoch {state.epoch + 1}/{trainer.epochs}, batch {state.batch}/"
                f"{trainer.batches_per_epoch}: {_describe(state.tally.metrics())}"
            )

    def on_epoch_end(self, trainer: Trainer, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        self._print(epoch_line(trainer, metrics, is_best))

    def _print(self, line: str) -> None:
        print(line, file=self.stream, flush=True)
        self.last = time.monotonic()


def epoch_line(trainer: Trainer, metrics: Mapping[str, Metrics], is_best: bool) -> str:
    """One line about a finished epoch."""
    parts = [f"{split} {_describe(values)}" for split, values in metrics.items()]
    train = metrics["train"]
    parts.append(f"{train.spikes_per_neuron:.1f} spikes per neuron")
    if train.sigma is not None:
        parts.append(f"sigma {train.sigma:.3g} steps")
    for name, seen in (train.rewiring or {}).items():
        if seen["dropped"] or seen["grown"]:
            parts.append(f"{name} -{seen['dropped']} +{seen['grown']} synapses")
    if train.rescued:
        parts.append(f"{train.rescued} silent neurons rescued")
    if trainer.simulation.regrown:
        parts.append(f"spike buffers enlarged {trainer.simulation.regrown} times so far")
    parts.append(f"{sum(values.seconds for values in metrics.values()):.1f} s")
    star = " *" if is_best else ""
    return f"epoch {trainer.state.epoch}/{trainer.epochs}: {', '.join(parts)}{star}"


def _describe(metrics: Metrics) -> str:
    if metrics.accuracy is None:
        return f"loss {metrics.loss:.4g}"
    return f"loss {metrics.loss:.4g} accuracy {100.0 * metrics.accuracy:.1f} %"
