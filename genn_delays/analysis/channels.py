"""Which channel each presynaptic unit belongs to: an order of units that the data may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.datasets.base import Source
from genn_delays.declaration.network import Projection
from genn_delays.declaration.neurons import Input
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a presynaptic population.

    Attributes:
        position: of each unit, float64, shape (units,); units of one channel have the same.
        ordered: whether neighbouring positions are neighbours in the data. Else they are the units'
            numbers, which say nothing, and only delays are compared.
        origin: where this is from, in words.
    """

    position: np.ndarray
    ordered: bool
    origin: str


def channels_of(
    projection: Projection, source: Source | None = None, given: Any = None
) -> Channels:
    """The channels of a projection's presynaptic units.

    Args:
        projection: its presynaptic population is meant.
        source: of the data set that the network was trained on, which knows the channels of its
            inputs where they have any (:meth:`genn_delays.datasets.Source.channels`).
        given: positions, one per presynaptic unit, in place of those.

    Raises:
        DataError: positions that are not one finite number for each unit.
    """
    pre = projection.pre
    if given is not None:
        return Channels(_positions(given, pre.size, pre.name, "channels="), True, "given")
    if source is not None and isinstance(pre.neuron, Input):
        known = source.channels()
        if known is not None:
            kind = type(source).__name__
            position = _positions(known, pre.size, pre.name, f"{kind}.channels()")
            count = len(np.unique(position))
            origin = f"{count} channels of {pre.size} units, as {kind} orders them"
            return Channels(position, True, origin)
    origin = f"none: nothing is known of an order of the units of {pre.name!r}"
    return Channels(np.arange(pre.size, dtype=np.float64), False, origin)


def _positions(given: Any, units: int, name: str, where: str) -> np.ndarray:
    try:
        position = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        position = np.zeros(())
    if position.shape != (units,) or not all_finite(position):
        raise DataError(f"{where}: give a position for each of the {units} units of {name!r}")
    return position
