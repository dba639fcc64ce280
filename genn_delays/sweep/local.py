"""A sweep on this machine: runs handed to workers, cores and GPUs shared out among them."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait

from genn_delays.support.cores import available_cores
from genn_delays.support.leftovers import place
from genn_delays.sweep.attempts import finish
from genn_delays.sweep.execution import TAKEN, Configure, Outcome
from genn_delays.sweep.folder import RunState, SweepFolder
from genn_delays.sweep.workers import Job, Worker

Report = Callable[[str, Outcome], None]


class LocalSweep:
    """Runs that workers of this machine carry out.

    Args:
        folder: of the sweep.
        configure: gives the configuration of a run.
        devices: the GPUs of each worker, as many as there are workers; None leaves them all.
        report: told of every run that ends.
    """

    def __init__(
        self,
        folder: SweepFolder,
        configure: Configure,
        devices: Sequence[str | None],
        report: Report,
    ) -> None:
        self.folder, self.configure, self.report = folder, configure, report
        self.free = deque(devices)
        self.idle: list[Worker] = []
        self.busy: list[Worker] = []
        self.deadlines: dict[Worker, float] = {}
        self.stopped = False

    def run(self, states: Sequence[RunState]) -> None:
        """Carry out runs, one attempt at each."""
        waiting = deque(states)
        try:
            while self.busy or (waiting and not self.stopped):
                while waiting and not self.stopped and (self.idle or self.free):
                    self._start(waiting.popleft(), len(waiting))
                self._wait()
        finally:
            for worker in self.idle:
                worker.close()

    def stop(self) -> None:
        """Start nothing more, and have what runs write its checkpoint; safe in a signal handler."""
        self.stopped = True
        for worker in self.busy:
            worker.signal(signal.SIGTERM)

    def _start(self, state: RunState, behind: int) -> None:
        """Hand a run to a worker, with its share of the cores that nobody uses."""
        used = sum(worker.job.cores for worker in self.busy if worker.job)
        slots = min(len(self.idle) + len(self.free), behind + 1)
        cores = max(1, (available_cores() - used) // slots)
        if not self.idle:
            devices = self.free.popleft()
            self.idle.append(Worker(self.folder, self.configure, devices, self.busy))
        worker = self.idle.pop()
        self.busy.append(worker)
        worker.start(Job(state.run.name, state.attempts, cores))
        if self.folder.plan.needs.minutes is not None:
            self.deadlines[worker] = time.monotonic() + 60.0 * self.folder.plan.needs.minutes
        if self.stopped:  # by a signal that came before this worker was among the busy
            worker.signal(signal.SIGTERM)

    def _wait(self) -> None:
        """Until a run ends or reaches its limit."""
        now = time.monotonic()
        for worker in [worker for worker, limit in self.deadlines.items() if limit <= now]:
            del self.deadlines[worker]
            worker.signal(signal.SIGUSR1)
        timeout = min(self.deadlines.values(), default=None)
        if timeout is not None:
            timeout = max(0.0, timeout - time.monotonic())
        ready = wait([worker.connection for worker in self.busy], timeout)
        for worker in [worker for worker in self.busy if worker.connection in ready]:
            self._ended(worker)

    def _ended(self, worker: Worker) -> None:
        job = worker.job
        assert job is not None
        outcome = worker.ended()
        self.busy.remove(worker)
        self.deadlines.pop(worker, None)
        if isinstance(outcome, Outcome):
            self.idle.append(worker)
        else:
            self.free.append(worker.devices)
            outcome = self._killed(worker, job, outcome)
        self.report(job.name, outcome)

    def _killed(self, worker: Worker, job: Job, code: int) -> Outcome:
        """Record what a process that is gone could not."""
        attempt = self.folder.attempts.latest().get(job.name)
        own = {"place": place(), "pid": worker.process.pid}
        if attempt is None or not own.items() <= attempt.who.items() or attempt.outcome:
            return Outcome(TAKEN)
        try:
            why = signal.Signals(-code).name
        except ValueError:
            why = f"exit code {code}"
        outcome = Outcome("killed", f"{why}; out of memory, or a crash: its log may say more")
        finish(self.folder.attempts.path(job.name, attempt.number), outcome.state, outcome.message)
        return outcome
