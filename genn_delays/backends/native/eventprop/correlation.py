"""Adjoints that a backward pass did not keep, and the pairs of units to correlate them for.

Rewiring asks for them once in many batches. Until then nothing is stored: spikes, gradients of the
loss and arrival feedback of the last backward pass are still there, so the neurons of a component
can go back once more, this time without the synapses from outside, and keep a_in of every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref
from typing import Any

import numpy as np

from genn_delays.backends.native.eventprop.buffers import PopulationBuffers
from genn_delays.backends.native.eventprop.codegen import TOGETHER
from genn_delays.backends.native.eventprop.structures import GATHERED_EVENTS, PAIRINGS
from genn_delays.backends.native.structures import Buffers

TASK = 64
"""Pairs of a task, at most: the rows of their postsynaptic unit are loaded once for all."""


def room_for_gathered_events(buffers: PopulationBuffers, trials: int) -> Buffers:
    """Arrays for what a population sent, TOGETHER trials after each other for every unit."""
    groups = -(-trials // TOGETHER)
    count = np.zeros((groups * TOGETHER, buffers.padded), np.int64)
    count[:trials] = buffers.arrays["count"].reshape(-1, buffers.padded)[:trials]
    each = count.reshape(groups, TOGETHER, buffers.padded).sum(axis=1)
    end = np.cumsum(each).reshape(each.shape)
    begin = np.concatenate([end[:, :1] - each[:, :1], end], axis=1)
    sent = int(each.sum())
    value = np.empty(sent, buffers.plan.dtype) if "value" in buffers.arrays else None
    place = np.empty(sent, np.int32)
    return Buffers(GATHERED_EVENTS.ctypes()(), begin=begin, place=place, value=value)


def pairings(pre: np.ndarray, post: np.ndarray, first: np.ndarray, steps: int) -> Buffers:
    """Pairs of units in tasks of one post unit each; beyond a trial all delays are alike."""
    names = ("from", "to", "first")
    columns = zip(names, (pre, post, np.minimum(first, steps)), strict=True)
    given = {name: np.ascontiguousarray(column, np.int32) for name, column in columns}
    order = np.argsort(given["to"], kind="stable")
    unit = given["to"][order]
    changes = np.flatnonzero(unit[1:] != unit[:-1]) + 1
    begin = np.append(np.union1d(np.arange(0, len(unit), TASK), changes), len(unit))
    struct = PAIRINGS.ctypes()(tasks=len(begin) - 1)
    return Buffers(struct, begin=begin.astype(np.int64), order=order, **given)


class Adjoints:
    """Adjoints and spikes of the last backward pass, kept where somebody asked for them."""

    def __init__(self, populations: list[PopulationBuffers]) -> None:
        self.populations = populations
        self._kept: set[int] = set()
        self._sent: dict[int, Buffers] = {}

    def renew(self) -> None:
        """What was kept is out of date."""
        self._kept.clear()
        self._sent.clear()

    def missing(self, member: int) -> bool:
        """True where population ``member`` has to go back once more."""
        return member not in self._kept

    @contextmanager
    def pointed(self, members: tuple[int, ...], row: int) -> Iterator[None]:
        """Within this, the engine knows where the adjoints of these populations are."""
        try:
            for k in members:
                self.populations[k].keep_adjoint(row)
            yield
        finally:
            for k in members:
                self.populations[k].keep_adjoint(None)
        self._kept.update(members)

    def sent(self, k: int, trials: int, gather: Callable[[Any], object]) -> Any:
        """What population ``k`` sent, as a pointer; ``gather`` fills it on the first call."""
        if k not in self._sent:
            room = room_for_gathered_events(self.populations[k], trials)
            gather(byref(room.struct))
            self._sent[k] = room
        return byref(self._sent[k].struct)

    def nbytes(self) -> int:
        """Bytes of what is kept beside the buffers of the populations."""
        return sum(arrays.nbytes() for arrays in self._sent.values())
