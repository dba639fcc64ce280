"""What a model is asked about, as batches of events: arrays, Events, sound files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.datasets.arrays import events_of
from genn_delays.datasets.audio_source import AudioSource
from genn_delays.datasets.split import Split
from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Input
from genn_delays.experiment.recipe import Recipe
from genn_delays.planning.events import Batch, Events
from genn_delays.support.errors import DataError
from genn_delays.support.paths import expanded


def splits_of(given: Any, network: Network, recipe: Recipe) -> dict[str, Split]:
    """Trials by input population.

    Args:
        given: arrays in a form of :mod:`genn_delays.datasets.arrays`, Events, Events by the name of
            an input population, or sound files: a path or a list of paths.

    Raises:
        DataError: none of these, no trials, or sound where the model has no encoder for it.
    """
    inputs = {name: p for name, p in network.populations.items() if isinstance(p.neuron, Input)}
    if isinstance(given, Mapping) and any(isinstance(v, Events) for v in given.values()):
        events = dict(given)
        if set(events) != set(inputs) or not all(isinstance(v, Events) for v in events.values()):
            raise DataError(f"give gd.Events of each of the inputs {list(inputs)} by name")
    elif len(inputs) > 1:
        raise DataError(f"the network has inputs {list(inputs)}; give Events by name")
    else:
        (name,) = inputs
        if files := _files(given):
            return {name: _encoded(files, recipe)}
        events = {name: events_of(given, inputs[name].size, recipe.dt, "trials")[0]}
    splits = {
        name: Split.from_events(one, np.zeros(one.trials, np.int64)) for name, one in events.items()
    }
    if not all(len(split) for split in splits.values()):
        raise DataError("no trials given; give at least one")
    return splits


def batches(splits: Mapping[str, Split], size: int) -> Iterator[Batch]:
    """Batches of at most ``size`` trials, in order."""
    trials = max(len(split) for split in splits.values())
    for start in range(0, trials, size):
        index = np.arange(start, min(start + size, trials))
        batch = {name: split.batch(index) for name, split in splits.items()}
        yield batch if len(batch) > 1 else next(iter(batch.values()))


def _files(given: Any) -> list[Path]:
    """Paths of sound files; empty where something else is given."""
    if isinstance(given, (str, PathLike)):
        given = [given]
    if not isinstance(given, Sequence) or not given:
        return []
    if not all(isinstance(path, (str, PathLike)) for path in given):
        return []
    return [expanded(Path(path), "trials", DataError) for path in given]


def _encoded(files: list[Path], recipe: Recipe) -> Split:
    if (source := recipe.source()) is None:
        raise DataError("the model was trained on arrays and cannot hear sound files; give arrays")
    if not isinstance(source, AudioSource):
        name = (recipe.origin or {}).get("name")
        raise DataError(f"the model was trained on {name!r}, which is no sound; give arrays")
    for path in files:
        if not path.is_file():
            raise DataError(f"there is no sound file {path}; check the path")
    return source.recordings(files, recipe.dt)
