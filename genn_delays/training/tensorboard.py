"""TensorBoard: an event file that follows a run, by the package tensorboardX.

Its writer has a thread that a full disk ends, after which training would wait for it for ever, and
files of one second overwrite each other. So only its messages are used: the events of an epoch are
added to a file as a whole, as the lines of metrics.jsonl are, and a failure stops the run.

A run that goes on begins a file of its own with the mark that TensorBoard knows: what earlier files
have of the coming epoch or later, from a process that was killed before its checkpoint, is void.
"""

from __future__ import annotations

import platform
import re
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from genn_delays.declaration.network import Network
from genn_delays.support import recording
from genn_delays.support.errors import ConfigError
from genn_delays.training.callbacks import Callback, Run
from genn_delays.training.learnt import learning_of
from genn_delays.training.optimiser import KINDS
from genn_delays.training.state import Metrics

BARS = 64
"""Of a histogram."""
NAME = re.compile(r"events\.out\.tfevents\.(\d{10,})\..*")


@dataclass(frozen=True)
class TensorBoard(Callback):
    """Curves, learning rates, delays and weights for TensorBoard, as the run goes.

    Needs the extra tracking (``pip install 'genn-delays[tracking]'``). Steps are epochs, from 1.
    A training that begins anew in a folder takes the place of the one before.

    Attributes:
        folder: of the event files, in the run folder; in Python from where it is called.
    """

    cites = ()

    folder: str = "tensorboard"

    def check_available(self) -> None:
        _require_package()
        inner = Path(self.folder)
        if inner.is_absolute() or ".." in inner.parts:
            raise ConfigError(
                f"callbacks: tensorboard.folder is {self.folder!r}; name one in the run folder"
            )

    def in_run(self, folder: Path, configuration: str) -> Callback:
        return EventWriter(folder / self.folder, configuration)

    def on_fit_begin(self, trainer: Run) -> None:
        _require_package()
        self._writer.on_fit_begin(trainer)

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        self._writer.on_epoch_end(trainer, metrics, is_best)

    @cached_property
    def _writer(self) -> EventWriter:
        return EventWriter(Path(self.folder), "")


def _require_package() -> None:
    try:
        import tensorboardX  # noqa: F401 - slow, and only where it is asked for
    except ImportError:
        raise ConfigError(
            "callbacks: tensorboard needs tensorboardX, which is not installed; "
            "pip install 'genn-delays[tracking]'"
        ) from None


class EventWriter(Callback):
    """Writes event files into a folder.

    Args:
        folder: made where it is not there.
        configuration: the text of the run's, which becomes a page of TensorBoard; "" for none.
    """

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder, self.configuration = folder, configuration

    def on_fit_begin(self, trainer: Run) -> None:
        """Begin a file.

        Raises:
            CheckpointError: it cannot be written.
        """
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.summary import text

        with recording.writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        earlier, epoch = _seconds(self.folder), trainer.state.epoch
        # later by its name than those before it, whichever machine's clock they are by
        began = max([int(time.time()), *(second + 1 for second in earlier)])
        self.path = self.folder / f"events.out.tfevents.{began:010d}.{platform.node()}"
        events = [Event(file_version="brain.Event:2")]
        if earlier:
            events.append(Event(session_log=SessionLog(status=SessionLog.START), step=epoch + 1))
        if self.configuration and not epoch:
            indented = "".join(f"    {line}\n" for line in self.configuration.splitlines())
            events.append(Event(summary=text("configuration", indented), step=0))
        self._write(events)

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        """Add the events of an epoch.

        Raises:
            CheckpointError: they cannot be written; the file ends with the epoch before.
        """
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import histogram, scalar

        values = {**_curves(metrics), **_rates(trainer)}
        made = [scalar(tag, value) for tag, value in values.items()]
        made += [histogram(tag, column, BARS) for tag, column in _columns(trainer.network)]
        step = trainer.state.epoch
        self._write(Event(summary=summary, step=step) for summary in made)

    def _write(self, events: Iterable[Any]) -> None:
        from tensorboardX.record_writer import masked_crc32c

        now, records = time.time(), bytearray()
        for event in events:
            event.wall_time = now
            content = event.SerializeToString()
            length = struct.pack("<Q", len(content))
            for part in (length, content):
                records += part + struct.pack("<I", masked_crc32c(part))
        recording.append(self.path, bytes(records))


def _seconds(folder: Path) -> list[int]:
    """When the event files of a folder were begun, as their names have it."""
    found = (NAME.fullmatch(path.name) for path in folder.iterdir())
    return [int(match[1]) for match in found if match]


def _curves(metrics: Mapping[str, Metrics]) -> dict[str, float]:
    """Tags and values of an epoch's scalars."""
    values: dict[str, float] = {}
    for split, seen in metrics.items():
        for what in ("loss", "accuracy", "seconds", "spikes_per_neuron", "sigma", "rescued"):
            if (value := getattr(seen, what)) is not None:
                values[f"{what}/{split}"] = value
        for name, about in (seen.rewiring or {}).items():
            for what in ("synapses", "dropped", "grown", "refused"):
                values[f"{what}/{name}"] = about[what]
    return values


def _rates(trainer: Run) -> dict[str, float]:
    """Learning rates of the coming batch."""
    rates = {}
    for kind in KINDS:
        for learnt in learning_of(trainer.network, kind):
            group = trainer.optimiser.group(learnt.owner, learnt.parameter)
            rule, factor = group.at(trainer.progress)
            rates[f"learning_rate/{learnt.owner}/{learnt.parameter}"] = rule.lr * factor
    return rates


def _columns(network: Network) -> Iterator[tuple[str, Any]]:
    """Tags and values of what is drawn as histograms; of projections that have synapses."""
    for name, projection in network.projections.items():
        if len(projection.synapses):
            yield f"weight/{name}", projection.synapses.weight
            yield f"delay/{name}", projection.synapses.delay
