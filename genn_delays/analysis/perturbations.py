"""Changes of a trained network or of its input, by which to see what its answers rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.events import Events
from genn_delays.planning.timing import delay_to_steps

COARSER = (1.0, 2.0, 5.0, 10.0, 20.0)
"""ms, that delays are rounded to."""
REMOVED = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the synapses of each projection."""
JITTER = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Standard deviations in ms."""
NOISE = (0.1, 0.3, 1.0)
"""Events that are added, as a share of those there are."""

OfTable = Callable[[SynapseTable, np.random.Generator], None]
OfEvents = Callable[[Events, np.random.Generator], Events]


@dataclass(frozen=True)
class Perturbation:
    """One change.

    Attributes:
        name: what is done.
        amount: how much of it, in ``unit``; None where there is no more and less.
        unit: ``"ms"``, ``"share"`` or ``""``.
        random: whether it is another one each time.
        table: changes the synapses of a projection in place.
        events: makes other events.
    """

    name: str
    amount: float | None = None
    unit: str = ""
    random: bool = False
    table: OfTable | None = None
    events: OfEvents | None = None


UNCHANGED = Perturbation("unchanged")


def perturbations(network: Network, units: int, duration: float, dt: float) -> list[Perturbation]:
    """All that apply to a network.

    Args:
        network: those of delays are left out where all are 0.
        units: of the input.
        duration: of a trial in ms.
        dt: ms.
    """
    found: list[Perturbation] = []
    if any(p.synapses.delay.any() for p in network.projections.values()):
        found += _of_delays()
    for share in REMOVED:
        found.append(
            Perturbation("weakest removed", share, "share", table=partial(_weakest, share))
        )
    for share in REMOVED:
        found.append(Perturbation("removed at random", share, "share", True, partial(_any, share)))
    last = duration - 0.5 * dt
    for sd in JITTER:
        found.append(
            Perturbation("input jittered", sd, "ms", True, events=partial(_jitter, sd, last))
        )
    for share in NOISE:
        more = partial(_noise, share, units, last)
        found.append(Perturbation("input events added", share, "share", True, events=more))
    return found


def _of_delays() -> Iterator[Perturbation]:
    yield Perturbation("delays shuffled in projection", random=True, table=_shuffle)
    yield Perturbation("delays shuffled in unit", random=True, table=_shuffle_in_units)
    yield Perturbation("delays at their mean", table=_mean)
    for ms in COARSER:
        yield Perturbation("delays rounded", ms, "ms", table=partial(_round, ms))


def _shuffle(table: SynapseTable, rng: np.random.Generator) -> None:
    table.delay = rng.permutation(table.delay)


def _shuffle_in_units(table: SynapseTable, rng: np.random.Generator) -> None:
    """Within the synapses of each postsynaptic unit."""
    place = np.argsort(table.post, kind="stable")
    delay = np.empty_like(table.delay)
    delay[place] = table.delay[np.lexsort((rng.random(len(table)), table.post))]
    table.delay = delay


def _mean(table: SynapseTable, _: np.random.Generator) -> None:
    if len(table):
        table.delay = np.full(len(table), np.clip(table.delay.mean(), 0.0, table.max_delay))


def _round(ms: float, table: SynapseTable, _: np.random.Generator) -> None:
    """Half to even; the largest delay stays a bound."""
    table.delay = np.minimum(delay_to_steps(table.delay, ms) * ms, table.max_delay)


def _weakest(share: float, table: SynapseTable, _: np.random.Generator) -> None:
    _remove(table, np.argsort(np.abs(table.weight), kind="stable"), share)


def _any(share: float, table: SynapseTable, rng: np.random.Generator) -> None:
    _remove(table, rng.permutation(len(table)), share)


def _remove(table: SynapseTable, order: np.ndarray, share: float) -> None:
    """A synapse of weight 0 does what none does."""
    weight = table.weight.copy()
    weight[order[: round(share * len(order))]] = 0.0
    table.weight = weight


def _jitter(sd: float, last: float, events: Events, rng: np.random.Generator) -> Events:
    """What would leave the trial stays at its end."""
    time = events.time + rng.normal(0.0, sd, len(events.time))
    return Events(np.clip(time, 0.0, last), events.unit, events.trial, events.trials, events.value)


def _noise(
    share: float, units: int, last: float, events: Events, rng: np.random.Generator
) -> Events:
    """At any unit and time, in trials as they have events, with values that there are."""
    count = round(share * len(events.time))
    like = rng.integers(0, max(len(events.time), 1), count)
    value = events.value
    return Events(
        np.concatenate([events.time, rng.uniform(0.0, last, count)]),
        np.concatenate([events.unit, rng.integers(0, units, count, dtype=np.int32)]),
        np.concatenate([events.trial, events.trial[like]]),
        events.trials,
        None if value is None else np.concatenate([value, value[like]]),
    )
