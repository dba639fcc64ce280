"""Gradients of what synapses share, and of positions: the chain rule behind every backend.

An engine knows synapses with a weight and a delay each, and so do its gradients. Where the column
of a parameter is tied, each entry becomes dL/d of the number that its group shares, the sum over
the group; so gradients stay in line with the columns, and an update by hand keeps groups alike.
Delays by distance keep theirs, which also go into ``units`` as those of the positions. Sums run in
float64 in the order of the synapses, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.backends.gradient import Gradients
from genn_delays.declaration.distance import Placed
from genn_delays.declaration.ties import Shared
from genn_delays.declaration.units import is_position, positions_of

if TYPE_CHECKING:
    from genn_delays.declaration.network import Network, Projection


@dataclass(frozen=True, eq=False)
class Group:
    """Synapses of a projection by the group of one of their parameters."""

    projection: str
    parameter: str
    index: np.ndarray
    size: int

    def chain(self, gradients: Gradients) -> None:
        found = gradients[self.projection]
        each = getattr(found, self.parameter)
        summed = np.bincount(self.index, weights=each, minlength=self.size)[self.index]
        gradients[self.projection] = replace(found, **{self.parameter: summed})


@dataclass(frozen=True, eq=False)
class Places:
    """Synapses of a projection by what their delays gain from the coordinates of one end."""

    projection: str
    population: str
    unit: np.ndarray
    size: int
    slopes: dict[str, np.ndarray]

    def chain(self, gradients: Gradients) -> None:
        units = gradients.units.setdefault(self.population, {})
        for name, slope in self.slopes.items():
            gain = gradients[self.projection].delay * slope
            summed = np.bincount(self.unit, weights=gain, minlength=self.size)
            units[name] = units[name] + summed if name in units else summed


@dataclass(frozen=True, eq=False)
class Links:
    """What is tied in a network."""

    of: Sequence[Group | Places] = ()

    def chain(self, gradients: Gradients) -> Gradients:
        """The gradients, changed in place to those of what is tied."""
        for link in self.of:
            link.chain(gradients)
        return gradients


def links(network: Network) -> Links:
    """What chains the gradients of a network as it is now."""
    found: list[Group | Places] = []
    for p in network.projections.values():
        for parameter, tie in p.synapses.ties.items():
            if isinstance(tie, Shared):
                found.append(Group(p.name, parameter, tie.index(p.synapses), len(tie)))
            elif isinstance(tie, Placed):
                found += _places(p, tie)
    return Links(found)


def _places(p: Projection, tie: Placed) -> list[Places]:
    """Of both ends of a projection, as far as their positions learn."""
    ends = ((p.pre, p.synapses.pre, 1.0), (p.post, p.synapses.post, -1.0))
    learning = [[n for n in end.learn if is_position(n)] for end, _, _ in ends]
    if not any(learning):
        return []
    slopes = dict(zip(positions_of(p.pre.units), tie.slopes(p.synapses), strict=True))
    return [
        Places(p.name, end.name, unit, end.size, {n: sign * slopes[n] for n in names})
        for (end, unit, sign), names in zip(ends, learning, strict=True)
        if names
    ]
