"""A file in the Heidelberg layout, read some trials at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from genn_delays.datasets.gathering import Make, Notes, Origin, gathered
from genn_delays.datasets.labels import class_labels
from genn_delays.datasets.spike_layout import (
    LABELS,
    NAMES,
    ROWS,
    SPEAKER,
    class_names,
    numbers,
    rows,
    speakers,
    unit_indices,
)
from genn_delays.datasets.split import Split
from genn_delays.planning.events import Events
from genn_delays.planning.timing import at_or_after, elapsed, from_seconds, narrow
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import Group, Ragged, read_rows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Recordings:
    """Content of one file: the trials, and per trial the speaker where the file tells."""

    split: Split
    speaker: np.ndarray | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class SpikeReader:
    """How a file becomes trials; see :class:`~genn_delays.datasets.spike_hdf5.SpikeHDF5`."""

    units: int
    bin_units: int
    from_first_spike: bool
    duration: float
    crop: bool
    classes: int | None
    dt: float

    def read(self, path: Path) -> Recordings:
        """The recordings in a file.

        Raises:
            DataError: it is damaged, incomplete, or holds what does not fit the settings.
        """
        file, units = os.stat(path), self.units // self.bin_units
        key = [os.path.realpath(path), file.st_size, file.st_mtime_ns, astuple(self)]
        make: Make = lambda exact, notes: self._pieces(path, exact, notes)  # noqa: E731
        split, notes = gathered(make, Origin(str(path), units, self.duration, key))
        if notes["dropped"]:
            logger.warning(
                "%s: %d of %d events dropped, at or after %g ms",
                path, notes["dropped"], notes["found"], self.duration,
            )  # fmt: skip
        split.check(str(path), units, self.classes or 0, self.duration)
        speaker = None if notes["speaker"] is None else np.array(notes["speaker"], np.int64)
        return Recordings(split, speaker, tuple(notes["names"]))

    def _pieces(self, path: Path, exact: bool, notes: Notes) -> Generator[Split]:
        """The trials in their order; see :mod:`genn_delays.datasets.gathering`."""
        with read_rows(path, (LABELS, SPEAKER, NAMES), ROWS) as (tree, trials, parts):
            if not trials:  # what should be rows came as it is
                lengths = [len(rows(tree, key, path).lengths) for key in ROWS]
                if any(lengths):
                    raise _incomplete(path)
            labels = self._labels(tree, trials, path)
            known = speakers(tree, trials, path)
            speaker = None if known is None else known.tolist()
            names = class_names(tree, path)
            notes.update(trials=trials, speaker=speaker, names=names, found=0, dropped=0)
            first = 0
            for times, units in parts:
                if not np.array_equal(times.lengths, units.lengths):
                    raise _incomplete(path)
                yield self._piece(path, times, units, labels, first, exact, notes)
                first += len(times.lengths)

    def _labels(self, tree: Group, trials: int, path: Path) -> np.ndarray:
        labels = numbers(tree, LABELS, path)
        if trials not in labels.shape[:1]:
            raise _incomplete(path)
        return class_labels(labels, trials, str(path), self.classes)

    def _piece(
        self,
        path: Path,
        times: Ragged,
        units: Ragged,
        labels: np.ndarray,
        first: int,
        exact: bool,
        notes: Notes,
    ) -> Split:
        """Some trials, of which ``first`` is the first; ``labels`` are those of all."""
        count = len(times.lengths)
        trial = np.repeat(np.arange(count), times.lengths)
        unit = unit_indices(units.values, first + trial, self.units, path) // self.bin_units
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            time = from_seconds(times.values, self.dt)
        if not all_finite(time):
            event = int(np.argmin(np.isfinite(time)))
            raise DataError(
                f"{path}: trial {first + trial[event]} has an event at a time that is not finite; "
                "make the file again"
            )
        if self.from_first_spike:
            begin = np.full(count, np.inf)
            np.minimum.at(begin, trial, time)
            time = elapsed(time, begin[trial], self.dt)
        notes["found"] += len(time)
        late = at_or_after(time, self.duration)
        if self.crop and np.any(late):
            notes["dropped"] += int(late.sum())
            time, unit, trial = time[~late], unit[~late], trial[~late]
        if not exact:
            time = narrow(time, self.dt, self.duration)
        events = Events.trusted(time, unit, trial, count)
        return Split.from_events(events, labels[first : first + count])


def _incomplete(path: Path) -> DataError:
    return DataError(
        f"{path}: spikes/times, spikes/units and labels disagree in length; the file is incomplete"
    )
