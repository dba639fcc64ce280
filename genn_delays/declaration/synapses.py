"""SynapseTable: the synapses of one projection as parallel arrays sorted by (pre, post).

Everything that belongs to a synapse, an optimiser's moments included, is a column here, so
that removing, adding and saving synapses can never leave a part behind.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.declaration import summary
from genn_delays.declaration.ties import Tie
from genn_delays.support.checks import extremes
from genn_delays.support.display import Shown
from genn_delays.support.errors import NetworkError

CORE = ("pre", "post", "weight", "delay")
LEARNABLE = CORE[2:]
SYNAPSE = 24
"""Bytes of these columns, per synapse."""
AT_BOUND = 1e-9
"""Share of max_delay within which a delay counts as being at a bound."""


class SynapseTable(Shown):
    """Synapses of one projection.

    Attributes:
        pre, post: int32, shape (synapses,), unit indices in the two populations.
        weight: float64, dimensionless.
        delay: float64, ms, in [0, max_delay]; kept unrounded while it is learnt.
        max_delay: largest allowed delay in ms.
        state: further per-synapse columns by name (``"sign"``, optimiser moments, ...).
        ties: what ``"weight"`` or ``"delay"`` follows from, where it is shared or comes from
            positions.

    Several synapses may join the same pair; they keep the order they were given in. Messages
    of errors begin with ``where``.

    What is given is copied. The columns themselves are open to all: training changes them in
    place, and whoever assigns others in another order calls :meth:`sort` afterwards.
    """

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray

    def __init__(
        self,
        pre: np.ndarray,
        post: np.ndarray,
        weight: np.ndarray,
        delay: np.ndarray,
        *,
        max_delay: float,
        pre_size: int,
        post_size: int,
        where: str = "synapse table",
    ) -> None:
        self.max_delay = float(max_delay)
        self.pre_size = int(pre_size)
        self.post_size = int(post_size)
        self.state: dict[str, np.ndarray] = {}
        self.ties: dict[str, Tie] = {}
        self.pre = _index(pre, f"{where}: pre", self.pre_size)
        self.post = _index(post, f"{where}: post", self.post_size)
        self.weight = np.asarray(weight, dtype=np.float64)
        self.delay = np.asarray(delay, dtype=np.float64)
        lengths = {name: len(getattr(self, name)) for name in CORE}
        if len(set(lengths.values())) > 1:
            raise NetworkError(f"{where}: columns differ in length: {lengths}")
        self.sort(where)
        self.check(where)

    def __len__(self) -> int:
        return len(self.pre)

    def _facts(self) -> Mapping[str, object]:
        return {
            "synapses": len(self),
            "pre_size": self.pre_size,
            "post_size": self.post_size,
            "weight": summary.spread(self.weight),
            "delay": summary.span(self.delay, self.max_delay),
            "share": summary.sharing(self),
            "state": list(self.state),
        }

    def check(self, where: str = "synapse table", precision: str = "float64") -> None:
        """Raise NetworkError unless indices, weights and delays are all within their range.

        Every load() of a simulation comes here, so each column is gone through as few times as
        will do.

        Args:
            where: begins the message.
            precision: of the engine that the weights are for.
        """
        self._check_columns(where)
        self._check_indices(where)
        self.check_order(where)
        self._check_weights(where, precision)
        low, high = extremes(self.delay)
        if len(self) and not (low >= 0.0 and high <= self.max_delay):  # so that NaN is caught too
            bad = int(np.argmin((self.delay >= 0.0) & (self.delay <= self.max_delay)))
            raise NetworkError(
                f"{where}: delay {self.delay[bad]:g} ms of synapse {self.pre[bad]} -> "
                f"{self.post[bad]} is outside [0, max_delay = {self.max_delay:g} ms]"
            )
        for tie in self.ties.values():
            tie.check(self, where)

    def follow(self) -> None:
        """Bring delays in line with positions that were set by hand."""
        for tie in self.ties.values():
            tie.collect(self)
            tie.spread(self)

    def _check_columns(self, where: str) -> None:
        for name, column in self._columns().items():
            if np.shape(column) != (len(self.pre),) or not isinstance(column, np.ndarray):
                raise NetworkError(
                    f"{where}: column {name!r} has shape {np.shape(column)} for {len(self.pre)} "
                    "synapses; assign an array of one value per synapse"
                )

    def check_order(self, where: str) -> None:
        """Raise NetworkError unless synapses are sorted by (pre, post), as everybody takes them."""
        falls = np.flatnonzero(self.post[1:] < self.post[:-1])  # only where a unit's row ends
        rising = np.all(self.pre[1:] >= self.pre[:-1])
        if not (rising and np.all(self.pre[falls + 1] > self.pre[falls])):
            raise NetworkError(
                f"{where}: synapses are not in the order of (pre, post); call sort() of the "
                "table, which takes all columns along"
            )

    def _check_indices(self, where: str) -> None:
        for name, size in (("pre", self.pre_size), ("post", self.post_size)):
            dtype = getattr(self, name).dtype
            if dtype.kind not in "iu":
                raise NetworkError(f"{where}: {name} indices are {dtype}; give whole numbers")
            low, high = extremes(getattr(self, name))
            if len(self) and (low < 0 or high >= size):
                bad = low if low < 0 else high
                found = f"{name} index {bad} is outside the population of {size}"
                raise NetworkError(f"{where}: {found}")

    def _check_weights(self, where: str, precision: str) -> None:
        low, high = extremes(self.weight)
        if max(-low, high) <= float(np.finfo(precision).max):
            return
        remedy = "lower the learning rate or check the initial weights"
        bad = int(np.argmin(np.isfinite(self.weight)))
        if np.isfinite(self.weight[bad]):
            raise NetworkError(f"{where}: a weight is too large for {precision}; {remedy}")
        raise NetworkError(
            f"{where}: weight of synapse {self.pre[bad]} -> {self.post[bad]} is "
            f"{self.weight[bad]}; {remedy}"
        )

    def sort(self, where: str = "synapse table") -> None:
        """Bring all columns, attached ones too, into the order of (pre, post).

        Synapses of one pair keep their order.

        Raises:
            NetworkError: columns of unlike length.
        """
        self._check_columns(where)
        order = np.lexsort((self.post, self.pre))
        for name in CORE:
            setattr(self, name, getattr(self, name)[order])
        self.state = {name: column[order] for name, column in self.state.items()}

    def attach(self, name: str, fill: float = 0.0) -> np.ndarray:
        """The per-synapse column ``name``, made with ``fill`` if it is not there yet."""
        if name in CORE:
            raise NetworkError(f"{name!r} is a column of every table and cannot be attached")
        if name not in self.state:
            self.state[name] = np.full(len(self), fill)
        return self.state[name]

    def keep(self, mask: np.ndarray) -> None:
        """Remove the synapses where ``mask`` is False, with everything attached to them."""
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != (len(self),):
            raise NetworkError(f"keep() wants a boolean mask of shape ({len(self)},)")
        for tie in self.ties.values():
            tie.collect(self)  # a group that loses its last synapse keeps its number
        for name in CORE:
            setattr(self, name, getattr(self, name)[mask])
        self.state = {name: column[mask] for name, column in self.state.items()}

    def add(
        self,
        pre: np.ndarray,
        post: np.ndarray,
        weight: np.ndarray | float | None = None,
        delay: np.ndarray | float | None = None,
        **state: np.ndarray | float,
    ) -> None:
        """Add synapses; columns start at 0 unless given by name. Delays in ms.

        What is tied starts at what it follows from, and cannot be given.
        """
        self.check_order("add()")
        unknown = set(state) - set(self.state)
        if unknown:
            raise NetworkError(f"add(): no attached column {sorted(unknown)}; attach it first")
        pre = np.atleast_1d(_index(pre, "add(): pre", self.pre_size))
        post = _index(post, "add(): post", self.post_size)
        given: dict[str, np.ndarray | float] = {"pre": pre, "post": post}
        given |= {"weight": self._start("weight", weight, pre, post)}
        given |= {"delay": self._start("delay", delay, pre, post)}
        given |= {name: state.get(name, 0.0) for name in self.state}
        fresh = {}
        for name, value in given.items():
            new = np.asarray(value, dtype=self._column(name).dtype)
            if new.shape not in ((), (1,), pre.shape):
                raise NetworkError(f"add(): {name} of shape {new.shape} for {len(pre)} synapses")
            fresh[name] = np.broadcast_to(new, pre.shape)
        added = SynapseTable(  # refuses what is out of range before anything changes here
            *(fresh[name] for name in CORE),
            max_delay=self.max_delay,
            pre_size=self.pre_size,
            post_size=self.post_size,
            where="add()",
        )
        order = np.lexsort((fresh["post"], fresh["pre"]))
        at = np.searchsorted(self._keys(), added._keys(), side="right") + np.arange(len(pre))
        old = np.ones(len(self) + len(pre), bool)
        old[at] = False
        for name in (*CORE, *self.state):
            column = self._column(name)
            joined = np.empty(len(old), column.dtype)
            joined[old], joined[at] = column, fresh[name][order]
            if name in CORE:
                setattr(self, name, joined)
            else:
                self.state[name] = joined

    def _start(
        self, name: str, given: np.ndarray | float | None, pre: np.ndarray, post: np.ndarray
    ) -> np.ndarray | float:
        """The first weights or delays of synapses that are added."""
        tie = self.ties.get(name)
        if tie is None:
            return 0.0 if given is None else given
        if given is not None:
            raise NetworkError(f"add(): the {name} is tied, and cannot be given; leave it out")
        tie.collect(self)
        return tie.values(self, pre, np.broadcast_to(post, pre.shape))

    def _columns(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in CORE} | self.state

    def _column(self, name: str) -> np.ndarray:
        return getattr(self, name) if name in CORE else self.state[name]

    def _keys(self) -> np.ndarray:
        """A number for each synapse that sorts as (pre, post) does, int64."""
        return self.pre.astype(np.int64) * self.post_size + self.post


def at_bounds(table: SynapseTable) -> tuple[float, float]:
    """Shares of the synapses, of which there are some, whose delays are 0 and ``max_delay``."""
    margin = AT_BOUND * table.max_delay
    at_max = table.delay >= table.max_delay - margin
    return float(np.mean(table.delay <= margin)), float(np.mean(at_max))


def stable_order(unit: np.ndarray, size: int) -> np.ndarray:
    """The order that sorts unit indices below ``size``; equal ones stay in their order.

    numpy sorts whole numbers of 16 bits in a time proportional to their number.
    """
    return np.argsort(unit.astype(np.uint16) if size <= 1 << 16 else unit, kind="stable")


def _index(given: np.ndarray, what: str, size: int) -> np.ndarray:
    """Unit indices as int32, refused rather than wrapped or cut where they are out of range."""
    index = np.asarray(given)
    if index.size == 0:
        return index.astype(np.int32)
    if index.dtype.kind not in "iu":
        raise NetworkError(f"{what} indices are {index.dtype}; give whole numbers")
    low, high = int(index.min()), int(index.max())
    if low < 0 or high >= size:
        bad = low if low < 0 else high
        raise NetworkError(f"{what} index {bad} is outside the population of {size}")
    return index.astype(np.int32)
