"""Loader: the batches of a pass over a split, each made in a thread while the engine runs the last.

Randomness is stateless, so that it does not matter when or in which thread a batch is made: its
generator is seeded with the run's seed, the epoch and the batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from genn_delays.planning.events import Events
from genn_delays.support.errors import DataError

if TYPE_CHECKING:
    from genn_delays.datasets.base import Dataset, Split

T = TypeVar("T")
Labelled = tuple[Events, np.ndarray]
"""A batch and the labels of its trials."""

ORDER, AUGMENTATION, DROPOUT = 0, 1, 2
"""Spawn keys: independent streams of one seed, whatever the counters that follow."""


def stream(seed: int, *key: int) -> np.random.Generator:
    """The generator of a spawn key and counters."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


class Augmentation(Protocol):
    """Changes the events of a training batch at random; called in the loader's thread."""

    def __call__(
        self, events: Events, rng: np.random.Generator, *, units: int, duration: float
    ) -> Events: ...


@dataclass(frozen=True, eq=False)
class Loader:
    """Makes batches; see :class:`Trainer` for the arguments.

    Both passes yield one item per batch. Close them (``contextlib.closing``) where they may not
    come to their end, so that no thread stays behind.
    """

    dataset: Dataset
    batch_size: int
    seed: int
    augmentations: Sequence[Augmentation] = ()

    def training(self, epoch: int, first: int = 0) -> Generator[Labelled]:
        """Augmented batches of an epoch in its order, from batch ``first`` on."""
        trials = self.dataset.train
        order = stream(self.seed, ORDER, epoch).permutation(len(trials))

        def make(start: int) -> Labelled:
            index = order[start : start + self.batch_size]
            rng = stream(self.seed, AUGMENTATION, epoch, start // self.batch_size)
            events = trials.batch(index)
            for augmentation in self.augmentations:
                units, duration = self.dataset.units, self.dataset.duration
                events = augmentation(events, rng, units=units, duration=duration)
                if not isinstance(events, Events):
                    kind = type(augmentation).__name__
                    raise DataError(f"{kind} returned {type(events).__name__}; return gd.Events")
            return events, trials.labels[index]

        return ahead(make, range(first * self.batch_size, len(trials), self.batch_size))

    def evaluation(self, split: str) -> Generator[Labelled]:
        """Batches of a split in the order of its trials."""
        trials: Split = getattr(self.dataset, split)

        def make(start: int) -> Labelled:
            index = np.arange(start, min(start + self.batch_size, len(trials)))
            return trials.batch(index), trials.labels[index]

        return ahead(make, range(0, len(trials), self.batch_size))


def ahead(make: Callable[[int], T], numbers: Iterable[int]) -> Generator[T]:
    """``make(n)`` for each number in turn; while one is in use, a thread makes the next.

    What ``make`` raises is raised when its number comes.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="loader")
    try:
        waiting: deque[Future[T]] = deque()
        for number in numbers:
            waiting.append(pool.submit(make, number))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
