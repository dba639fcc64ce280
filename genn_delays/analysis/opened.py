"""Run folders as they are opened for an analysis, all before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genn_delays.declaration.network import Network
from genn_delays.experiment import checkpoint
from genn_delays.experiment.config import Config
from genn_delays.experiment.config_changes import accepted_changes
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support.errors import CheckpointError, DataError


@dataclass(frozen=True, eq=False)
class Opened:
    """A run.

    Attributes:
        folder, config: of it.
        epoch: of the best network.
        network, initial: the best network, and that before training; None where it is gone.
        lines: of metrics.jsonl.
        recipe: how the network is asked.
    """

    folder: RunFolder
    config: Config
    epoch: int
    network: Network
    initial: Network | None
    lines: Sequence[Mapping[str, Any]]
    recipe: Recipe


def open_run(path: Path | str) -> Opened:
    """A run folder with a finished epoch.

    Raises:
        CheckpointError: it is none, no epoch is finished, or a file is damaged.
    """
    folder = RunFolder.open(path)
    lines = folder.read_metrics()
    if not lines or not folder.best.exists():
        raise CheckpointError(f"run folder {folder.path}: no epoch is finished yet")
    best = checkpoint.load(folder.best)
    config = folder.load_config()
    accepted_changes(config, best.attributes.get("config"), folder.config, folder.kept)
    recipe = Recipe.from_attribute(best.attributes.get(ATTRIBUTE), str(folder.best))
    epoch = best.attributes.get("epoch")
    if not isinstance(epoch, int):
        raise CheckpointError(f"{folder.best} does not say its epoch; train again")
    initial = checkpoint.load(folder.initial).network if folder.initial.exists() else None
    return Opened(folder, config, epoch, best.network, initial, lines, recipe)


def check_alike(opened: Sequence[Opened]) -> None:
    """Raise DataError unless these are runs, each given once, whose networks have one shape."""
    if not opened:
        raise DataError("analyse(): give at least one run folder")
    places = [one.folder.path.resolve() for one in opened]
    if len(set(places)) < len(places):
        raise DataError("a run folder is given twice; give each once")
    first = _shape(opened[0].network)
    for one in opened[1:]:
        if (shape := _shape(one.network)) != first:
            name = next(n for n in {**first, **shape} if first.get(n) != shape.get(n))
            told = [
                " x ".join(map(str, s[name])) if name in s else "absent" for s in (first, shape)
            ]
            raise DataError(
                f"{one.folder.path}: projection {name!r} is {told[1]}, but {told[0]} in "
                f"{opened[0].folder.path}; analyse runs of one shape together"
            )


def _shape(network: Network) -> dict[str, tuple[int, int]]:
    return {name: (p.pre.size, p.post.size) for name, p in network.projections.items()}
