"""One attempt at one run, in this process: claimed, begun or gone on with, and its end recorded."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from genn_delays.datasets import Dataset
from genn_delays.experiment.config import Config
from genn_delays.experiment.config_files import files_of
from genn_delays.experiment.experiment import Experiment, load_dataset
from genn_delays.experiment.run import begun, resumed, train
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.experiment.signals import Stopped, StopSignals
from genn_delays.support.errors import GennDelaysError, reason
from genn_delays.sweep.folder import SweepFolder
from genn_delays.sweep.planned_run import PlannedRun
from genn_delays.sweep.study import take_trial
from genn_delays.training import Interrupted

TAKEN = "taken"
"""The outcome where another process was faster: nothing was done."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: a state of a run, or :data:`TAKEN`.

    Attributes:
        state, message: as the attempt's file has them.
        received: the signal that stopped it, or None.
    """

    state: str
    message: str = ""
    received: int | None = None


class LastDataset:
    """Loads data sets and keeps the last one, as most runs of a sweep share theirs.

    A data set is never changed, so it may serve one run after the other. Those of files of the
    user's own, which may be edited meanwhile, are made for each run.
    """

    def __init__(self) -> None:
        self._key: str | None = None
        self._dataset: Dataset | None = None

    def __call__(self, config: Config) -> Dataset:
        """The data set of a configuration."""
        data = config.data.model_dump(mode="json", exclude={"augment"})
        key = json.dumps([data, config.training.dt])
        if self._dataset is None or key != self._key or files_of(data):
            self._dataset = None  # two at once may not fit
            self._key, self._dataset = key, load_dataset(config)
        return self._dataset


Configure = Callable[[PlannedRun], Config]
Load = Callable[[Config], Dataset]


def attempt(
    folder: SweepFolder,
    name: str,
    after: int,
    *,
    configure: Configure | None = None,
    load: Load = load_dataset,
    log: Path | None = None,
) -> Outcome:
    """Claim a run and carry it out.

    Args:
        folder: of the sweep.
        name: of the run.
        after: the number of the last attempt at it.
        configure: gives the configuration of a run; by default it is loaded.
        load: gives the data set of a configuration.
        log: which file has what is printed.

    Raises:
        CheckpointError: the claim cannot be written.
    """
    claim = folder.attempts.claim(name, after, log)
    if claim is None:
        return Outcome(TAKEN)
    with claim:
        outcome = _carried_out(folder, name, configure or folder.load, load)
        claim.end(outcome.state, outcome.message)
    return outcome


def _carried_out(folder: SweepFolder, name: str, configure: Configure, load: Load) -> Outcome:
    if folder.run_folder(name).summary.is_file():  # by somebody, after the states were looked at
        return Outcome("done")
    signals = StopSignals()
    try:
        with signals:
            return Outcome(_trained(folder, name, configure, load, signals))
    except (Stopped, Interrupted):
        return Outcome("stopped", received=signals.received)
    except GennDelaysError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return Outcome("failed", str(error))
    except Exception as error:
        traceback.print_exc()
        return Outcome("failed", f"{type(error).__name__}: {reason(error)}; its log says where")


def _trained(
    folder: SweepFolder, name: str, configure: Configure, load: Load, signals: StopSignals
) -> str:
    """Train to the end, ``done``, or to where a study gives the run up, ``pruned``."""
    trial = take_trial(folder, name) if folder.plan.study else None
    run = folder.settled(folder.plan.runs[name])
    opened = _opened(folder, name, lambda: configure(run), load, signals)
    with opened as (run_folder, experiment), experiment.simulation:
        try:
            train(run_folder, experiment, signals, [trial] if trial else [])
        except Interrupted:
            if trial is None or not trial.is_pruned:
                raise
            return "pruned"
    return "done"


@contextmanager
def _opened(
    sweep: SweepFolder,
    name: str,
    configure: Callable[[], Config],
    load: Load,
    signals: StopSignals,
) -> Iterator[tuple[RunFolder, Experiment]]:
    """A run in its folder, locked: begun, or as it was left."""
    run_folder = sweep.run_folder(name)
    if run_folder.config.is_file():
        with RunFolder.open(run_folder.path).lock() as folder:
            yield folder, resumed(folder, load)
    else:
        config = configure()
        sweep.check_files(config)
        with begun(config, name, run_folder.path, signals, load) as opened:
            yield opened
