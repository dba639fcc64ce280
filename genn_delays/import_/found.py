"""What a file holds of a network, and the network of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Neuron
from genn_delays.support.errors import DataError, NetworkError, suggest


@dataclass(eq=False)
class FoundPopulation:
    """A population.

    Attributes:
        neuron: None where the file does not say.
        bias: of each unit; None for nothing.
        tail: ms.
    """

    name: str
    size: int
    neuron: Neuron | None = None
    bias: np.ndarray | float | None = None
    tail: float = 0.0


@dataclass(eq=False)
class FoundProjection:
    """A projection, its synapses in any order.

    Attributes:
        pre, post: names of populations.
        rows, columns: units in pre and in post.
        delay: ms, besides ``lag`` steps.
        target: state of post that weights are added to; None for the only one.
        max_delay: ms; None for the largest delay.
    """

    name: str
    pre: str
    post: str
    rows: np.ndarray
    columns: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    target: str | None = None
    lag: int = 1
    max_delay: float | None = None


def network_of(
    populations: Iterable[FoundPopulation],
    projections: Iterable[FoundProjection],
    neurons: Mapping[str, Neuron],
    learn: Iterable[str],
    where: str,
) -> Network:
    """The network.

    Args:
        neurons: the user's, by the name of the population; they go before those of the file.
        learn: of every projection; delays where max_delay is above 0.
        where: begins messages: the file.

    Raises:
        DataError: neurons that are not known, and values that no network can have.
    """
    found = list(populations)
    neurons = _check_neurons(neurons, found, where)
    net = Network()
    try:
        for p in found:
            net.add_population(p.name, neurons[p.name], p.size, bias=p.bias, tail=p.tail)
        for q in projections:
            _check_finite(q, where)
            longest = np.max(q.delay, initial=0.0) if q.max_delay is None else q.max_delay
            net.connect(
                *(q.pre, q.post),
                weight=q.weight,
                delay=q.delay,
                max_delay=q.max_delay,
                pairs=(q.rows, q.columns),
                lag=q.lag,
                learn=[what for what in learn if what != "delay" or longest > 0.0],
                target=q.target,
                name=q.name,
            )
    except NetworkError as error:
        raise DataError(f"{where}: {error}") from None
    return net


def _check_neurons(
    given: Mapping[str, Neuron], populations: list[FoundPopulation], where: str
) -> dict[str, Neuron]:
    if not isinstance(given, Mapping):
        raise DataError(f"{where}: neurons={given!r}; give neurons={{'name': gd.LIF()}}")
    names = [p.name for p in populations]
    for name in given:
        if name not in names:
            raise DataError(f"{where}: neurons names {name!r}; {suggest(name, names)}")
    known = {p.name: given.get(p.name, p.neuron) for p in populations}
    missing = [name for name, neuron in known.items() if neuron is None]
    if missing:
        listed = ", ".join(f"{name!r}: gd.LIF(...)" for name in missing[:5])
        raise DataError(
            f"{where} does not say what its neurons do; give neurons={{{listed}}}, with "
            "gd.Input() for those that are inputs"
        )
    return {name: neuron for name, neuron in known.items() if neuron is not None}


def _check_finite(q: FoundProjection, where: str) -> None:
    for name, column in (("weight", q.weight), ("delay", q.delay)):
        if not np.all(np.isfinite(column)):
            raise DataError(f"{where}: {name} of projection {q.name!r} has NaN or infinity")
