"""dL/dw of synapses that need not be there, on the host, from spikes and adjoints of the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genn_delays.planning.events import Events

PIECE = 1 << 21
"""Most numbers to gather at once."""


@dataclass(frozen=True)
class Sent:
    """What went into the synapses of a population in a batch, one entry for each event.

    Attributes:
        begin: where the events of each unit begin, and the end of the last one, (units + 1,).
        trial, step: int64, sorted by unit.
        value: float64: 1 for a spike, times its dropout factor.
    """

    begin: np.ndarray
    trial: np.ndarray
    step: np.ndarray
    value: np.ndarray


def sent_of(events: Events, units: int, dt: float, mask: np.ndarray | None = None) -> Sent:
    """From events on the grid.

    Args:
        units: size of the population.
        dt: ms.
        mask: dropout factors, (trials, units), or None.
    """
    value = np.ones(len(events)) if events.value is None else events.value.astype(np.float64)
    if mask is not None:
        value = value * mask[events.trial, events.unit]
    order = np.argsort(events.unit, kind="stable")
    begin = np.searchsorted(events.unit[order], np.arange(units + 1))
    step = np.rint(events.time[order] / dt).astype(np.int64)
    return Sent(begin, events.trial[order].astype(np.int64), step, value[order])


class Rows:
    """Adjoints of the input of a population, for each unit along the steps of all trials.

    Args:
        into: (trials, steps, units).
        room: zeros after each trial.
    """

    def __init__(self, into: np.ndarray, room: int) -> None:
        trials, self.steps, units = into.shape
        self.room, self.row = room, self.steps + room
        values = np.zeros((units, trials, self.row), into.dtype)
        values[:, :, : self.steps] = into.transpose(2, 0, 1)
        self.values = values.reshape(units, -1)


class History:
    """What the host has read of the last batch, once somebody asked for a correlation."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """What has been read is out of date."""
        self._sent: dict[int, Sent] = {}
        self._rows: dict[tuple[int, int], Rows] = {}

    def sent(self, k: int, read: Callable[[], Sent]) -> Sent:
        """What population ``k`` sent."""
        if k not in self._sent:
            self._sent[k] = read()
        return self._sent[k]

    def rows(self, k: tuple[int, int], room: int, read: Callable[[], np.ndarray]) -> Rows:
        """Adjoints of (population, input state); ``read`` gives them as (trials, steps, units)."""
        if k not in self._rows or self._rows[k].room < room:
            self._rows[k] = Rows(read(), room)
        return self._rows[k]


def correlate(
    sent: Sent, rows: Rows, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
) -> np.ndarray:
    """Sums over what ``pre`` sent of the adjoint at ``post``, ``first`` and more steps later.

    Args:
        rows: with room for ``count``.
        first: steps from sending to the first arrival, (pairs,).
        count: neighbouring arrivals.

    Returns:
        float64, (pairs, count).
    """
    result = np.zeros((len(pre), count))
    windows = np.lib.stride_tricks.sliding_window_view(rows.values, count, axis=1)
    order = np.lexsort((first, pre))
    new = (np.diff(pre[order]) != 0) | (np.diff(first[order]) != 0)
    for pairs in np.split(order, np.flatnonzero(new) + 1):
        if not len(pairs):
            continue
        own = slice(*sent.begin[pre[pairs[0]] : pre[pairs[0]] + 2])
        arrival = sent.step[own] + first[pairs[0]]
        inside = arrival < rows.steps
        place, value = (sent.trial[own] * rows.row + arrival)[inside], sent.value[own][inside]
        together = max(1, PIECE // max(1, len(place) * count))
        for begin in range(0, len(pairs), together):
            some = pairs[begin : begin + together]
            result[some] = value @ windows[post[some, None], place].astype(np.float64)
    return result
