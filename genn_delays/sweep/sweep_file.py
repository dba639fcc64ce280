"""What a sweep file may say, and how it is read.

experiment: experiment.yaml      # the configuration of all runs, beside this file
set: {training.epochs: 15}       # and what they have different from it
conditions:                      # by name
  no delays: {model.args.delays: zero, model.args.learn_delays: false}
  learnt delays: {}
axes:                            # crossed with the conditions and with each other
  model.args.density: [1.0, 0.5]
  optimiser.weight.lr: [0.01, 0.014]
zip: [[model.args.density, optimiser.weight.lr]]   # but these go together
exclude: [{condition: no delays, model.args.density: 0.5}]
seeds: [1, 2, 3]
search: grid                     # or {name: random, runs: 20}, {name: tpe, runs: 50}
gpus: 1                          # of each run
minutes: 60                      # of each attempt; a run that needs longer goes on in the next
slurm: {partition: gpu}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict

from genn_delays.support import strict_yaml
from genn_delays.support.checks import is_count
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, suggest
from genn_delays.support.references import Cited
from genn_delays.support.settings import Settings, build
from genn_delays.sweep.axes import LEVELS, Axis, make_axis

MESSAGE = 500
"""Characters of a message, whatever was given."""


@dataclass(frozen=True)
class Grid(Settings, Cited):
    """Every combination of conditions and axes."""

    cites: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Random(Settings, Cited):
    """``runs`` combinations that are drawn, those of fewer runs first."""

    positive: ClassVar[tuple[str, ...]] = ("runs",)
    error = ConfigError
    cites: ClassVar[tuple[str, ...]] = ()

    runs: int
    seed: int = 0


@dataclass(frozen=True)
class TPE(Settings, Cited):
    """``runs`` runs by a tree-structured Parzen estimator of optuna, on the validation split.

    With ``pruning`` a run ends early whose validation score at an epoch is below the median of the
    earlier runs at that epoch.
    """

    positive: ClassVar[tuple[str, ...]] = ("runs",)
    error = ConfigError

    cites: ClassVar[tuple[str, ...]] = ("akiba2019", "bergstra2011")

    runs: int
    seed: int = 0
    pruning: bool = True


Search = Grid | Random | TPE
SEARCHES: dict[str, type[Search]] = {"grid": Grid, "random": Random, "tpe": TPE}


@dataclass(frozen=True)
class Slurm(Settings):
    """What a job of a cluster asks for, in the words of sbatch; ``memory`` as in ``"16GB"``.

    ``lead`` is how many seconds before the time limit a run is told to write its checkpoint;
    ``setup`` are lines of shell before the run, ``other`` options of sbatch by name.
    """

    positive: ClassVar[tuple[str, ...]] = ("cpus", "lead")
    error = ConfigError

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    gres: str | None = None
    constraint: str | None = None
    memory: str | None = None
    cpus: int = 1
    lead: int = 90
    setup: tuple[str, ...] = ()
    other: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepFile:
    """A sweep file, key by key."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    experiment: str
    set: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    axes: dict[str, Any] = field(default_factory=dict)
    zip: list[list[str]] = field(default_factory=list)
    exclude: list[dict[str, Any]] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    search: str | dict[str, Any] = "grid"
    gpus: int = 0
    minutes: float | None = None
    slurm: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.gpus < 0:
            raise ConfigError(f"gpus is {self.gpus}; write how many each run needs")
        if self.minutes is not None and not self.minutes > 0:
            raise ConfigError(f"minutes is {self.minutes}, it must be > 0")
        _check_distinct("seeds", self.seeds)
        used = [key for group in self.zip for key in group]
        _check_distinct("zip", used)
        for key in used:
            if key not in self.axes:
                raise ConfigError(f"zip: there is no axis {key!r}; {suggest(key, self.axes)}")

    def made_axes(self) -> dict[str, Axis]:
        """The axes by their keys."""
        return {key: make_axis(key, given) for key, given in self.axes.items()}

    def made_search(self) -> Search:
        """How combinations are chosen."""
        given = {"name": self.search} if isinstance(self.search, str) else dict(self.search)
        name = given.pop("name", None)
        if name not in SEARCHES:
            raise ConfigError(f"search: there is no {name!r}; {suggest(str(name), SEARCHES)}")
        search = build(SEARCHES[name], given, f"search.{name}")
        if not isinstance(search, Grid) and not (is_count(search.runs) and search.runs <= LEVELS):
            raise ConfigError(f"search: runs is {search.runs}; write 1 to {LEVELS}")
        return search

    def made_slurm(self) -> Slurm:
        """What jobs ask for."""
        return build(Slurm, self.slurm, "slurm")


def _check_distinct(where: str, values: Iterable[Any]) -> None:
    seen: list[Any] = []
    for value in values:
        if value in seen:
            raise ConfigError(f"{where}: {value!r} is there twice; remove one of them")
        seen.append(value)


def read_sweep_file(path: Path) -> SweepFile:
    """Read a sweep file.

    Raises:
        ConfigError: what is wrong, with the file and the place in it.
    """
    try:
        data = strict_yaml.parse(strict_yaml.read_text(path))
        if not isinstance(data, Mapping):
            raise ConfigError("expected a mapping with the keys experiment, conditions, axes, ...")
        return build(SweepFile, data, "sweep")
    except GennDelaysError as error:
        raise ConfigError(f"{path}: {reason(error, MESSAGE)}") from None
