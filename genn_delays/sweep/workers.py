"""Worker processes of one machine: each carries out one run after the other.

A worker is forked from a process that has imported everything, and keeps what its runs share: the
data set, the process that reads HDF5 files, compiled engines. A run that crashes takes its worker
with it and nothing else. A worker whose parent is killed finishes its run and ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from genn_delays.support.cores import take_share
from genn_delays.support.errors import GennDelaysError
from genn_delays.sweep.devices import VARIABLE
from genn_delays.sweep.execution import Configure, LastDataset, Outcome, attempt
from genn_delays.sweep.folder import SweepFolder

CONTEXT = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Job:
    """What a worker is told: which run, after which attempt, and how many cores it may use."""

    name: str
    after: int
    cores: int


class Worker:
    """A process at this machine; ``job`` is what it is at."""

    def __init__(
        self,
        folder: SweepFolder,
        configure: Configure,
        devices: str | None,
        others: Iterable[Worker],
    ) -> None:
        self.devices, self.job = devices, None  # type: str | None, Job | None
        self.connection, end = CONTEXT.Pipe()
        # a copy of these in the new process would keep workers alive whose parent is gone
        inherited = [self.connection, *(other.connection for other in others)]
        self.process = CONTEXT.Process(
            target=_serve, args=(folder, configure, devices, end, inherited)
        )
        self.process.start()
        end.close()

    def start(self, job: Job) -> None:
        """Have a run carried out."""
        self.job = job
        self.connection.send(job)

    def ended(self) -> Outcome | int:
        """How its run ended, or the exit code of the process if that has; minus its signal."""
        self.job = None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return self.process.exitcode or 0

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)

    def close(self) -> None:
        """End it, once it has nothing to do."""
        self.connection.close()
        self.process.join()


def _serve(
    folder: SweepFolder,
    configure: Configure,
    devices: str | None,
    end: Connection,
    inherited: Iterable[Connection],
) -> None:
    # between runs: what a terminal sends to all is the parent's to handle, a limit is over
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for connection in inherited:
        connection.close()
    if devices is not None:
        os.environ[VARIABLE] = devices
    load = LastDataset()
    with suppress(EOFError, OSError):  # the parent has closed it, or is gone
        while True:
            job = end.recv()
            take_share(job.cores)
            log = folder.logs / f"{job.name}.txt"
            _print_to(log)
            try:
                outcome = attempt(
                    folder, job.name, job.after, configure=configure, load=load, log=log
                )
            except GennDelaysError as error:  # not even the claim could be written
                outcome = Outcome("failed", str(error))
            end.send(outcome)


def _print_to(path: Path) -> None:
    """What this process prints goes to the log of a run, whoever prints it."""
    log = path.open("a", encoding="utf-8", buffering=1)
    sys.stdout, sys.stderr = log, log
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
