"""Everything that is asked of one run folder, and of several together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.analysis.course import Course, courses
from genn_delays.analysis.function import Function, function
from genn_delays.analysis.grouping import grouping
from genn_delays.analysis.groupings import Groupings
from genn_delays.analysis.opened import Opened, check_alike, open_run
from genn_delays.analysis.pooled import Pooled, pooled
from genn_delays.analysis.rewired import Kept, kept
from genn_delays.analysis.settings import AnalysisSettings
from genn_delays.analysis.similarity import Similarity, similarity
from genn_delays.analysis.statistics import ProjectionStatistics, statistics
from genn_delays.datasets.base import Dataset, required
from genn_delays.declaration.network import Network, Projection
from genn_delays.declaration.neurons import Input
from genn_delays.experiment.experiment import load_dataset
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.fitting.model import Model
from genn_delays.support.paths import told_apart
from genn_delays.training.by_sign import by_sign

POOLED = "all"
"""What stands for all runs where the name of one could."""


@dataclass(frozen=True, eq=False)
class RunAnalysis:
    """One run: its best network, and what is found in it, by projection.

    Attributes:
        name: of the folder, with as much of its path as tells it from the other runs.
        folder: the run folder.
        epoch: of the best network.
        network, initial: after and before training; None where the latter is gone.
        lines: of metrics.jsonl.
        dt: ms.
        channels: of the presynaptic units of each projection.
        statistics: of delays and weights.
        signs, signs_before: the synapses of each sign, see :func:`by_sign`; the latter {} where the
            initial network is gone.
        groupings: whether signs are grouped.
        kept: what rewiring kept, of projections that it changed.
        courses: by sign over training.
        function: what the answers rest on; None where it was left out.
    """

    name: str
    folder: RunFolder
    epoch: int
    network: Network
    initial: Network | None
    lines: Sequence[Mapping[str, Any]]
    dt: float
    channels: Mapping[str, Channels]
    statistics: Mapping[str, ProjectionStatistics]
    signs: Mapping[str, Any]
    signs_before: Mapping[str, Any]
    groupings: Mapping[str, Groupings]
    kept: Mapping[str, Kept]
    courses: Mapping[str, Course]
    function: Function | None


@dataclass(frozen=True, eq=False)
class Analysis:
    """Several runs of one shape.

    Attributes:
        settings: that it was made with.
        runs: in the order given.
        pooled: grouping over runs; () of one run.
        similarities: of each pair of runs (their places), by projections from an input.
    """

    settings: AnalysisSettings
    runs: tuple[RunAnalysis, ...]
    pooled: tuple[Pooled, ...]
    similarities: Mapping[tuple[int, int], tuple[Similarity, ...]]


def analyse(
    paths: Sequence[Path | str],
    settings: AnalysisSettings | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Analyse the best networks of runs; every folder is looked at before anything is computed.

    Args:
        paths: run folders.
        settings: how.
        say: is told what is at work.

    Raises:
        CheckpointError: no run folder, no epoch is finished, or a file is damaged.
        DataError: networks of different shapes, a run that is named twice, an impossible setting,
            or no such split.
    """
    settings = settings or AnalysisSettings()
    opened = [open_run(path) for path in paths]
    check_alike(opened)
    data = _data(opened, settings.split, say)
    runs = []
    names = told_apart([one.folder.path for one in opened], taken=[POOLED])
    for name, one, trials in zip(names, opened, data, strict=True):
        say(f"{one.folder.path}: epoch {one.epoch}")
        runs.append(_analysed(name, one, trials, settings, say))
    pairs = {
        (i, j): _compared(runs[i], runs[j], settings)
        for i, j in combinations(range(len(runs)), 2)
        if settings.similarities
    }
    over = pooled([run.groupings for run in runs]) if len(runs) > 1 else ()
    return Analysis(settings, tuple(runs), over, pairs)


def _data(
    opened: Sequence[Opened], split: str | None, say: Callable[[str], None]
) -> list[Dataset | None]:
    """The data set of each run, shared by runs of the same data; None where it is not asked for."""
    loaded: dict[str, Dataset] = {}
    found: list[Dataset | None] = []
    for one in opened:
        data, dt = one.config.data, one.config.training.dt
        key = f"{data.model_dump_json()} {dt}"
        if split is not None and key not in loaded:
            say(f"preparing the data set {data.name!r}")
            loaded[key] = load_dataset(one.config)
            required(loaded[key], split)
        found.append(loaded.get(key))
    return found


def _analysed(
    name: str,
    one: Opened,
    data: Dataset | None,
    settings: AnalysisSettings,
    say: Callable[[str], None],
) -> RunAnalysis:
    network = one.network
    source = one.recipe.source()
    projections = {name: p for name, p in network.projections.items() if len(p.synapses)}
    channels, groupings = {}, {}
    for each, projection in projections.items():
        say(f"  {each}: {len(projection.synapses):,} synapses")
        channels[each] = channels_of(projection, source, _given(projection, settings))
        groupings[each] = _grouped(projection, channels[each], settings)
    measured = None
    if data is not None and settings.split is not None:
        say(f"  function, on the {settings.split} split")
        measured = _measured(one, data, settings, settings.split)
    return RunAnalysis(
        name=name,
        folder=one.folder,
        epoch=one.epoch,
        network=network,
        initial=one.initial,
        lines=one.lines,
        dt=one.recipe.dt,
        channels=channels,
        statistics=statistics(network, one.initial),
        signs=by_sign(network),
        signs_before=by_sign(one.initial) if one.initial else {},
        groupings=groupings,
        kept=kept(network, one.initial) if one.initial else {},
        courses=courses(one.lines),
        function=measured,
    )


def _given(projection: Projection, settings: AnalysisSettings) -> np.ndarray | None:
    if settings.units_per_channel is None or not isinstance(projection.pre.neuron, Input):
        return None
    return np.arange(projection.pre.size) // settings.units_per_channel


def _grouped(projection: Projection, channels: Channels, settings: AnalysisSettings) -> Groupings:
    """Widths that were given are for the axes that a projection has."""
    delayed = bool(np.ptp(projection.synapses.delay))
    return grouping(
        projection,
        channels=channels,
        permutations=settings.permutations,
        seed=settings.seed,
        channel_width=settings.channel_width if channels.ordered else None,
        delay_width=settings.delay_width if delayed else None,
        threads=settings.threads,
    )


def _measured(one: Opened, data: Dataset, settings: AnalysisSettings, split: str) -> Function:
    model = Model(
        one.network,
        one.recipe,
        backend=one.config.backend.name,
        threads=settings.threads,
    )
    try:
        return function(
            model,
            data,
            split=split,
            repeats=settings.repeats,
            seed=settings.seed,
        )
    finally:
        model.close()


def _compared(
    one: RunAnalysis, two: RunAnalysis, settings: AnalysisSettings
) -> tuple[Similarity, ...]:
    """By projections from an input; a smoothing of half a neighbourhood."""
    found = []
    for name, groupings in one.groupings.items():
        first, second = (run.network.projections[name] for run in (one, two))
        widths = (groupings.channel_width, groupings.delay_width)
        if isinstance(first.pre.neuron, Input) and name in two.groupings:
            across, along = (None if width is None else width / 2.0 for width in widths)
            found.append(
                similarity(
                    first,
                    second,
                    channels=one.channels[name],
                    channel_width=across,
                    delay_width=along,
                    permutations=settings.similarities,
                    seed=settings.seed,
                )
            )
    return tuple(found)
