"""From the events of one trial after the other to a split, without a sort over all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np

from genn_delays.datasets.base import Split
from genn_delays.planning.timing import at_or_after, narrow
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

logger = logging.getLogger(__name__)
EVENT = 16
"""Bytes of an event while the trials are joined: float32 and int32, twice."""

Trial = tuple[str, np.ndarray, np.ndarray]
"""Where it comes from, times in ms (float64) and units (whole numbers)."""


def split_of_trials(
    trials: Iterable[Trial],
    labels: np.ndarray | list[int],
    *,
    units: int,
    duration: float,
    dt: float,
    crop: bool,
    where: str,
) -> Split:
    """The split of these trials, in their order.

    Args:
        trials: read as they are needed.
        labels: a class for each; looked at once the trials are read.
        units: size of the population.
        duration: length of a trial in ms.
        dt: time step in ms.
        crop: drop events at or after ``duration``, and log how many; an error otherwise.
        where: begins the messages about all trials.

    Raises:
        DataError: an event lies outside the trial or the population, or all of them would take
            more memory than the limit.
    """
    times, members, counts, dropped, found = [], [], [], 0, 0
    for name, time, unit in trials:
        time, unit, late = _within(name, time, unit, units, duration, crop)
        found, dropped = found + len(time), dropped + late
        check_size(EVENT * found, f"{where}: {found} events")
        short = narrow(time, dt, duration)
        order = _by_unit(short, unit, units)
        times.append(short[order])
        members.append(unit[order].astype(np.int32))
        counts.append(len(time))
    _say_dropped(where, dropped, found, duration)
    return Split(
        time=np.concatenate([np.zeros(0, np.float32), *times]),
        unit=np.concatenate([np.zeros(0, np.int32), *members]),
        offset=np.cumsum([0, *counts], dtype=np.int64),
        labels=np.array(labels, dtype=np.int64),
    )


def _say_dropped(where: str, dropped: int, kept: int, duration: float) -> None:
    if dropped:
        logger.warning(
            "%s: %d of %d events dropped, at or after %g ms",
            where, dropped, kept + dropped, duration,
        )  # fmt: skip


def _by_unit(time: np.ndarray, unit: np.ndarray, units: int) -> np.ndarray:
    """The order by (unit, time): two stable sorts, of which small units take linear time."""
    first = np.argsort(time, kind="stable")
    small = unit.astype(np.uint16) if units <= 1 << 16 else unit
    return first[np.argsort(small[first], kind="stable")]


def _within(
    name: str, time: np.ndarray, unit: np.ndarray, units: int, duration: float, crop: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """The events within the trial, and how many were not."""
    if not all_finite(time) or np.any(time < 0):
        raise DataError(f"{name}: an event at a time that is negative or not finite; copy it again")
    outside = (unit < 0) | (unit >= units)
    if np.any(outside):
        first = unit[np.argmax(outside)]
        raise DataError(f"{name}: an event of unit {first}, outside the population of {units}")
    late = at_or_after(time, duration)
    if np.any(late) and not crop:
        raise DataError(
            f"{name}: an event at {time[np.argmax(late)]:g} ms, outside the trial of {duration:g} "
            "ms; raise data.args.duration or set data.args.crop: true"
        )
    return time[~late], unit[~late], int(np.count_nonzero(late))
