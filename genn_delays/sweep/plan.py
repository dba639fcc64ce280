"""The plan of a sweep: its runs as data, and what all of them have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genn_delays.support.errors import ConfigError
from genn_delays.sweep.axes import LEVELS
from genn_delays.sweep.combinations import Place, Space, drawn, grid
from genn_delays.sweep.planned_run import PlannedRun, planned, told_apart
from genn_delays.sweep.sweep_file import TPE, Random, Slurm, SweepFile, read_sweep_file

SEED = "training.seed"


@dataclass(frozen=True)
class Needs:
    """What a run needs: GPUs, minutes of an attempt (None: no limit), and of a cluster's job."""

    gpus: int
    minutes: float | None
    slurm: Slurm


@dataclass(frozen=True)
class Plan:
    """A whole sweep.

    Attributes:
        experiment: the configuration of all runs.
        before, after: ``"key=value"`` for all runs, before and after what a run has of its own.
        runs: by their names; those of a study get their levels and settings when they begin.
        needs: of each run.
        space: which the runs are in, and a study searches.
        study: how it does, or None.
    """

    experiment: Path
    before: tuple[str, ...]
    after: tuple[str, ...]
    runs: dict[str, PlannedRun]
    needs: Needs
    space: Space
    study: TPE | None

    @property
    def first(self) -> PlannedRun:
        """The first run; of a study, which has none yet, one with the first value of everything."""
        run = next(iter(self.runs.values()))
        return self.at(run, self.space.corner()) if self.study else run

    def overrides(self, run: PlannedRun) -> list[str]:
        """What a run's configuration has different from the experiment, for ``load_config``."""
        seed = {} if run.seed is None else {SEED: run.seed}
        return [*self.before, *assignments(run.settings | seed), *self.after]

    def at(self, run: PlannedRun, place: Place) -> PlannedRun:
        """A run of a study with the levels and settings of a place."""
        levels, settings = self.space.at(place)
        return replace(run, levels=levels, settings=settings)


def assignments(settings: Mapping[str, Any]) -> list[str]:
    """Settings as ``"key=value"``, the value in YAML."""
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]


def read_plan(path: Path, overrides: Iterable[str] = ()) -> Plan:
    """The plan of a sweep file.

    Args:
        path: the sweep file.
        overrides: ``"key.sub=value"`` each, for all runs, whatever the file says of that key.

    Raises:
        ConfigError: what is wrong in the file. Whoever loads the configurations sees the rest.
    """
    file = read_sweep_file(path)
    try:
        return plan_of(file, path.resolve().parent, tuple(overrides))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def plan_of(file: SweepFile, folder: Path, overrides: tuple[str, ...] = ()) -> Plan:
    """The plan of what a sweep file says; ``folder`` is where its paths start."""
    space, search = Space.of(file), file.made_search()
    given = {*file.set, *space.axes, *(key for each in space.conditions.values() for key in each)}
    if file.seeds and SEED in given:
        raise ConfigError(f"{SEED} is given by seeds already; leave one of them out")
    study = search if isinstance(search, TPE) else None
    if study:
        _check_study(file)
        seed = file.seeds[0] if file.seeds else None
        runs = [PlannedRun(f"trial-{n:04d}", {}, {}, seed) for n in range(study.runs)]
    else:
        exclude = file.exclude
        places = (
            drawn(space, exclude, search) if isinstance(search, Random) else grid(space, exclude)
        )
        runs = _runs(space, list(places), file.seeds or [None])
    return Plan(
        experiment=folder / file.experiment,
        before=tuple(assignments(file.set)),
        after=overrides,
        runs={run.name: run for run in runs},
        needs=Needs(file.gpus, file.minutes, file.made_slurm()),
        space=space,
        study=study,
    )


def _runs(space: Space, places: list[Place], seeds: Iterable[int | None]) -> list[PlannedRun]:
    """The first seed of everything before the second, so that a table fills up evenly."""
    runs = [planned(*space.at(place), seed) for seed in seeds for place in places]
    if not runs:
        raise ConfigError("exclude leaves no run; remove some of it")
    if len(runs) > LEVELS:
        raise ConfigError(f"{len(runs)} runs, more than {LEVELS}; write several sweeps")
    return told_apart(runs)


def _check_study(file: SweepFile) -> None:
    if not file.axes and not file.conditions:
        raise ConfigError("search: tpe needs axes or conditions to search in")
    for name, given in (("zip", file.zip), ("exclude", file.exclude)):
        if given:
            raise ConfigError(f"{name} does not go with search: tpe, which draws each axis alone")
    if len(file.seeds) > 1:
        raise ConfigError("seeds: search: tpe takes one, as each of its runs has other settings")
