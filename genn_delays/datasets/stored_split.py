"""StoredSplit: labelled trials whose events lie in a file, of which batches are read."""

from __future__ import annotations

import numpy as np

from genn_delays.datasets.event_file import EventFile
from genn_delays.datasets.split import Split
from genn_delays.planning.events import Events
from genn_delays.planning.timing import at_or_after
from genn_delays.support.checks import taken_over
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size


class StoredSplit(Split):
    """A split that reads what is asked for; see :class:`Split` for what all have in common.

    ``time``, ``unit`` and ``value`` read everything, if the limit on memory allows.

    Args:
        file: that has the events.
        labels: of the trials of this split.
        trials: their numbers in the file; by default all.
    """

    file: EventFile
    trials: np.ndarray

    def __init__(
        self, file: EventFile, labels: np.ndarray, trials: np.ndarray | None = None
    ) -> None:
        chosen = np.arange(len(file.counts)) if trials is None else trials
        offset = np.concatenate([[0], np.cumsum(file.counts[chosen])]).astype(np.int64)
        own = {"labels": labels, "trials": chosen, "offset": offset}
        vars(self).update({name: taken_over(array) for name, array in own.items()})
        vars(self).update(file=file, _checked=True)

    def __repr__(self) -> str:
        return f"StoredSplit({str(self.file.path)!r}, {len(self)} trials)"

    @property
    def graded(self) -> bool:
        return self.file.graded

    @property
    def event_bytes(self) -> int:
        return self.file.types[0].itemsize + (8 if self.graded else 4)

    @property
    def nbytes(self) -> int:
        own = self.offset.nbytes + self.trials.nbytes + self.labels.nbytes
        return own + self.file.nbytes

    def batch(self, index: np.ndarray) -> Events:
        trials = self.trials[np.asarray(index, dtype=np.int64)]
        time, unit, *value = self.file.read(trials)
        trial = np.repeat(np.arange(len(trials), dtype=np.int32), self.file.counts[trials])
        return Events.trusted(time, unit, trial, len(trials), *value)

    def part(self, index: np.ndarray) -> StoredSplit:
        return StoredSplit(self.file, self.labels[index], self.trials[index])

    def held(self) -> Split:
        """The same split in memory."""
        events = self._all()
        return Split(events.time, events.unit, self.offset, self.labels, events.value)

    def check_events(self, where: str, units: int, duration: float, first: int = 0) -> None:
        """See :meth:`Split.check_events`; each event was looked at before the file was written."""
        file = self.file
        if file.highest >= units or at_or_after(np.array(file.latest), duration):
            raise DataError(
                f"{where}: events up to unit {file.highest:g} and {file.latest:g} ms, outside the "
                f"population of {units} or the trial of {duration:g} ms"
            )

    def _is_as_documented(self) -> bool:
        return True

    def _all(self) -> Events:
        check_size(
            self.event_bytes * int(self.offset[-1]), f"{self.file.path}: all its events at once"
        )
        return self.batch(np.arange(len(self)))

    @property
    def time(self) -> np.ndarray:
        return self._all().time

    @property
    def unit(self) -> np.ndarray:
        return self._all().unit

    @property
    def value(self) -> np.ndarray | None:
        return self._all().value if self.graded else None
