"""Gradients of what synapses share, and of positions: the chain rule behind every backend.

An engine knows synapses with a weight and a delay each, and so do its gradients. Where the column
of a parameter is tied, each entry becomes dL/d of the number that its group shares, the sum over
the group; so gradients stay in line with the columns, and an update by hand keeps groups alike.
Delays by distance keep theirs, which also go into ``units`` as those of the positions. Sums run in
float64 in the order of the synapses, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
class End:
    """The units at one end of a projection, as far as their positions learn.

    Attributes:
        unit: of each synapse.
        sign: of d delay / d coordinate, which has the other sign at the other end.
        learn: coordinates that learn.
    """

    population: str
    unit: np.ndarray
    size: int
    sign: float
    learn: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Places:
    """Synapses of a projection by what their delays gain from each coordinate."""

    projection: str
    slopes: dict[str, np.ndarray]
    ends: Sequence[End]

    def chain(self, gradients: Gradients) -> None:
        for name, slope in self.slopes.items():
            gain = gradients[self.projection].delay * slope
            for end in self.ends:
                if name in end.learn:
                    units = gradients.units.setdefault(end.population, {})
                    summed = end.sign * np.bincount(end.unit, weights=gain, minlength=end.size)
                    units[name] = units[name] + summed if name in units else summed


@dataclass(frozen=True, eq=False)
class Links:
    """What is tied in a network.

    A simulation that hands on the gradients of another one, which are chained, has none.
    """

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
                ends = [end for end in _ends(p) if end.learn]
                if ends:
                    slopes = zip(positions_of(p.pre.units), tie.slopes(p.synapses), strict=True)
                    found.append(Places(p.name, dict(slopes), ends))
    return Links(found)


def _ends(p: Projection) -> Iterator[End]:
    sides = ((p.pre, p.synapses.pre, 1.0), (p.post, p.synapses.post, -1.0))
    for population, unit, sign in sides:
        learn = tuple(filter(is_position, population.learn))
        yield End(population.name, unit, population.size, sign, learn)
