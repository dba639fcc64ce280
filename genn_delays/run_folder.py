"""The run folder: everything that a run writes, and where it goes on from.

config.yaml      the configuration, complete
model.py         the model file as it was run, and in model.sha256 its checksum
metrics.jsonl    one line per epoch and split
initial.h5       the network before training
checkpoint.h5    network and training state after the last epoch, or where it was stopped
best.h5          the network of the best epoch on the validation split
summary.json     the outcome, once training is done
training.png     curves, delays and weights
log.txt          what was printed
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genn_delays.cache import atomic_path
from genn_delays.config import Config, load_resolved
from genn_delays.errors import CheckpointError
from genn_delays.model_module import checksum, register, source_of
from genn_delays.training import Metrics


class RunFolder:
    """Paths in a run folder, and what is written to them."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.model = self.path / "model.py"
        self.model_checksum = self.path / "model.sha256"
        self.metrics = self.path / "metrics.jsonl"
        self.initial = self.path / "initial.h5"
        self.checkpoint = self.path / "checkpoint.h5"
        self.best = self.path / "best.h5"
        self.summary = self.path / "summary.json"
        self.picture = self.path / "training.png"
        self.log = self.path / "log.txt"

    @staticmethod
    def check_free(output: Path | None) -> None:
        """Raise CheckpointError if a folder holds something; asked before the data is made."""
        if output is not None and output.exists() and not (output.is_dir() and _is_empty(output)):
            raise CheckpointError(_occupied(output))

    @staticmethod
    def create(config: Config, name: str, output: Path | None = None) -> RunFolder:
        """Make the folder of a new run, and write its configuration and model file.

        Args:
            config: the configuration, complete.
            name: without ``output`` the folder is ``runs/<name>-<time>``, a new one.
            output: a folder that does not exist yet or is empty.

        Raises:
            CheckpointError: the folder holds something, or cannot be made.
        """
        try:
            folder = RunFolder(_claim(output) if output else _claim_new(name))
            # of two runs started together in one empty folder, the second fails here
            with folder.config.open("x", encoding="utf-8") as file:
                file.write(config.to_yaml())
            folder._keep_model(source_of(config.model.file))
        except FileExistsError:
            raise CheckpointError(_occupied(output or Path("runs"))) from None
        except OSError as error:
            where = output or Path("runs")
            raise CheckpointError(f"run folder {where}: {error.strerror}") from None
        return folder

    @staticmethod
    def open(path: Path | str) -> RunFolder:
        """The folder of an earlier run; its checkpoints may name classes of its model file.

        Raises:
            CheckpointError: it is not one.
        """
        folder = RunFolder(path)
        if not folder.config.is_file():
            raise CheckpointError(
                f"{folder.path} is not a run folder: there is no config.yaml in it; "
                "give one that `genn-delays run` made"
            )
        if folder.model.is_file():
            register(folder.model, folder._recorded_checksum())
        return folder

    def _keep_model(self, source: bytes) -> None:
        with atomic_path(self.model_checksum) as path:
            path.write_text(f"{checksum(source)}  {self.model.name}\n", encoding="ascii")
        with atomic_path(self.model) as path:
            path.write_bytes(source)

    def _recorded_checksum(self) -> str | None:
        try:
            text = self.model_checksum.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointError(f"{self.model_checksum}: {error.strerror}") from None
        return text.partition(" ")[0]

    def load_config(self) -> Config:
        """The configuration of the run."""
        return load_resolved(self.config)

    def read_metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; a last one that a kill cut short is left out."""
        if not self.metrics.exists():
            return []
        lines = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return lines

    def append_metrics(self, epoch: int, metrics: Mapping[str, Metrics]) -> None:
        """Add a line per split."""
        lines = []
        for split, values in metrics.items():
            columns = {key: value for key, value in asdict(values).items() if value is not None}
            lines.append(json.dumps({"epoch": epoch, "split": split, **columns}) + "\n")
        with self.metrics.open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def forget_after(self, epoch: int) -> None:
        """Drop the metrics of epochs that the checkpoint does not have yet."""
        kept = [line for line in self.read_metrics() if line["epoch"] <= epoch]
        with atomic_path(self.metrics) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json."""
        with atomic_path(self.summary) as path:
            path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")

    def lock(self) -> _Lock:
        """Keeps other processes from training in this folder, until closed or killed."""
        return _Lock(self)


class _Lock:
    """A lock of the operating system on the folder: it goes with the process, however that ends."""

    def __init__(self, folder: RunFolder) -> None:
        self._handle = os.open(folder.path, os.O_RDONLY)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise CheckpointError(
                f"run folder {folder.path}: another process is training in it; "
                "wait for it or stop it first"
            ) from None
        except OSError:
            pass  # some network file systems have no locks; the run goes on without

    def __enter__(self) -> _Lock:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _claim(output: Path) -> Path:
    """Make a folder that was asked for, or take it if it is empty."""
    output.mkdir(parents=True, exist_ok=True)
    if not _is_empty(output):
        raise FileExistsError
    return output


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _claim_new(name: str) -> Path:
    """Make ``runs/<name>-<time>``, with a number where another run has just taken that."""
    stem = Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    stem.parent.mkdir(exist_ok=True)
    for number in range(1, 1000):
        path = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError


def _occupied(path: Path) -> str:
    return (
        f"run folder {path} exists and is not empty; nothing in it was changed\n"
        f"choose another --output, or continue that run: genn-delays resume {path}"
    )
