"""How many cores there are for this process."""

from __future__ import annotations

import os

_share: int | None = None


def bound_to() -> frozenset[int]:
    """Numbers of the cores that the system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def available_cores() -> int:
    """Cores that this process may use."""
    cores = len(bound_to())
    return cores if _share is None else min(_share, cores)


def take_share(cores: int) -> None:
    """Leave all but so many cores to other processes, which are at the same work.

    The number alone is bounded: a process that were bound to certain cores could not leave one that
    somebody else keeps busy.
    """
    global _share
    _share = cores
