"""Ranks that are threads of this process: what MPI moves, without MPI."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from genn_delays.parallel.rounds import MPIRanks


class Hung(Exception):  # noqa: N818
    """A rank waited for others that did not come."""


class Board:
    """Where the ranks of one world lay down what they exchange."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count, timeout=60)
        self.values: list[Any] = [None] * count

    def exchange(self, number: int, value: Any) -> list[Any]:
        try:
            self.values[number] = value
            self.barrier.wait()
            found = list(self.values)
            self.barrier.wait()
        except threading.BrokenBarrierError:
            raise Hung from None
        return found


class ThreadComm:
    """The calls of an MPI communicator that the package makes."""

    def __init__(self, board: Board, number: int, count: int) -> None:
        self.board, self.number, self.count = board, number, count

    def Get_rank(self):
        return self.number

    def Get_size(self):
        return self.count

    def allgather(self, value):
        found = self.board.exchange(self.number, pickle.dumps(value))
        return [pickle.loads(each) for each in found]

    def bcast(self, value):
        return self.allgather(value)[0]

    def Allgather(self, given, found):
        found[:] = self.board.exchange(self.number, given.copy())

    def Allgatherv(self, given, found):
        found[0][:] = np.concatenate(self.board.exchange(self.number, given.copy()))

    def Alltoallv(self, given, found):
        values, (counts, first) = given
        parts = [values[a : a + n].copy() for a, n in zip(first, counts, strict=True)]
        everybody = self.board.exchange(self.number, parts)
        found[0].ravel()[:] = np.concatenate([parts[self.number] for parts in everybody])

    def Abort(self, code):
        self.board.barrier.abort()


def in_ranks(
    count: int, work: Callable[[MPIRanks], Any], cores: frozenset[int] | None = None
) -> list[Any]:
    """What ``work(ranks)`` returns, or raises, in each of ``count`` ranks.

    Args:
        cores: that all of them are bound to; by default each has one.
    """
    board, results = Board(count), [None] * count

    def run(number: int) -> None:
        try:
            comm = ThreadComm(board, number, count)
            results[number] = work(MPIRanks(comm, cores or frozenset({number})))
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
