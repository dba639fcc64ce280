"""Ranks: the processes of one training, and what they exchange; alone, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class RankFaultError(Exception):
    """A fault of this program in another rank, with its traceback."""


class Ranks:
    """The world of one process, and the base of those of many.

    Whatever is exchanged, all ranks have to come to it, in the same order.

    Attributes:
        number: of this rank, from 0.
        count: of all.
        beside: (number, count) of this rank among those of its machine.
    """

    number, count, beside = 0, 1, (0, 1)

    @property
    def is_first(self) -> bool:
        """Whether this rank is the one that writes and prints."""
        return self.number == 0

    def share(self, trials: int) -> slice:
        """The trials of a batch that this rank runs; none where there are fewer than ranks.

        >>> ALONE.share(5)
        slice(0, 5, None)
        """
        n, count = self.number, self.count
        return slice(trials * n // count, trials * (n + 1) // count)

    def gather(self, place: str, value: T) -> list[T]:
        """The value of every rank, in their order.

        Args:
            place: what for: ranks that have come to different places get an error, and do not wait.
        """
        return [value]

    def sum(self, place: str, values: np.ndarray) -> np.ndarray:
        """The sums of all ranks' values, float64, each added in the order of the ranks."""
        return values

    def largest(self, place: str, number: int) -> int:
        """The largest of all ranks' numbers."""
        return number

    def first(self, make: Callable[[], T]) -> T:
        """What ``make`` returns: in the first rank, and then in the others.

        For what leaves something in a cache that the others will find there.
        """
        return make()

    def told(self, make: Callable[[], T]) -> T:
        """What ``make`` returns in the first rank, which alone calls it."""
        return make()

    def check_same(self, what: str, digest: str, *, when: str, remedy: str) -> None:
        """Raise RankError, which names them, where ranks have another digest than the first.

        Args:
            what, when: in the message: "network", "after epoch 3".
        """


ALONE = Ranks()
