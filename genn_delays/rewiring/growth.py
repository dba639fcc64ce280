"""Growing synapses: with which weight and delay a new one begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.rewiring.absent import rank_within
from genn_delays.rewiring.signs import signs_of
from genn_delays.support.errors import ConfigError, suggest

DELAYS = ("random", "fixed", "best")


@dataclass(frozen=True)
class Growth:
    """The delay of a new synapse.

    Where delays are shared or follow from positions, it is that of the group, or of the pair.

    Attributes:
        delay: ``"random"``: uniform over [0, max_delay]; ``"fixed"``: ``value``; ``"best"``: that
            at which the growth gradient is largest.
        value: ms, for ``"fixed"``.
    """

    delay: str = "random"
    value: float = 0.0

    def __post_init__(self) -> None:
        if self.delay not in DELAYS:
            raise ConfigError(f"growth: delay is {self.delay!r}; {suggest(self.delay, DELAYS)}")
        if self.value and self.delay != "fixed":
            raise ConfigError(
                f"growth: value is {self.value} ms, but the delay is {self.delay!r}; a value goes "
                "with delay: fixed"
            )

    def check(self, projection: Projection) -> None:
        """Raise ConfigError where the fixed delay is out of range, or new synapses have no choice.

        A delay that is shared, or follows from positions, is that of the group or the pair.
        """
        tie = projection.synapses.ties.get("delay")
        if tie is not None and self.delay != "random":
            raise ConfigError(
                f"growth: delay is {self.delay!r}, but projection {projection.name!r} has delays "
                f"that are tied ({tie.told(projection.synapses)}); leave growth out"
            )
        largest = projection.synapses.max_delay
        if not 0.0 <= self.value <= largest:
            raise ConfigError(
                f"growth: value is {self.value} ms, outside [0, {largest:g}] of projection "
                f"{projection.name!r}"
            )

    def delays(
        self, projection: Projection, keys: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Delays in ms of new synapses, where no gradient chooses them.

        Args:
            keys: pre * post_size + post of each.
        """
        table = projection.synapses
        if "delay" in table.ties:
            return table.ties["delay"].values(table, *np.divmod(keys, table.post_size))
        if self.delay == "fixed":
            return np.full(len(keys), self.value)
        return rng.uniform(0.0, table.max_delay, len(keys))


def check_candidates(candidates: int | None, rule: str) -> None:
    """Raise ConfigError unless it is a number of pairs or None."""
    if candidates is not None and candidates < 1:
        raise ConfigError(f"{rule}: candidates is {candidates}, it must be >= 1, or null for all")


def room_in_rows(
    table: SynapseTable, keys: np.ndarray, order: np.ndarray, row: int | None
) -> np.ndarray:
    """Of ``order``, indices into ``keys``, those that leave no unit with more than ``row``."""
    if row is None:
        return order
    held = np.bincount(table.pre, minlength=table.pre_size)
    pre = keys[order] // table.post_size
    return order[rank_within(pre) + held[pre] < row]


def grow(
    network: Network,
    projection: Projection,
    keys: np.ndarray,
    delay: np.ndarray,
    weight: np.ndarray | float = 0.0,
) -> None:
    """Add synapses at pairs that are free.

    Args:
        keys: pre * post_size + post of each.
        delay: ms; where delays are tied, what :meth:`Growth.delays` found for these pairs.
        weight: 0 by default: the first update decides. Everything attached starts at 0, as for a
            synapse that was never there; the sign is that of the pair.
    """
    table = projection.synapses
    pre, post = np.divmod(keys, table.post_size)
    state = {}
    if "sign" in table.state:
        state["sign"] = signs_of(network, projection, pre, post)
    table.add(pre, post, weight, None if "delay" in table.ties else delay, **state)
