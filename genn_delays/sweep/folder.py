"""The folder of a sweep: the run folders by name, and what the sweep itself keeps.

<run>/              an ordinary run folder
sweep/plan.json     the sweep file, as it was read, and the configuration of its first run
sweep/attempts/     a file per attempt at a run
sweep/logs/         what each run printed
sweep/files/        which content of each of the user's files runs were made of
sweep/trials/       of a study: the settings that a run was given
runs.csv, table.md  what `collect` makes

A run is complete once its folder holds summary.json, whatever a scheduler says of the job.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genn_delays.experiment.config import Config, load_config
from genn_delays.experiment.config_changes import as_attribute
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError, ConfigError, reason
from genn_delays.support.settings import build
from genn_delays.sweep.attempts import Attempt, Attempts
from genn_delays.sweep.plan import Plan, plan_of
from genn_delays.sweep.planned_run import RESERVED, PlannedRun
from genn_delays.sweep.sweep_file import SweepFile

FREE = ("backend", "data.path", "data.args.cache")
"""Keys that may differ between the calls that work on one sweep: no result depends on them."""

STATES = ("done", "pruned", "running", "stopped", "killed", "failed", "waiting")


@dataclass(frozen=True)
class RunState:
    """Where a run is, one of :data:`STATES`, and the last attempt at it, if there was one."""

    run: PlannedRun
    state: str
    attempt: Attempt | None

    @property
    def attempts(self) -> int:
        """How many there have been."""
        return self.attempt.number if self.attempt else 0


class SweepFolder:
    """A sweep and its folder; made by :meth:`join` or :meth:`open`."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        own = path / RESERVED
        self.record, self.trials, self.logs = own / "plan.json", own / "trials", own / "logs"
        self.files, self.attempts = own / "files", Attempts(own / "attempts")

    @staticmethod
    def open(path: Path) -> SweepFolder:
        """The folder of a sweep that has begun.

        Raises:
            CheckpointError: it is none.
        """
        record = path / RESERVED / "plan.json"
        if not record.is_file():
            raise CheckpointError(
                f"{path} is not the folder of a sweep: there is no {RESERVED}/plan.json in it\n"
                "give one that `genn-delays sweep SWEEP.yaml` made"
            )
        return SweepFolder(path, _plan_in(_read(record), record))

    @staticmethod
    def join(path: Path, plan: Plan, origin: Mapping[str, Any]) -> SweepFolder:
        """Make the folder, or take part in the sweep that it holds.

        Args:
            path: empty, not there, or of this sweep, which may have got more runs.
            plan: of the sweep file.
            origin: what :func:`origin_of` gives for it.

        Raises:
            CheckpointError: it holds something else, or cannot be written.
            ConfigError: the configuration of the first run is wrong.
        """
        folder, first = SweepFolder.check(path, plan)
        with recording.writing(path):
            for own in (folder.attempts.folder, folder.logs, folder.trials, folder.files):
                own.mkdir(parents=True, exist_ok=True)
        content = json.dumps({**origin, "first": first}, indent=1)
        recording.replace(folder.record, content.encode())
        return folder

    @staticmethod
    def check(path: Path, plan: Plan) -> tuple[SweepFolder, dict[str, Any]]:
        """What :meth:`join` asks before it makes anything; what the first run is made from.

        Raises:
            CheckpointError, ConfigError: as of :meth:`join`.
        """
        folder, first = SweepFolder(path, plan), _circumstances(plan)
        if folder.record.is_file():
            folder._check_same(first)
        elif path.exists() and not (path.is_dir() and _only_own(path)):
            raise CheckpointError(
                f"{path} exists and is not the folder of a sweep; nothing in it was changed\n"
                "choose another --output"
            )
        return folder, first

    def _check_same(self, first: Mapping[str, Any]) -> None:
        """Raise CheckpointError where the folder's sweep has a run that this one does not have."""
        kept = _read(self.record)
        before = _plan_in(kept, self.record)
        for name, run in before.runs.items():
            if self.plan.runs.get(name) != run and not before.study:
                what = "is another one here" if name in self.plan.runs else "is not in this one"
                raise self._another(f"its run {name} {what}")
        if bool(before.study) != bool(self.plan.study):
            raise self._another("only one of them is a study")
        if before.study and before.space != self.plan.space:
            raise self._another("it searches other axes or conditions")
        if kept["first"] != first:
            raise self._another("experiment, model file or shared settings are not as they were")

    def _another(self, why: str) -> CheckpointError:
        return CheckpointError(
            f"{self.path} is the folder of another sweep: {why}; nothing was changed\n"
            "choose another --output, or undo the change"
        )

    def load(self, run: PlannedRun) -> Config:
        """The configuration of a run.

        Raises:
            ConfigError: what is wrong in it.
        """
        return load_run(self.plan, run)

    def check_unchanged(self) -> None:
        """Raise CheckpointError where what all runs share was edited since the sweep began."""
        if _read(self.record)["first"] != _circumstances(self.plan):
            raise self._another("experiment, model file or shared settings are not as they were")

    def check_files(self, config: Config) -> None:
        """Note the user's files of a run that begins, as they were run.

        Raises:
            CheckpointError: another run was made of another content of one.
        """
        for file, digits in RunFolder.contents(config).items():
            known = hashlib.sha256(str(file).encode()).hexdigest()[:16]
            with recording.writing(self.files):
                others = {entry.name for entry in self.files.glob(f"{known}-*")}
                mine = f"{known}-{digits}"
                if others - {mine}:
                    raise self._another(f"{file} has been edited since its other runs began")
                (self.files / mine).touch()

    def run_folder(self, name: str) -> RunFolder:
        """The folder of a run, which need not be there yet."""
        return RunFolder(self.path / name)

    def log_of(self, state: RunState) -> Path | None:
        """What a run printed in its last attempt, where that is known."""
        log = state.attempt.who.get("log") if state.attempt else None
        return self.path / RESERVED / log if isinstance(log, str) else None

    def settled(self, run: PlannedRun) -> PlannedRun:
        """A run of a study with the settings that it was given, once it was."""
        path = self.trials / f"{run.name}.json"
        if not self.plan.study or not path.is_file():
            return run
        return self.plan.at(run, _read(path)["place"])

    def states(self) -> list[RunState]:
        """Where every run is, in the order of the plan."""
        latest = self.attempts.latest()
        return [
            RunState(run, self._state(run.name, latest.get(run.name)), latest.get(run.name))
            for run in map(self.settled, self.plan.runs.values())
        ]

    def _state(self, name: str, attempt: Attempt | None) -> str:
        if self.run_folder(name).summary.is_file():
            return "done"
        if attempt is None:
            return "waiting"
        if attempt.is_alive:
            return "running"
        if attempt.outcome == "done":  # and its folder was removed since
            return "waiting"
        return attempt.outcome if attempt.outcome in STATES else "killed"


def counted(states: Iterable[RunState]) -> str:
    """How many runs are in which state: ``3 done, 1 failed``."""
    counts = Counter(each.state for each in states)
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])


def load_run(plan: Plan, run: PlannedRun) -> Config:
    """The configuration of a run.

    Raises:
        ConfigError: what is wrong in it, and for which run.
    """
    try:
        return load_config(plan.experiment, plan.overrides(run))
    except ConfigError as error:
        raise ConfigError(f"run {run.name}: {error}") from None


def origin_of(file: SweepFile, folder: Path, overrides: Iterable[str]) -> dict[str, Any]:
    """A sweep file as plain values, from which :meth:`SweepFolder.open` makes the plan again."""
    return {"file": asdict(file), "folder": str(folder), "overrides": list(overrides)}


def _plan_in(kept: Mapping[str, Any], record: Path) -> Plan:
    file = build(SweepFile, kept["file"], f"{record}: file", CheckpointError)
    return plan_of(file, Path(kept["folder"]), tuple(kept["overrides"]))


def _circumstances(plan: Plan) -> dict[str, Any]:
    """What the first run is made from, without what no result depends on; as JSON has it."""
    config = load_run(plan, plan.first)
    values = as_attribute(config)
    for key in FREE:
        *outer, last = key.split(".")
        section = values
        for part in outer:
            section = section[part]
        section.pop(last, None)
    files = {file.name: digits for file, digits in RunFolder.contents(config).items()}
    shared = [
        each
        for each in (*plan.before, *plan.after)
        if not any(f"{each.partition('=')[0].strip()}.".startswith(f"{free}.") for free in FREE)
    ]
    return json.loads(json.dumps({"config": values, "files": files, "shared": shared}))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {reason(error)}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged; copy it from a backup, or begin anew")
    return value


def _only_own(path: Path) -> bool:
    """Whether nothing is there but what a sweep makes before its record."""
    return {entry.name for entry in path.iterdir()} <= {RESERVED}
