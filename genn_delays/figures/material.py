"""What figures of a run are drawn from: its files, and how its best network answers its data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from genn_delays.datasets.base import Source
from genn_delays.declaration.network import Network
from genn_delays.declaration.parts import Projection
from genn_delays.experiment import checkpoint
from genn_delays.experiment.experiment import load_dataset
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.figures.answers import Answers, answers_of
from genn_delays.support.errors import CheckpointError, GennDelaysError

Lines = Sequence[Mapping[str, Any]]
SHOWN = 6
"""Projections that a figure of a page has room for: those with the most synapses."""


class NothingToDrawError(GennDelaysError):
    """A figure would be empty for this run; the message says why."""


@dataclass(frozen=True, eq=False)
class Material:
    """A run, as figures need it.

    Attributes:
        lines: of metrics.jsonl.
        network: of the best epoch.
        initial: before training; None where it is not known.
        best_epoch: whose network it is.
        test_accuracy: in [0, 1]; None where it was not measured or is no classification.
        folder: where the data and the recipe are found; None where neither is there.
        attributes: of the best checkpoint.
    """

    lines: Lines
    network: Network
    initial: Network | None = None
    best_epoch: int | None = None
    test_accuracy: float | None = None
    folder: RunFolder | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(folder: RunFolder) -> Material:
        """That of a run folder, whose run may be going on.

        Raises:
            CheckpointError: no epoch is finished yet, or a file is damaged.
        """
        lines = folder.read_metrics()
        if not lines or not folder.best.exists():
            raise CheckpointError(f"run folder {folder.path}: no epoch is finished yet")
        best = checkpoint.load(folder.best)
        initial = checkpoint.load(folder.initial).network if folder.initial.exists() else None
        epoch = best.attributes.get("epoch")
        return Material(
            lines=lines,
            network=best.network,
            initial=initial,
            best_epoch=epoch,
            test_accuracy=_test_accuracy(folder),
            folder=folder,
            attributes=best.attributes,
        )

    @property
    def epochs(self) -> list[int]:
        """The epochs that are finished."""
        return sorted({line["epoch"] for line in self.lines})

    @property
    def source(self) -> Source | None:
        """Where the data of the run are from, as the checkpoint says; None where it does not."""
        with suppress(GennDelaysError):
            return Recipe.from_attribute(self.attributes.get(ATTRIBUTE), "best.h5").source()
        return None

    @cached_property
    def answers(self) -> Answers:
        """How the network answers the test split, or the one nearest to it that there is.

        Raises:
            GennDelaysError: the data are not there, or do not fit the network.
        """
        if self.folder is None:
            raise NothingToDrawError("there is no run folder to load the data from")
        where = str(self.folder.best)
        recipe = Recipe.from_attribute(self.attributes.get(ATTRIBUTE), where)
        config = self.folder.load_config()
        backend, threads = config.backend.name, config.backend.threads
        return answers_of(self.network, recipe, load_dataset(config), backend, threads)

    def before(self, projection: Projection) -> Projection | None:
        """A projection before training."""
        return self.initial.projections.get(projection.name) if self.initial else None

    def projections(self, delayed: bool = False) -> tuple[list[Projection], str]:
        """Those that are drawn, in their order, and what is said of those that are not.

        Args:
            delayed: only those that can have delays.
        """
        there = [p for p in self.network.projections.values() if len(p.synapses)]
        there = [p for p in there if p.synapses.max_delay > 0.0 or not delayed]
        largest = sorted(there, key=lambda p: -len(p.synapses))[:SHOWN]
        left = len(there) - len(largest)
        note = f"{left} smaller projections are not drawn" if left else ""
        return [p for p in there if p in largest], note


def _test_accuracy(folder: RunFolder) -> float | None:
    """Of the summary, which is there once training is done."""
    with suppress(CheckpointError, json.JSONDecodeError):
        found = folder.read_summary().get("test_accuracy") if folder.summary.is_file() else None
        return float(found) if isinstance(found, (int, float)) else None
    return None


def same_wiring(one: Projection, other: Projection | None) -> bool:
    """Whether two tables have a synapse at the same pairs."""
    if other is None or len(one.synapses) != len(other.synapses):
        return False
    return np.array_equal(one.synapses.pre, other.synapses.pre) and np.array_equal(
        one.synapses.post, other.synapses.post
    )
