"""Ranks that exchange through an MPI communicator.

Every exchange begins with a round in which each rank says where it is, and whether it has failed.
So an error of one rank ends all of them, and a rank that has come to another place is found out,
instead of both waiting for ever. What follows only moves bytes: sums are made here, in the order of
the ranks, because those of MPI depend on the number and the places of the processes.
"""

from __future__ import annotations

import platform
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from genn_delays.parallel.ranks import RankFaultError, Ranks
from genn_delays.support.errors import RankError, short

T = TypeVar("T")

FINE, FAILED, FAULT = 0, 1, 2
"""How a rank is; FAILED with an error that a user can mend."""
END = "the end"


class MPIRanks(Ranks):
    """The ranks of a communicator.

    Args:
        comm: of mpi4py; nobody else uses it.
        cores: that this process is bound to.

    Attributes:
        hosts: the machine of each rank.
        cores: how many cores this rank may take, as others are bound to the same.
    """

    def __init__(self, comm: Any, cores: frozenset[int]) -> None:
        self.comm = comm
        self.number, self.count = comm.Get_rank(), comm.Get_size()
        found = self.gather("the machines", (platform.node(), cores))
        self.hosts = [host for host, _ in found]
        here = [r for r, host in enumerate(self.hosts) if host == platform.node()]
        self.beside = here.index(self.number), len(here)
        self.cores = max(1, len(cores) // sum(bool(found[r][1] & cores) for r in here))

    def gather(self, place: str, value: T) -> list[T]:
        self._meet(place)
        with self._moving():
            return self.comm.allgather(value)

    def sum(self, place: str, values: np.ndarray) -> np.ndarray:
        lengths = self._meet(place, len(values))
        if np.any(lengths != len(values)):
            raise RankError(f"ranks bring sums of {lengths.tolist()} numbers: {place}")
        with self._moving():
            # each rank adds one part of the numbers up, so that none has to receive all of them
            bounds = len(values) * np.arange(self.count + 1) // self.count
            counts, first = np.diff(bounds), bounds[:-1]
            mine = counts[self.number]
            parts = np.empty((self.count, mine))
            each = np.full(self.count, mine), mine * np.arange(self.count)
            given = np.ascontiguousarray(values, np.float64)
            self.comm.Alltoallv([given, (counts, first)], [parts, each])
            total = parts[0]
            for part in parts[1:]:
                total += part
            found = np.empty(len(values))
            self.comm.Allgatherv(total, [found, (counts, first)])
            return found

    def largest(self, place: str, number: int) -> int:
        return int(self._meet(place, number).max())

    def first(self, make: Callable[[], T]) -> T:
        if not self.is_first:
            self._meet("what the first rank makes first")
            return make()
        made = make()
        self._meet("what the first rank makes first")
        return made

    def told(self, make: Callable[[], T]) -> T:
        value = make() if self.is_first else None
        self._meet("what the first rank says")
        with self._moving():
            return self.comm.bcast(value)

    def check_same(self, what: str, digest: str, *, when: str, remedy: str) -> None:
        digests = self.gather("what has to be the same", (what, digest))
        unlike = [r for r, found in enumerate(digests) if found != digests[0]]
        if unlike:
            have = "has" if len(unlike) == 1 else "have"
            raise RankError(
                f"{when} {self._named(unlike)} {have} another {what} than rank 0; {remedy}"
            )

    def end(self) -> None:
        """Wait until all have come to their end.

        Raises:
            RankError, RankFaultError: another rank has failed.
        """
        self._meet(END)

    def fail(self, status: int, text: str) -> None:
        """Tell all that this rank ends: FAILED with a message, or FAULT with a traceback."""
        self._meet(END, status=status, text=text)

    def _meet(
        self, place: str, number: int = 0, *, status: int = FINE, text: str = ""
    ) -> np.ndarray:
        """The number of every rank, int64, once all have come to the same place."""
        own = np.array([_code(place), status, number], np.int64)
        found = np.empty((self.count, 3), np.int64)
        self.comm.Allgather(own, found)
        if np.any(found[:, :2] != (own[0], FINE)):
            self._disagree(place, status, text)
        return found[:, 2]

    def _disagree(self, place: str, status: int, text: str) -> None:
        """Raise what every rank is to end with; one that has failed has an error of its own."""
        seen = self.comm.allgather((place, status, text))
        if status != FINE:
            return
        for kind, error in ((FAULT, RankFaultError), (FAILED, RankError)):
            failed = [r for r, (_, how, _) in enumerate(seen) if how == kind]
            if failed:
                raise error(f"{self._named(failed[:1])}: {seen[failed[0]][2]}")
        places = "; ".join(f"rank {r}: {where}" for r, (where, _, _) in enumerate(seen))
        raise RankError(
            f"ranks do different things ({short(places, 200)})\ncallbacks are called by rank 0 "
            "alone: they may not run or evaluate the network, or end the training by themselves"
        )

    def _named(self, ranks: list[int]) -> str:
        names = ", ".join(f"{r} ({self.hosts[r]})" for r in ranks)
        return short(f"rank{'s' if len(ranks) > 1 else ''} {names}", 200)

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """While data move nobody can be told of a failure: it ends all ranks at once."""
        try:
            yield
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            self.comm.Abort(1)
            raise


def _code(place: str) -> int:
    """A number for a place that is the same in every process."""
    return zlib.crc32(place.encode())
