"""A sweep as jobs of a cluster, by submitit: an array for Slurm, or processes that behave alike.

A job is one attempt at one run. Before its time limit Slurm sends SIGUSR2: the run stops after the
batch that it is at, writes its checkpoint, and only then is the job requeued, which begins a new
attempt. What a job's state says counts for nothing: it is "finished" after a kill too.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from genn_delays.support.cores import take_share
from genn_delays.support.errors import ConfigError, reason, short
from genn_delays.sweep.execution import TAKEN, Outcome, attempt
from genn_delays.sweep.folder import RunState, SweepFolder
from genn_delays.sweep.plan import Needs

TIMEOUTS = 10_000
"""Time limits that a job may reach; its training ends before that or never."""
EARLY = 30
"""Seconds by which Slurm may be early with its signal: it looks at its jobs twice a minute."""
POLL = 0.2
"""Seconds between looks at processes of submitit."""


class RunJob:
    """One run of a sweep, as submitit pickles and calls it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder.resolve(), name

    def __call__(self) -> str:
        """Attempt the run; the state that it is left in."""
        folder = SweepFolder.open(self.folder)
        folder.check_unchanged()
        take_share(folder.plan.needs.slurm.cpus)
        outcome = self._attempt(folder)
        print(short(f"{outcome.state} {outcome.message}", 500), flush=True)
        if outcome.received == signal.SIGUSR2:
            # the run had taken this signal from submitit, whose turn it is: it requeues the job
            signal.raise_signal(signal.SIGUSR2)
        return outcome.state

    def _attempt(self, folder: SweepFolder) -> Outcome:
        latest = folder.attempts.latest().get(self.name)
        if latest is not None and latest.is_alive:
            return Outcome(TAKEN, f"by the process {latest.who.get('pid')} already")
        return attempt(folder, self.name, latest.number if latest else 0, log=_log())

    def checkpoint(self) -> Any:
        """What takes the place of this job when it is requeued: the same."""
        return _submitit().helpers.DelayedSubmission(self)


def _log() -> Path | None:
    """Where this job's errors go; None outside of one."""
    try:
        return Path(_submitit().JobEnvironment().paths.stderr)
    except RuntimeError:
        return None


def _submitit() -> Any:
    try:
        import submitit
    except ImportError:
        raise ConfigError(
            "--on slurm and --on submitit need submitit, which is not installed; "
            "pip install 'genn-delays[slurm]'"
        ) from None
    return submitit


def check_cluster(where: str, needs: Needs) -> None:
    """Raise ConfigError where jobs cannot be submitted to ``"slurm"`` or ``"submitit"``."""
    _submitit()
    _minutes(needs)
    if where == "slurm" and shutil.which("sbatch") is None:
        raise ConfigError(
            "--on slurm: there is no Slurm on this machine (no sbatch); "
            "call it on a login node, or leave --on out"
        )


def submit(
    folder: SweepFolder,
    states: Sequence[RunState],
    where: str,
    jobs: int | None,
    echo: Callable[[str], Any],
) -> None:
    """Submit runs, and for submitit without Slurm wait for them.

    Args:
        folder: of the sweep.
        states: of the runs to start.
        where: ``"slurm"`` or ``"submitit"``.
        jobs: how many at once.
        echo: told what was done.

    Raises:
        ConfigError: the cluster refuses them.
    """
    tasks = [RunJob(folder.path, state.run.name) for state in states]
    if not tasks:
        return
    executor = _executor(folder, where, jobs)
    if where == "slurm":
        try:
            with executor.batch():
                made = [executor.submit(task) for task in tasks]
        except Exception as error:  # sbatch's own words, in an exception of submitit
            raise ConfigError(f"--on slurm: {reason(error, 300)}") from None
        echo(f"submitted as job array {made[0].job_id.partition('_')[0]}, {len(made)} jobs")
        echo(f"see: squeue --me; genn-delays sweep status {folder.path}")
    else:
        _wait_for(executor, tasks, jobs or 1, echo)


def _executor(folder: SweepFolder, where: str, jobs: int | None) -> Any:
    """The executor of submitit with what the sweep file asks for."""
    needs, logs = folder.plan.needs, folder.logs / where
    minutes, slurm = _minutes(needs), needs.slurm
    if where == "submitit":
        executor = _submitit().LocalExecutor(logs, max_num_timeout=TIMEOUTS)
        executor.update_parameters(
            timeout_min=minutes,
            gpus_per_node=needs.gpus,
            signal_delay_s=slurm.lead,
            setup=list(slurm.setup),
        )
        return executor
    wanted = {
        "time": minutes,
        "partition": slurm.partition,
        "account": slurm.account,
        "qos": slurm.qos,
        "constraint": slurm.constraint,
        "mem": slurm.memory,
        "gres": slurm.gres,
        # gres says which kind of GPU, and how many
        "gpus_per_node": None if slurm.gres else needs.gpus or None,
        "array_parallelism": jobs,
        "setup": list(slurm.setup) or None,
        "additional_parameters": {**slurm.other, "open-mode": "append", "requeue": True},
    }
    executor = _submitit().SlurmExecutor(logs, max_num_timeout=TIMEOUTS)
    executor.update_parameters(
        job_name=folder.path.name,
        cpus_per_task=slurm.cpus,
        signal_delay_s=slurm.lead,
        **{key: value for key, value in wanted.items() if value is not None},
    )
    return executor


def _minutes(needs: Needs) -> int:
    """The time limit of a job: whole minutes, as schedulers count them."""
    if needs.minutes is None:
        raise ConfigError("a job of a cluster needs a time limit; add minutes: N to the sweep file")
    minutes = ceil(needs.minutes)
    if needs.slurm.lead + EARLY >= 60 * minutes:
        raise ConfigError(
            f"slurm.lead: {needs.slurm.lead} s before a limit of {minutes} minutes, and {EARLY} s "
            "that Slurm may be early, leave no time to train; give more minutes or a smaller lead"
        )
    return minutes


def _wait_for(
    executor: Any, tasks: Sequence[RunJob], jobs: int, echo: Callable[[str], Any]
) -> None:
    """Have so many jobs at a time, and wait for all of them."""
    waiting = deque(tasks)
    open_jobs: list[tuple[RunJob, Any]] = []
    while waiting or open_jobs:
        while waiting and len(open_jobs) < jobs:
            task = waiting.popleft()
            open_jobs.append((task, executor.submit(task)))
            echo(f"{task.name}: job {open_jobs[-1][1].job_id}")
        time.sleep(POLL)
        open_jobs = [(task, job) for task, job in open_jobs if not job.done()]
