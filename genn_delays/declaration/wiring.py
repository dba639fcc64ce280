"""Which pairs of two populations are joined: sparse wirings with an exact number of synapses.

    net.connect(inp, hid, weight=..., wiring=gd.wiring.InDegree(20))

and how a number of synapses is shared among the projections of a network, :func:`allocate`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import NetworkError, suggest
from genn_delays.support.limits import check_size

METHODS = ("uniform", "erdos_renyi")


class Wiring(ABC):
    """Base of all wirings."""

    @abstractmethod
    def pairs(
        self, pre_size: int, post_size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """(pre, post) of every pair that is joined, int64, each pair once.

        Raises:
            NetworkError: more synapses than there are pairs.
        """


@dataclass(frozen=True)
class Density(Wiring):
    """Pairs chosen uniformly at random: exactly round(density * pairs).

    Attributes:
        density: share of all pairs, in [0, 1].
    """

    density: float

    def __post_init__(self) -> None:
        if not (is_number(self.density) and 0.0 <= self.density <= 1.0):
            raise NetworkError(f"density {self.density!r} given, must be in [0, 1]")

    def pairs(
        self, pre_size: int, post_size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        total = pre_size * post_size
        count = round(self.density * total)
        # numpy draws from a list of all pairs, unless they are fifty times as many
        listed = total if total <= 50 * count else count
        _check_pairs(3 * listed, f"{count} of {pre_size} x {post_size} pairs")
        if self.density == 1.0:
            chosen = np.arange(total)
        else:
            chosen = np.sort(rng.choice(total, size=count, replace=False))
        return np.divmod(chosen, post_size)


@dataclass(frozen=True)
class _Degree(Wiring):
    """``degree`` different partners for each unit of one side.

    Attributes:
        degree: synapses of each of these units.
    """

    degree: int

    def __post_init__(self) -> None:
        if not is_count(self.degree, least=0):
            name = type(self).__name__
            raise NetworkError(f"{name}(degree={self.degree!r}): must be a whole number >= 0")

    def _partners(
        self, owners: int, others: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """(owner, other) of every pair, in the order of the owners."""
        degree = int(self.degree)
        if degree > others:
            name = type(self).__name__
            raise NetworkError(f"{name}({degree}): there are only {others} units to choose from")
        _check_pairs(2 * owners * others, f"drawing among {owners} x {others} pairs")
        chosen = np.argsort(rng.random((owners, others)), axis=1)[:, :degree]
        return np.repeat(np.arange(owners), degree), np.sort(chosen, axis=1).ravel()


class InDegree(_Degree):
    """Every postsynaptic unit gets ``degree`` synapses from different units."""

    def pairs(
        self, pre_size: int, post_size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        post, pre = self._partners(post_size, pre_size, rng)
        return pre, post


class OutDegree(_Degree):
    """Every presynaptic unit gets ``degree`` synapses to different units."""

    def pairs(
        self, pre_size: int, post_size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._partners(pre_size, post_size, rng)


@dataclass(frozen=True)
class DistanceDependent(Wiring):
    """Pairs chosen with probability in proportion to exp(-distance / scale).

    Both populations lie evenly spaced on a line of length 1, unit k of n at (k + 1/2) / n.

    Attributes:
        density: share of all pairs; exactly round(density * pairs) are joined.
        scale: distance over which the chance falls by e, in lengths of the line.
    """

    density: float
    scale: float

    def __post_init__(self) -> None:
        Density(self.density)
        if not (is_number(self.scale) and self.scale > 0.0):
            raise NetworkError(f"DistanceDependent(scale={self.scale!r}): must be > 0")

    def pairs(
        self, pre_size: int, post_size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        _check_pairs(3 * pre_size * post_size, f"the distances of {pre_size} x {post_size} pairs")
        pre = (np.arange(pre_size) + 0.5) / pre_size
        post = (np.arange(post_size) + 0.5) / post_size
        distance = np.abs(pre[:, None] - post[None, :]).ravel()
        # the smallest of exponential times with these rates are a weighted sample without
        # replacement (Efraimidis and Spirakis, 2006); in logarithms no rate is too small
        late = np.log(rng.exponential(size=distance.size)) + distance / self.scale
        count = round(self.density * distance.size)
        return np.divmod(np.sort(np.argsort(late, kind="stable")[:count]), post_size)


def _check_pairs(numbers: int, what: str) -> None:
    check_size(8 * numbers, what, error=NetworkError)


def allocate(
    shapes: Sequence[tuple[int, int]], density: float, method: str = "erdos_renyi"
) -> list[float]:
    """The density of each projection of a network with one density in all.

    Args:
        shapes: (pre units, post units) of each projection.
        density: share of all pairs of all projections that is to be joined.
        method: ``"uniform"``: the same for all; ``"erdos_renyi"``: in proportion to
            (pre + post) / (pre post), so that small layers are denser; what would exceed 1 is 1 and
            the rest is solved again. For projections between layers of units this is ERK too
            (Mocanu et al., 2018; Evci et al., 2020, RigL).

    Raises:
        NetworkError: a density outside [0, 1] or an unknown method.

    >>> allocate([(100, 100), (100, 10)], 0.1)
    [0.07096774193548387, 0.3903225806451613]
    """
    Density(density)
    if method not in METHODS:
        raise NetworkError(f"allocate(method={method!r}): {suggest(method, METHODS)}")
    pairs = np.array([pre * post for pre, post in shapes], dtype=np.float64)
    if method == "uniform":
        return [float(density)] * len(shapes)
    ratio = np.array([(pre + post) / (pre * post) for pre, post in shapes])
    full = np.zeros(len(shapes), bool)
    while True:
        left = density * pairs.sum() - pairs[full].sum()
        scale = left / np.sum((ratio * pairs)[~full]) if not full.all() else 0.0
        found = np.where(full, 1.0, scale * ratio)
        if np.all(found <= 1.0):
            return [float(value) for value in found]
        full |= found > 1.0
