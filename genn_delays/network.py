"""The declaration: a Network of populations joined by projections. No numerics here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from genn_delays.checks import is_count, is_number
from genn_delays.errors import NetworkError, suggest
from genn_delays.init import Constant, Initialiser
from genn_delays.neurons import Input, Neuron
from genn_delays.synapses import SynapseTable

Values = Initialiser | float | np.ndarray
LEARNABLE = ("weight", "delay")


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind.

    Attributes:
        name: unique in its network.
        neuron: the kind, with parameters that are scalar or per neuron.
        size: number of units.
    """

    name: str
    neuron: Neuron
    size: int


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another.

    Attributes:
        name: ``"pre->post"`` unless given.
        pre, post: the populations joined.
        synapses: the table of weights and delays (ms); training changes it in place.
        learn: which of ``"weight"`` and ``"delay"`` training may change.
    """

    name: str
    pre: Population
    post: Population
    synapses: SynapseTable
    learn: tuple[str, ...]


class Network:
    """Populations and projections, in the order they were added.

    Args:
        seed: seeds the initialisers. Each projection draws from its own stream, so that its
            values do not depend on the projections before it being drawn at all.

    Attributes:
        populations: by name.
        projections: by name.
    """

    def __init__(self, seed: int = 0) -> None:
        if not is_count(seed, least=0):
            raise NetworkError(f"Network(seed={seed!r}): must be a whole number >= 0")
        self.seed = int(seed)
        self.populations: dict[str, Population] = {}
        self.projections: dict[str, Projection] = {}

    def add_population(self, name: str, neuron: Neuron, size: int) -> Population:
        """Add ``size`` neurons of one kind under a new name.

        Raises:
            NetworkError: the name is taken, the size is not positive, or a parameter is bad.
        """
        if not isinstance(name, str) or not name:
            raise NetworkError(f"a population's name is a non-empty text, got {name!r}")
        if name in self.populations:
            raise NetworkError(f"population {name!r} exists already; choose another name")
        if not isinstance(neuron, Neuron):
            raise NetworkError(f"population {name!r}: {neuron!r} is not a neuron such as gd.LIF()")
        if not is_count(size):
            raise NetworkError(
                f"population {name!r}: size {size!r} given, must be a whole number >= 1"
            )
        neuron.parameters(int(size))
        self.populations[name] = Population(name, neuron, int(size))
        return self.populations[name]

    def connect(
        self,
        pre: Population | str,
        post: Population | str,
        *,
        weight: Values,
        delay: Values = 0.0,
        max_delay: float | None = None,
        density: float = 1.0,
        pairs: tuple[np.ndarray, np.ndarray] | None = None,
        learn: Iterable[str] = ("weight",),
        name: str | None = None,
    ) -> Projection:
        """Join two populations.

        Args:
            pre, post: populations of this network, or their names. They may be the same.
            weight, delay: an initialiser, a number, or an array: one value per synapse in
                (pre, post) order (with ``pairs``: in the order of the pairs), or for a full
                projection a matrix of shape (pre.size, post.size). Delays in ms.
            max_delay: largest delay in ms that learning may reach; by default the largest
                initial delay.
            density: fraction of all pairs that is joined, chosen at random: exactly
                round(density * pairs) synapses.
            pairs: explicit (pre indices, post indices) instead of ``density``.
            learn: what training may change, of ``("weight", "delay")``.
            name: by default ``"pre->post"``, and ``"pre->post#2"`` for a second projection.

        Raises:
            NetworkError: an impossible value, with what is allowed.
        """
        pre, post = self._population(pre), self._population(post)
        name = self._projection_name(pre, post, name)
        if isinstance(post.neuron, Input):
            raise NetworkError(
                f"projection {name!r}: {post.name!r} is an Input and takes no synapses"
            )
        if not (pre.neuron.spiking or isinstance(pre.neuron, Input)):
            raise NetworkError(f"projection {name!r}: {pre.name!r} never spikes and drives nothing")
        rng = np.random.default_rng([self.seed, len(self.projections)])
        rows, columns = _pairs(pre.size, post.size, density, pairs, rng, name)
        weights = _values(weight, "weight", rng, pre.size, post.size, len(rows), name)
        delays = _values(delay, "delay", rng, pre.size, post.size, len(rows), name)
        if max_delay is None:
            max_delay = float(delays[np.isfinite(delays)].max(initial=0.0))
        if not (is_number(max_delay) and max_delay >= 0):
            raise NetworkError(
                f"projection {name!r}: max_delay {max_delay!r} given, must be >= 0 ms"
            )
        table = SynapseTable(
            *(rows, columns, weights, delays),
            max_delay=max_delay,
            pre_size=pre.size,
            post_size=post.size,
            where=f"projection {name!r}",
        )
        self.projections[name] = Projection(name, pre, post, table, _learn(learn, name))
        return self.projections[name]

    def parameters(self) -> dict[str, int]:
        """How many weights and delays training may change."""
        projections = self.projections.values()
        return {
            f"{what}s": sum(len(p.synapses) for p in projections if what in p.learn)
            for what in LEARNABLE
        }

    def check(self) -> None:
        """Raise NetworkError if any weight or delay is out of range, as after a bad update."""
        for projection in self.projections.values():
            projection.synapses.check(f"projection {projection.name!r}")

    def _population(self, given: Population | str) -> Population:
        name = given.name if isinstance(given, Population) else str(given)
        found = self.populations.get(name)
        if found is None:
            hint = suggest(name, self.populations)
            raise NetworkError(f"there is no population {name!r} in this network; {hint}")
        if isinstance(given, Population) and given is not found:
            raise NetworkError(f"population {name!r} belongs to another network")
        return found

    def _projection_name(self, pre: Population, post: Population, name: str | None) -> str:
        if name is None:
            base = name = f"{pre.name}->{post.name}"
            count = 1
            while name in self.projections:
                count += 1
                name = f"{base}#{count}"
        if name in self.projections:
            raise NetworkError(f"projection {name!r} exists already; choose another name")
        return name


def _pairs(
    pre_size: int,
    post_size: int,
    density: float,
    pairs: tuple[np.ndarray, np.ndarray] | None,
    rng: np.random.Generator,
    name: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column index of every synapse."""
    total = pre_size * post_size
    if pairs is not None:
        if density != 1.0:
            raise NetworkError(f"projection {name!r}: give density or pairs, not both")
        rows, columns = (np.atleast_1d(np.asarray(index)) for index in pairs)
        if rows.shape != columns.shape or rows.ndim != 1 or not _whole(rows) or not _whole(columns):
            raise NetworkError(f"projection {name!r}: pairs are two lists of indices of one length")
        return rows, columns
    if not (is_number(density) and 0.0 <= density <= 1.0):
        raise NetworkError(f"projection {name!r}: density {density!r} given, must be in [0, 1]")
    if density == 1.0:
        chosen = np.arange(total)
    else:
        chosen = np.sort(rng.choice(total, size=round(density * total), replace=False))
    return np.divmod(chosen, post_size)


def _whole(index: np.ndarray) -> bool:
    return index.size == 0 or index.dtype.kind in "iu"


def _values(
    given: Values,
    what: str,
    rng: np.random.Generator,
    pre_size: int,
    post_size: int,
    count: int,
    name: str,
) -> np.ndarray:
    """One float64 value per synapse from an initialiser, a number or an array."""
    if isinstance(given, Initialiser):
        return given.sample(rng, count)
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise NetworkError(
            f"projection {name!r}: {what} {given!r} is not a number, array or initialiser"
        ) from None
    if array.ndim == 0:
        return Constant(float(array)).sample(rng, count)
    if array.shape == (pre_size, post_size) and count == array.size:
        return array.ravel()
    if array.shape == (count,):
        return array
    raise NetworkError(
        f"projection {name!r}: {what} of shape {array.shape} for {count} synapses; "
        f"give ({count},) or, when full, ({pre_size}, {post_size})"
    )


def _learn(learn: Iterable[str], name: str) -> tuple[str, ...]:
    wanted = (learn,) if isinstance(learn, str) else tuple(learn)
    for what in wanted:
        if what not in LEARNABLE:
            hint = suggest(what, LEARNABLE)
            raise NetworkError(f"projection {name!r}: cannot learn {what!r}; {hint}")
    return tuple(what for what in LEARNABLE if what in wanted)
