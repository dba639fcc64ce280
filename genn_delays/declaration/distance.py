"""Delays that follow from where neurons are: distance over speed.

    hid = net.add_population("hidden", gd.LIF(), 64, position=(xs, ys), learn=("position",))
    net.connect(inp, hid, weight=..., delay=gd.Distance(speed=1.0), max_delay=60.0)

Units have coordinates, the columns ``position1``, ``position2``, ... of their UnitTable, and the
delay of a synapse from i to j is, as in Meszaros, Knight, Akarca and Nowotny (2025, arXiv
2511.01632),

    d = min(|x_i - x_j| / speed, max_delay).

What learns are the positions. With u = (x_i - x_j) / |x_i - x_j|,

    dL/dx_i += dL/dd u / speed          dL/dx_j -= dL/dd u / speed,

summed over the synapses of a unit in all projections; 0 where the delay is clipped to max_delay,
and where both lie at one place, which has no direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.init import Initialiser
from genn_delays.declaration.sampling import Values, values_of
from genn_delays.declaration.ties import Table, Tie, check_numbers
from genn_delays.declaration.units import POSITION, UnitTable, positions_of
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError
from genn_delays.support.references import Cited

BLOCK = 1 << 13
"""Synapses whose distances are found together."""


@dataclass(frozen=True)
class Distance(Cited):
    """Delays of a projection that are the distance of its units, divided by a speed.

    Attributes:
        speed: of a spike, in units of position per ms.
    """

    speed: float = 1.0
    cites: ClassVar[tuple[str, ...]] = ("meszaros2025space",)

    def __post_init__(self) -> None:
        if not (is_number(self.speed) and self.speed > 0.0):
            raise NetworkError(f"Distance(speed={self.speed!r}): must be > 0 per ms")

    def between(self, pre: UnitTable, post: UnitTable, where: str) -> Placed:
        """The tie of the delays of synapses between these units.

        Raises:
            NetworkError: no positions, or unlike many coordinates.
        """
        counts = len(positions_of(pre)), len(positions_of(post))
        if not counts[0] or counts[0] != counts[1]:
            raise NetworkError(
                f"{where}: delay=gd.Distance() of units with {counts[0]} and {counts[1]} "
                "coordinates; give both populations position= with as many"
            )
        return Placed(self, pre, post)


@dataclass(eq=False)
class Placed(Tie):
    """Delays of one projection that follow from positions.

    The positions rule: after they were set by hand, ``synapses.follow()`` brings the delays.

    Attributes:
        distance: how.
        pre, post: the units, whose positions change in place.
    """

    distance: Distance
    pre: UnitTable
    post: UnitTable

    def values(self, table: Table, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        return np.minimum(self.unclipped(pre, post), table.max_delay)

    def unclipped(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Distance over speed of these pairs, ms."""
        found = np.empty(len(pre))
        for rows in _blocks(len(pre)):
            found[rows] = self._apart(pre[rows], post[rows])[1] / self.distance.speed
        return found

    def check(self, table: Table, where: str) -> None:
        check_numbers(table.delay, f"{where}: delay")
        wanted = self.values(table, table.pre, table.post).astype(table.delay.dtype, copy=False)
        unlike = table.delay != wanted
        if unlike.any():
            bad = int(np.argmax(unlike))
            raise NetworkError(
                f"{where}: delay {table.delay[bad]} ms of synapse {table.pre[bad]} -> "
                f"{table.post[bad]} is not that of its distance, {wanted[bad]}; set the positions "
                "of the units, then call follow() of the table"
            )

    def spread(self, table: Table) -> None:
        table.delay[:] = self.values(table, table.pre, table.post)

    @property
    def cited(self) -> Distance:
        return self.distance

    def told(self, table: Table) -> str:
        return "delays of distance"

    def slopes(self, table: Table) -> list[np.ndarray]:
        """d delay / d coordinate of the presynaptic unit, (synapses,) for each coordinate.

        That of the postsynaptic unit is the opposite.
        """
        found = [np.empty(len(table)) for _ in positions_of(self.pre)]
        speed = self.distance.speed
        for rows in _blocks(len(table)):
            apart, length = self._apart(table.pre[rows], table.post[rows])
            moves = (length > 0.0) & (length / speed <= table.max_delay)
            scale = np.divide(1.0, speed * length, out=np.zeros_like(length), where=moves)
            for slope, difference in zip(found, apart, strict=True):
                np.multiply(difference, scale, out=slope[rows])
        return found

    def _apart(self, pre: np.ndarray, post: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """x_i - x_j by coordinate, and the distance."""
        rows, columns = pre.astype(np.intp), post.astype(np.intp)  # numpy takes these much faster
        apart = [
            self.pre.columns[name].take(rows) - self.post.columns[name].take(columns)
            for name in positions_of(self.pre)
        ]
        return apart, np.sqrt(sum(difference * difference for difference in apart))


def _blocks(rows: int) -> Iterator[slice]:
    """Slices that cover all rows, short enough that what is made of each stays in the cache."""
    return (slice(start, start + BLOCK) for start in range(0, rows, BLOCK))


def positions(
    given: Sequence[Values] | np.ndarray | None, size: int, rng: np.random.Generator, where: str
) -> dict[str, np.ndarray]:
    """The columns of the positions of a population, by name.

    Args:
        given: a number, array of one value per unit or initialiser for each coordinate, or an
            array of shape (units, coordinates).
    """
    if given is None:
        return {}
    if isinstance(given, np.ndarray) and given.ndim == 2:
        given = list(given.T)
    if isinstance(given, (str, Initialiser)) or not isinstance(given, (list, tuple)) or not given:
        raise NetworkError(
            f"{where}: position={given!r}; give a value for each coordinate, as in "
            "(gd.init.Uniform(0, 20), gd.init.Uniform(0, 20)), or an array (units, coordinates)"
        )
    found = {}
    for k, values in enumerate(given, 1):
        name = f"{POSITION}{k}"
        column = values_of(values, name, rng, (size, 1, 1), size, where)
        found[name] = np.array(column, np.float64)
    return found
