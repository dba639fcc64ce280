"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from io import TextIOBase
from typing import TYPE_CHECKING, TextIO

from genn_delays.training.callbacks import Callback, Run

if TYPE_CHECKING:
    from tqdm import tqdm

    from genn_delays.training.state import Metrics


def show_progress(stream: TextIO | None = None, seconds: float = 30.0) -> Callback:
    """A progress bar where ``stream`` (by default standard error) is a terminal, else lines.

    Args:
        seconds: least time between two lines within an epoch.
    """
    stream = stream or sys.stderr
    return ProgressBar(stream) if stream.isatty() else ProgressLines(stream, seconds)


class _Progress(Callback):
    """Writes a line per epoch, and one about what is new in it and needs attention."""

    def __init__(self, stream: TextIO | TextIOBase) -> None:
        self.stream = stream
        self.warned: set[str] = set()
        self.regrown = 0

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        self._print(epoch_line(trainer, metrics, is_best))
        warnings = metrics["train"].warnings or {}
        for name, sentence in warnings.items():
            if name not in self.warned:
                self._print(f"warning: {sentence}")
        regrown = trainer.simulation.regrown
        if regrown > self.regrown:
            self._print(f"spike buffers were enlarged {regrown - self.regrown} times")
        self.warned, self.regrown = set(warnings), regrown

    def _print(self, line: str) -> None:
        print(line, file=self.stream, flush=True)


class ProgressBar(_Progress):
    """A bar per epoch that a line of its metrics replaces; ``kind`` draws it, as tqdm does."""

    def __init__(self, stream: TextIO, kind: type[tqdm] | None = None) -> None:
        super().__init__(stream)
        self.kind = kind
        self.bar: tqdm | None = None

    def on_epoch_begin(self, trainer: Run) -> None:
        from tqdm import tqdm  # not where nobody looks

        self.bar = (self.kind or tqdm)(
            total=trainer.batches_per_epoch,
            initial=trainer.state.batch,
            desc=f"epoch {trainer.state.epoch + 1}/{trainer.epochs}",
            unit="batch",
            leave=False,
            dynamic_ncols=True,
            file=self.stream,
        )

    def on_batch_end(self, trainer: Run) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(_describe(trainer.state.tally.metrics()), refresh=False)
            self.bar.update()

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        self._close()
        super().on_epoch_end(trainer, metrics, is_best)

    def on_interrupt(self, trainer: Run) -> None:
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class ProgressLines(_Progress):
    """One line per epoch, and one each half minute within long ones: for log files."""

    last: float
    """When the last line was written, or the run began, in seconds."""

    def __init__(self, stream: TextIO | TextIOBase, seconds: float = 30.0) -> None:
        super().__init__(stream)
        self.seconds = seconds

    def on_fit_begin(self, trainer: Run) -> None:
        self.last = time.monotonic()

    def on_batch_end(self, trainer: Run) -> None:
        if time.monotonic() - self.last >= self.seconds:
            state = trainer.state
            self._print(
                f"epoch {state.epoch + 1}/{trainer.epochs}, batch {state.batch}/"
                f"{trainer.batches_per_epoch}: {_describe(state.tally.metrics())}"
            )

    def _print(self, line: str) -> None:
        super()._print(line)
        self.last = time.monotonic()


def epoch_line(trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> str:
    """One line about a finished epoch; under 100 columns where nothing needs to be added."""
    train = metrics["train"]
    parts = [f"train {_describe(train)}"]
    if "validation" in metrics:
        parts.append(f"validation {_describe(metrics['validation'], '')}")
    if any(p.is_spiking for p in trainer.simulation.plan.populations):
        parts.append(f"{train.spikes_per_neuron:.1f} spikes/neuron")
    if train.sigma is not None:
        parts.append(f"sigma {train.sigma:.3g} steps")
    for name, seen in (train.rewiring or {}).items():
        if seen["dropped"] or seen["grown"]:
            parts.append(f"{name} -{seen['dropped']} +{seen['grown']} synapses")
    if train.rescued:
        parts.append(f"{train.rescued} silent neurons rescued")
    parts += train.warnings or ()
    parts.append(f"{sum(values.seconds for values in metrics.values()):.1f} s")
    star = " *" if is_best else ""
    return f"epoch {trainer.state.epoch}/{trainer.epochs}: {', '.join(parts)}{star}"


def _describe(metrics: Metrics, loss: str = "loss ") -> str:
    """Loss and accuracy: ``loss 0.6931 (50.0 %)``."""
    share = "" if metrics.accuracy is None else f" ({100.0 * metrics.accuracy:.1f} %)"
    return f"{loss}{metrics.loss:.4g}{share}"
