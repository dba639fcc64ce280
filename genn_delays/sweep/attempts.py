"""Who is at which run of a sweep: a file per attempt, ``<run>.<number>.json``.

Any number of processes on any number of machines share a sweep through its folder. An attempt is
claimed by making its file, which fails if it is there (``O_EXCL``): the one operation that local
and network file systems alike do for one process only. Locks are not used, as many network file
systems ignore them, or keep those of a machine that is gone.

Numbers only rise, and no file is removed or renamed. Whoever takes over from an attempt that is
dead claims the number after it; of two that do so at once, one fails. If a dead claim were removed
instead, the second of two could remove the new claim of the first. A directory listing that a
network file system has kept for too long is harmless for the same reason: the claim fails.

An attempt is dead if its process is: at once, for processes of this machine. For those of others
a sign of life tells: the process touches its file every ``BEAT`` seconds, and ``SILENCE`` without
it means that it, its machine or the network is gone. Both times are by the clock of the file
system, so that clocks of machines need not agree. A process that was only suspended may wake up
and go on beside its successor: training is deterministic and files are replaced whole, so work is
done twice; where the file system has locks, that of the run folder stops the second.

The first line of a file says who it is, the second, once there is one, how it ended. A line that
a kill has cut short is not there. Nobody waits for the disk here: whether a run is complete is read
from its run folder, and a claim that a power failure has taken with it is no loss.
"""

from __future__ import annotations

import json
import os
import platform
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genn_delays.support.errors import CheckpointError
from genn_delays.support.leftovers import is_alive, place
from genn_delays.support.recording import writing

BEAT = 10.0
SILENCE = 120.0
"""Seconds: twelve beats, as network file systems may show an old time for up to a minute."""

_NAME = re.compile(r"(.+)\.([1-9][0-9]{0,8})\.json")


@dataclass(frozen=True)
class Attempt:
    """An attempt at a run.

    Attributes:
        run, number: what is attempted, and the how manieth attempt it is.
        who: host, place, process, log and, in a job of Slurm, its number and restarts.
        outcome: ``done``, ``stopped``, ``failed``, ``pruned``, ``killed``, or None.
        message: why it failed.
        silence: seconds without a sign of life.
    """

    run: str
    number: int
    who: dict[str, Any]
    outcome: str | None
    message: str
    silence: float

    @property
    def is_alive(self) -> bool:
        """Whether a process is, or may be, at this run."""
        if self.outcome is not None or self.silence > SILENCE or self._restarted():
            return False
        return self.who.get("place") != place() or is_alive(self.who["pid"])

    def _restarted(self) -> bool:
        """Slurm starts a job anew only when its processes are gone, so this is its successor."""
        job = self.who.get("job")
        return job is not None and job == _job() and self.who.get("restarts") != _restarts()


class Attempts:
    """The attempts of a sweep, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def latest(self) -> dict[str, Attempt]:
        """The last attempt at each run that there has been one at."""
        newest: dict[str, tuple[int, Path, float]] = {}
        now = self._now()
        for entry in os.scandir(self.folder):
            if match := _NAME.fullmatch(entry.name):
                run, number = match[1], int(match[2])
                if number > newest.get(run, (0,))[0]:
                    newest[run] = number, Path(entry.path), entry.stat().st_mtime
        return {
            run: _read(path, run, number, now - changed)
            for run, (number, path, changed) in newest.items()
        }

    def _now(self) -> float:
        """The time by the clock of the file system."""
        path = self.folder / f".clock-{place()}-{os.getpid()}"
        with writing(path):
            path.touch()
            try:
                return path.stat().st_mtime
            finally:
                path.unlink(missing_ok=True)

    def claim(self, run: str, after: int, log: Path | None = None) -> Claim | None:
        """Begin the attempt that comes after number ``after``; None if another process has.

        Args:
            log: which file has what is printed.

        Raises:
            CheckpointError: the file cannot be written.
        """
        path = self.path(run, after + 1)
        with writing(path):
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                return None
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                print(json.dumps(_who() | self._log(log)), file=file)
        return Claim(path)

    def _log(self, log: Path | None) -> dict[str, str]:
        """From the folder of the sweep's own files on, so that it may be moved."""
        return {} if log is None else {"log": os.path.relpath(log, self.folder.parent)}

    def path(self, run: str, number: int) -> Path:
        """The file of an attempt."""
        return self.folder / f"{run}.{number}.json"


class Claim:
    """An attempt of this process: shows signs of life as a context manager, until it is ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                os.utime(self.path)
            except OSError:  # the next one may get through; the run itself meets a full disk
                continue

    def end(self, outcome: str, message: str = "") -> None:
        """Say how the attempt ended."""
        finish(self.path, outcome, message)

    def __enter__(self) -> Claim:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def finish(path: Path, outcome: str, message: str = "") -> None:
    """Say how an attempt ended, of this process or of a child that could not say so itself."""
    line = json.dumps({"outcome": outcome, "message": message, "ended": round(time.time(), 3)})
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _who() -> dict[str, Any]:
    job = {} if _job() is None else {"job": _job(), "restarts": _restarts()}
    began = round(time.time(), 3)
    return {"host": platform.node(), "place": place(), "pid": os.getpid(), "began": began, **job}


def _job() -> str | None:
    return os.environ.get("SLURM_JOB_ID")


def _restarts() -> str:
    return os.environ.get("SLURM_RESTART_COUNT", "0")


def _read(path: Path, run: str, number: int, silence: float) -> Attempt:
    """An attempt as far as its file tells; of an empty one nothing but its age is known."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    entries: list[dict[str, Any]] = [{}, {}]
    for position, line in enumerate(lines[:2]):
        try:
            entry = json.loads(line) if line.endswith("\n") else {}
        except ValueError:
            entry = {}
        entries[position] = entry if isinstance(entry, dict) else {}
    who, end = entries
    return Attempt(run, number, who, end.get("outcome"), str(end.get("message", "")), silence)
