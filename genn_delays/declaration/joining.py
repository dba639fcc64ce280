"""What a projection is made of: the table of its synapses with their first values, what learns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.distance import Distance
from genn_delays.declaration.init import Initialiser
from genn_delays.declaration.parts import Population
from genn_delays.declaration.sampling import Values, values_of
from genn_delays.declaration.sharing import Keys, Shape, groups_of
from genn_delays.declaration.synapses import LEARNABLE, SynapseTable
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError, suggest

Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class First:
    """With what synapses begin, as :meth:`genn_delays.Network.connect` takes it."""

    weight: Values
    delay: Values | Distance
    max_delay: float | None
    share: Mapping[str, Keys] | None


def table_of(
    pre: Population,
    post: Population,
    shape: Shape,
    pairs: Pairs,
    first: First,
    rng: np.random.Generator,
    where: str,
) -> SynapseTable:
    """The synapses that join these pairs, in the order of the pairs before they are sorted.

    Raises:
        NetworkError: values that are no numbers, out of range, or unlike where they are shared.
    """
    rows, columns = pairs
    groups = groups_of(first.share, shape, len(rows), where)
    if isinstance(first.delay, Distance) and "delay" in groups:
        raise NetworkError(f"{where}: delays by distance cannot be shared; leave share out")

    def draw(what: str, given: Values) -> np.ndarray:
        if what in groups:
            return groups[what].draw(given, rng, shape, pairs)
        return values_of(given, what, rng, shape, len(rows), where)

    weight, placed = first.weight, None
    if isinstance(weight, Initialiser):
        weight = weight.towards(post.neuron, post.size, len(rows) / post.size, where)
    weights = draw("weight", weight)
    if isinstance(first.delay, Distance):
        placed = first.delay.between(pre.units, post.units, where)
        delays = placed.unclipped(rows, columns)
    else:
        delays = draw("delay", first.delay)
    max_delay = _max_delay(first.max_delay, delays, where)
    table = SynapseTable(
        *(rows, columns, weights, delays if placed is None else np.minimum(delays, max_delay)),
        max_delay=max_delay,
        pre_size=pre.size,
        post_size=post.size,
        where=where,
    )
    for shared in groups.values():
        shared.tie(table, pairs)
    if placed is not None:
        table.ties["delay"] = placed
    return table


def _max_delay(given: float | None, delays: np.ndarray, where: str) -> float:
    if given is None:
        return float(delays[np.isfinite(delays)].max(initial=0.0))
    if not (is_number(given) and given >= 0):
        raise NetworkError(f"{where}: max_delay {given!r} given, must be >= 0 ms")
    return float(given)


def target_of(target: str | None, post: Population, where: str) -> str | None:
    """The input state that a projection names; None for the only one."""
    inputs = post.neuron.input_states
    if target is None and len(inputs) > 1:
        raise NetworkError(f"{where}: {post.name!r} has the inputs {list(inputs)}; give target=")
    if target is not None and target not in inputs:
        raise NetworkError(
            f"{where}: {post.name!r} has no input {target!r}; {suggest(target, inputs)}"
        )
    return target if len(inputs) > 1 else None


def learnt(learn: Iterable[str], delay: Values | Distance, where: str) -> tuple[str, ...]:
    """What training may change, in the order of ``LEARNABLE``."""
    if not isinstance(learn, Iterable):
        raise NetworkError(f"{where}: learn={learn!r}; give names of {LEARNABLE}")
    wanted = (learn,) if isinstance(learn, str) else tuple(learn)
    for what in wanted:
        if what not in LEARNABLE:
            raise NetworkError(f"{where}: cannot learn {what!r}; {suggest(what, LEARNABLE)}")
    if "delay" in wanted and isinstance(delay, Distance):
        raise NetworkError(
            f"{where}: these delays follow from positions; learn those, with "
            'add_population(..., learn=("position",)), and leave "delay" out'
        )
    return tuple(what for what in LEARNABLE if what in wanted)
