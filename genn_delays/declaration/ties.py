"""Ties: columns of a SynapseTable that follow from fewer numbers.

    net.connect(inp, hid, ..., share={"delay": "pre"})    # axonal: one per presynaptic unit

Synapses of one key form a group and share one number. The column holds it once per synapse, so that
no engine need know of groups; the number itself, with what an optimiser remembers of it, is kept
once (:class:`Shared`), and stays where the last synapse of its group is dropped. Bouhadjar and
Neftci (2026, arXiv 2602.09746) compare axonal and dendritic delays, DelRec (Queant et al., 2025,
arXiv 2509.24852) has axonal ones in loops.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from genn_delays.declaration.units import UnitTable
from genn_delays.support.checks import extremes
from genn_delays.support.errors import NetworkError
from genn_delays.support.references import Cited


class Table(Protocol):
    """A SynapseTable."""

    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    max_delay: float
    state: dict[str, np.ndarray]

    def __len__(self) -> int: ...


class Tie(ABC):
    """What a column of a synapse table follows from."""

    @abstractmethod
    def values(self, table: Table, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """What synapses of these pairs have, there or not, float64.

        Raises:
            NetworkError: this is known of the synapses that are there only.
        """

    @abstractmethod
    def check(self, table: Table, where: str) -> None:
        """Raise NetworkError unless the column is as this tie wants it."""

    def collect(self, table: Table) -> None:
        """Take over what was written into the column by hand."""

    @abstractmethod
    def spread(self, table: Table) -> None:
        """Write into the column, in place, what follows."""

    @property
    def cited(self) -> Cited | None:
        """Which part of a declaration it comes from, where that is one to cite."""
        return None

    @abstractmethod
    def told(self, table: Table) -> str:
        """How many numbers there are, as short text."""

    @property
    def covers_pairs(self) -> bool:
        """Whether the value of a synapse that is not there is known, so that it can be grown."""
        return True


@dataclass(eq=False)
class Shared(Tie):
    """Groups of synapses with one weight, or one delay, each.

    The column rules: whoever sets it by hand sets all synapses of a group alike.

    Attributes:
        parameter: ``"weight"`` or ``"delay"``.
        keys: the group of every pair, int32, (pre_size, post_size), where either may be 1 for keys
            that do not depend on that unit. None where each synapse has a key of its own: the
            column ``"weight_key"`` or ``"delay_key"`` of the table's state.
        numbers: a row per group, with the column ``parameter`` and an optimiser's moments.
    """

    parameter: str
    keys: np.ndarray | None
    numbers: UnitTable
    _kept: tuple[tuple[np.ndarray | None, ...], np.ndarray] | None = field(
        default=None, init=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def column(self) -> str:
        """Name of the column of keys, where each synapse has one."""
        return key_column(self.parameter)

    @property
    def covers_pairs(self) -> bool:
        return self.keys is not None

    def index(self, table: Table) -> np.ndarray:
        """The group of each synapse, intp, (synapses,); kept while the table has these synapses."""
        columns = (table.pre, table.post, table.state.get(self.column))
        if self._kept is None or any(map(operator.is_not, columns, self._kept[0])):
            own = columns[2] if self.keys is None else lookup(self.keys, table.pre, table.post)
            self._kept = columns, np.asarray(own).astype(np.intp)
        return self._kept[1]

    def values(self, table: Table, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        if self.keys is None:
            raise NetworkError(
                f"each synapse has a key of its own for its {self.parameter}, so that none can be "
                f"grown; give share= a key for every pair"
            )
        return self.numbers.columns[self.parameter][lookup(self.keys, pre, post)]

    def check(self, table: Table, where: str) -> None:
        column = getattr(table, self.parameter)
        check_numbers(column, f"{where}: {self.parameter}")
        self.numbers.check(f"{where}: shared {self.parameter}")
        if self.keys is None:
            keys = table.state.get(self.column)
            check_keys(keys, len(table), len(self), f"{where}: {self.column}")
        self._kept = None  # whatever was done to the table meanwhile
        index, seen = self.index(table), self.numbers.columns[self.parameter].copy()
        seen[index] = column
        self._check_alike(table, index, seen[index] != column, where)
        low, high = extremes(seen)
        if self.parameter == "delay" and not 0.0 <= low <= high <= table.max_delay:
            raise NetworkError(
                f"{where}: the delay of a group, {low:g} to {high:g} ms, is outside "
                f"[0, max_delay = {table.max_delay:g} ms]"
            )

    def _check_alike(self, table: Table, index: np.ndarray, unlike: np.ndarray, where: str) -> None:
        if unlike.any():
            one = int(np.argmax(unlike))
            other = int(np.flatnonzero(index == index[one])[-1])
            pairs = [f"{table.pre[k]} -> {table.post[k]}" for k in (one, other)]
            values = [getattr(table, self.parameter)[k] for k in (one, other)]
            raise NetworkError(
                f"{where}: synapses {pairs[0]} and {pairs[1]} share their {self.parameter}, but it "
                f"is {values[0]} and {values[1]}; set all synapses of a key alike"
            )

    def collect(self, table: Table) -> None:
        self.numbers.columns[self.parameter][self.index(table)] = getattr(table, self.parameter)

    def spread(self, table: Table) -> None:
        if self.parameter == "delay":
            numbers = self.numbers.columns["delay"]
            np.clip(numbers, 0.0, table.max_delay, out=numbers)
        getattr(table, self.parameter)[:] = self.numbers.columns[self.parameter][self.index(table)]

    def told(self, table: Table) -> str:
        held = self.held(table)
        return f"{held} {self.parameter}{'s' if held != 1 else ''} shared"

    def held(self, table: Table) -> int:
        """Groups that have a synapse: as many numbers as these synapses have."""
        return int(np.count_nonzero(np.bincount(self.index(table), minlength=len(self))))

    def spans(self, table: Table, end: str) -> bool:
        """Whether a group joins synapses of several units of one end, ``"pre"`` or ``"post"``."""
        index, units = self.index(table), getattr(table, end)
        seen = np.zeros(len(self), units.dtype)
        seen[index] = units
        return bool(np.any(seen[index] != units))

    def copied(self) -> Shared:
        """The same groups and numbers, without what an optimiser keeps."""
        columns = {name: column.copy() for name, column in self.numbers.columns.items()}
        return replace(self, numbers=replace(self.numbers, columns=columns, state={}))


def lookup(keys: np.ndarray, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
    """The keys of pairs, of an array with a row, or a single one, for each presynaptic unit."""
    rows, columns = keys.shape
    if rows > 1 and columns > 1:
        return keys[pre, post]
    if rows > 1 or columns > 1:
        return keys.ravel()[pre if rows > 1 else post]
    return np.zeros(len(pre), keys.dtype)


def key_column(parameter: str) -> str:
    """Name of the column that holds a key for each synapse."""
    return f"{parameter}_key"


def check_numbers(column: np.ndarray, where: str) -> None:
    """Raise NetworkError where a column would cut what is written into it to whole numbers."""
    if column.dtype.kind != "f":
        raise NetworkError(f"{where} is tied and of type {column.dtype}; assign float64")


def check_keys(keys: np.ndarray | None, synapses: int, groups: int, where: str) -> None:
    """Raise NetworkError unless ``keys`` are the numbers of groups, one per synapse."""
    if keys is None or keys.shape != (synapses,) or keys.dtype.kind not in "iu":
        raise NetworkError(f"{where}: keys are whole numbers, one for each of {synapses} synapses")
    if synapses and not 0 <= keys.min() <= keys.max() < groups:
        raise NetworkError(f"{where}: a key is outside [0, {groups}), the groups there are")
