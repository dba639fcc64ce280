"""The run folder: everything that a run writes, and where it goes on from.

config.yaml      the configuration, complete
model.py         the model file as it was run; plugin_*.py: files of plug-ins; their checksums in
                 model.sha256
metrics.jsonl    one line per epoch and split
initial.h5       network and training state before training
checkpoint.h5    the same after the last epoch, or where it was stopped
best.h5          the same after the best epoch on the validation split
summary.json     the outcome, once training is done
training.png     curves, delays and weights; figures/ and report.html where they were asked for
log.txt          what was printed
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genn_delays.experiment import metrics_file
from genn_delays.experiment.config import Config, load_resolved
from genn_delays.experiment.config_changes import as_attribute
from genn_delays.experiment.kept_files import KeptFiles
from genn_delays.support import recording
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import CheckpointError, ConfigError, reason
from genn_delays.support.leftovers import is_temporary, remove_leftovers

NUMBERS = ("test_loss", "test_spikes_per_neuron", "best_epoch", "epochs", "seconds", "seed")
"""Of summary.json."""


class RunFolder:
    """Paths in a run folder, and what is written to them."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.kept = KeptFiles(self.path)
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
    def claim(name: str, output: Path | None = None) -> RunFolder:
        """Make the folder of a new run, which :meth:`begin` makes a run of.

        Args:
            name: without ``output`` the folder is ``runs/<name>-<time>``, a new one.
            output: a folder that does not exist yet or is empty.

        Raises:
            CheckpointError: the folder holds something, or cannot be made.
        """
        try:
            return RunFolder(_claim(output) if output else _claim_new(name))
        except FileExistsError:
            raise CheckpointError(_occupied(output or Path("runs"))) from None
        except OSError as error:
            where = output or Path("runs")
            raise CheckpointError(f"run folder {where}: {reason(error)}") from None

    @staticmethod
    def open(path: Path | str) -> RunFolder:
        """The folder of an earlier run; its checkpoints may name classes of the files it keeps.

        Raises:
            CheckpointError: it is not one.
        """
        folder = RunFolder(path)
        if not folder.config.is_file():
            if folder.path.is_dir() and _is_empty(folder.path):
                remedy = f"nothing has begun; start it: genn-delays run CONFIG --output {path}"
            else:
                remedy = "give one that `genn-delays run` made"
            raise CheckpointError(
                f"{folder.path} is not a run folder: there is no config.yaml in it; {remedy}"
            )
        folder.kept.register()
        return folder

    @staticmethod
    def contents(config: Config) -> dict[Path, str]:
        """Checksums of the user's files, to be taken when a configuration has been read."""
        return KeptFiles.contents(config.model.file, as_attribute(config))

    def begin(self, config: Config, contents: Mapping[Path, str] | None = None) -> None:
        """Write the model file and plug-ins, and then the configuration of a new run.

        Args:
            config: complete.
            contents: the files when the configuration was read; what is made of them later has to
                be of the same.

        Raises:
            CheckpointError: another run has begun here, or a file cannot be written.
            ConfigError: a file was edited between its first use and its last.
        """
        now = self.contents(config)
        for file, digits in (contents or {}).items():
            if now[file] != digits:
                raise ConfigError(f"{file} was edited while the run began; start it again")
        # of two runs started together in one empty folder, the second fails here or at the lock
        if not _is_empty(self.path):
            raise CheckpointError(_occupied(self.path))
        written: list[Path] = []
        try:
            written = self.kept.write(config.model.file, as_attribute(config))
            recording.replace(self.config, config.to_yaml().encode())
        except CheckpointError:
            self.kept.remove(written)
            with suppress(OSError):
                self.path.rmdir()
            raise

    def load_config(self) -> Config:
        """The configuration of the run."""
        return load_resolved(self.config, self.kept)

    def with_own_model(self, config: Config) -> Config:
        """The configuration with the folder's copy of the model file, where there is one."""
        if not self.kept.model.is_file():
            return config
        model = config.model.model_copy(update={"file": self.kept.model})
        return config.model_copy(update={"model": model})

    def edited_files(self, config: Config) -> list[str]:
        """Lines about the user's files that were edited after the run had copied them."""
        return self.kept.edited(config.model.file, as_attribute(config))

    @property
    def has_begun(self) -> bool:
        """Whether training has got to its first checkpoint.

        Raises:
            CheckpointError: it has, but the checkpoint is gone.
        """
        if self.checkpoint.exists():
            return True
        if self.best.exists() or self.read_metrics():
            raise CheckpointError(
                f"there is no checkpoint {self.checkpoint}, though epochs of this run are "
                "finished; nothing was changed\n"
                f"put it back, or train anew: genn-delays run {self.config} --output FOLDER"
            )
        return False

    def read_metrics(self) -> list[metrics_file.Line]:
        """The entries of metrics.jsonl."""
        return metrics_file.read(self.metrics)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json."""
        recording.replace(self.summary, (json.dumps(summary, indent=2) + "\n").encode())

    def read_summary(self) -> dict[str, Any]:
        """What summary.json says.

        Raises:
            CheckpointError: it cannot be read, or is not what a run writes.
        """
        try:
            found = json.loads(self.summary.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise CheckpointError(f"{self.summary} cannot be read: {reason(error)}") from None
        wrong = _wrong_in(found)
        if wrong:
            raise CheckpointError(
                f"{self.summary} is not what a run writes: {wrong}; mend it, or move it away and "
                f"write it again: genn-delays resume {self.path}"
            )
        return found

    def lock(self) -> _Lock:
        """Keeps other processes from training in this folder, until closed or killed.

        What killed processes left half-written in it is removed.
        """
        return _Lock(self)


def _wrong_in(summary: Any) -> str:
    """What a summary lacks that others read in it; empty where it is one."""
    if not isinstance(summary, dict):
        return "no mapping"
    accuracy, parameters = summary.get("test_accuracy"), summary.get("parameters")
    right = {name: is_number(summary.get(name)) for name in NUMBERS}
    right["test_accuracy"] = "test_accuracy" in summary and (
        accuracy is None or is_number(accuracy)
    )
    right["parameters"] = isinstance(parameters, dict) and all(
        is_count(count, least=0) for count in parameters.values()
    )
    right |= {name: isinstance(summary.get(name, {}), dict) for name in ("versions", "machine")}
    right["backend"] = isinstance(summary.get("backend"), str)
    return ", ".join(name for name, fine in right.items() if not fine)


class _Lock:
    """A lock of the operating system on the folder: it goes with the process, however that ends."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
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

    def __enter__(self) -> RunFolder:
        remove_leftovers(self._folder.path, shared=False)
        return self._folder

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _claim(output: Path) -> Path:
    """Make a folder that was asked for, or take it if it is empty."""
    output.mkdir(parents=True, exist_ok=True)
    if not _is_empty(output):
        raise FileExistsError
    return output


def _is_empty(folder: Path) -> bool:
    """Whether no run has begun: what one writes before its configuration may be there."""
    names = {path.name for path in folder.iterdir() if not is_temporary(path.name)}
    return KeptFiles.are_all(names)


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
