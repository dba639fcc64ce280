"""The declaration: a Network of populations joined by projections. No numerics here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np

from genn_delays.declaration import joining, summary
from genn_delays.declaration.distance import Distance, Placed, positions
from genn_delays.declaration.kernels import DelayKernel
from genn_delays.declaration.neurons import Input, Neuron
from genn_delays.declaration.parts import Population, Projection
from genn_delays.declaration.sampling import Values, sample_pairs
from genn_delays.declaration.sharing import Keys
from genn_delays.declaration.synapses import LEARNABLE
from genn_delays.declaration.units import BatchNorm, BatchStatistics, check_units, unit_table
from genn_delays.declaration.wiring import Wiring
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.display import Shown, Table
from genn_delays.support.errors import NetworkError, suggest

__all__ = ["LEARNABLE", "Network", "Population", "Projection"]


class Network(Shown):
    """Populations and projections, in the order they were added.

    Args:
        seed: seeds the initialisers. Each projection and each population draws from its own
            stream, so that its values do not depend on those before it being drawn at all.

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

    def add_population(
        self,
        name: str,
        neuron: Neuron,
        size: int,
        *,
        bias: float | np.ndarray | None = None,
        normalise: BatchNorm | None = None,
        position: Sequence[Values] | np.ndarray | None = None,
        dropout: float = 0.0,
        tail: float = 0.0,
        learn: Iterable[str] | Mapping[str, tuple[float, float]] = (),
    ) -> Population:
        """Add ``size`` neurons of one kind under a new name.

        All options but the first three and ``position`` need the surrogate rule.

        Args:
            neuron: its parameters are numbers, arrays of one value per unit, or initialisers such
                as ``gd.init.LogUniform(5.0, 100.0)``, which draw one per unit.
            bias: added to the input of each unit at every step; None for none.
            position: where the units are, for ``delay=gd.Distance()``: values for each coordinate,
                or an array (units, coordinates).
            normalise: ``gd.BatchNorm()`` normalises the input current, with gain and bias that
                are learnt.
            dropout: share of the units that is silenced, each for a whole training trial, while
                the others' spikes count 1 / (1 - dropout).
            tail: ms at the end of every trial in which the population is off: no spikes, and no
                part in the batch statistics.
            learn: time constants, and ``"bias"`` or ``"position"`` where one is given, that
                training may change; a mapping gives bounds: ``{"tau_mem": (5.0, 100.0)}`` in ms,
                else a tenth to ten times the declared value. One value is learnt for the whole
                population where the neuron was given a single one, else one per unit.

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
        where = f"population {name!r}"
        check_units(neuron, int(size), where)
        stream = np.random.SeedSequence(self.seed, spawn_key=(len(self.populations),))
        rng = np.random.default_rng(stream)
        neuron = neuron.drawn(int(size), rng)
        parameters = neuron.parameters(int(size))
        if not (is_number(dropout) and 0.0 <= dropout < 1.0):
            raise NetworkError(f"{where}: dropout {dropout!r} given, must be in [0, 1)")
        if not (is_number(tail) and tail >= 0.0):
            raise NetworkError(f"{where}: tail {tail!r} given, must be >= 0 ms")
        if dropout and not neuron.spiking:
            raise NetworkError(f"{where}: dropout silences spikes, and this population has none")
        if normalise is not None and not isinstance(normalise, BatchNorm):
            raise NetworkError(f"{where}: normalise={normalise!r}; give gd.BatchNorm()")
        coordinates = positions(position, int(size), rng, where)
        units, learnt = unit_table(
            neuron, parameters, int(size), bias, normalise, learn, coordinates, where
        )
        if isinstance(neuron, Input) and (set(units.columns) - set(coordinates) or tail):
            raise NetworkError(f"{where}: an Input has no bias, normalise or tail")
        self.populations[name] = Population(
            name, neuron.owned(), int(size), normalise, float(dropout), float(tail), units, learnt
        )
        return self.populations[name]

    def connect(
        self,
        pre: Population | str,
        post: Population | str,
        *,
        weight: Values,
        delay: Values | Distance = 0.0,
        max_delay: float | None = None,
        density: float = 1.0,
        wiring: Wiring | None = None,
        pairs: tuple[np.ndarray, np.ndarray] | None = None,
        kernel_count: int = 1,
        kernel: DelayKernel | None = None,
        lag: int = 1,
        learn: Iterable[str] = ("weight",),
        share: Mapping[str, Keys] | None = None,
        target: str | None = None,
        name: str | None = None,
    ) -> Projection:
        """Join two populations.

        Args:
            pre, post: populations of this network, or their names. They may be the same.
            weight, delay: an initialiser, a number, or an array: one value per synapse in
                (pre, post) order (with ``pairs``: in the order of the pairs), or for a full
                projection a matrix of shape (pre.size, post.size), or (pre.size, post.size,
                kernel_count). Delays in ms. ``delay=gd.Distance(speed)`` takes them from the
                positions of the units.
            max_delay: largest delay in ms that learning may reach; by default the largest
                initial delay.
            density: fraction of all pairs that is joined, chosen at random: exactly
                round(density * pairs) synapses.
            wiring: of ``gd.wiring``, another way to choose the pairs: fixed in-degree or
                out-degree, or by distance.
            pairs: explicit (pre indices, post indices) instead of ``density``.
            kernel_count: synapses of each joined pair, each with its own weight and delay.
            kernel: ``gd.kernels.Gaussian(sigma)`` or ``gd.kernels.Triangle(sigma)``: how the
                surrogate rule spreads delays while it trains; by default they are rounded.
            lag: steps that a spike takes besides its delay: 1, as everywhere in GeNN, or 0, as in
                dilated convolutions (surrogate rule, not within loops).
            learn: what training may change, of ``("weight", "delay")``.
            share: for ``"weight"``, ``"delay"`` or both, the key of each synapse: synapses of one
                key share the value, and an initialiser draws once for each. ``"pre"`` is a key for
                each presynaptic unit (axonal delays), ``"post"`` for each postsynaptic one
                (dendritic), ``"all"`` a single one; or any whole numbers: an array that can be
                spread over (pre.size, post.size), a function that takes arrays of pre and post
                indices and returns one, or one key per synapse.
            target: the input state of ``post`` that the weights are added to, where its neuron has
                several.
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
        where = f"projection {name!r}"
        if not is_count(kernel_count):
            raise NetworkError(f"{where}: kernel_count {kernel_count!r} given, must be >= 1")
        if not is_count(lag, least=0) or lag > 1:
            raise NetworkError(f"{where}: lag {lag!r} given, must be 0 or 1 steps")
        if kernel is not None and not isinstance(kernel, DelayKernel):
            raise NetworkError(f"{where}: kernel={kernel!r}; give gd.kernels.Gaussian(sigma)")
        learnt = joining.learnt(learn, delay, where)
        shape = (pre.size, post.size, int(kernel_count))
        joined = sample_pairs(shape, density, wiring, pairs, rng, where)
        first = joining.First(weight, delay, max_delay, share)
        table = joining.table_of(pre, post, shape, joined, first, rng, where)
        target = joining.target_of(target, post, where)
        # a copy: every projection narrows a kernel of its own
        kernel = None if kernel is None else replace(kernel)
        self.projections[name] = Projection(
            name, pre, post, table, learnt, int(lag), kernel, target=target
        )
        return self.projections[name]

    def parameters(self) -> dict[str, int]:
        """How many weights, delays and parameters of units training may change.

        Those that synapses share count once.
        """
        return summary.parameters(self.populations.values(), self.projections.values())

    def summary(self) -> str:
        """Populations, projections and how much training may change, as lines of text."""
        learnt = ", ".join(f"{count} {what}" for what, count in self.parameters().items() if count)
        told = [*(table.text() for table in self._tables()), f"learns {learnt or 'nothing'}"]
        return "\n\n".join(told)

    def _facts(self) -> Mapping[str, object]:
        sizes = [f"{name} {p.size}" for name, p in self.populations.items()]
        return {"populations": sizes, "projections": list(self.projections), **self.parameters()}

    def _tables(self) -> Sequence[Table]:
        populations = summary.populations(self.populations.values())
        return [populations, summary.projections(self.projections.values())]

    def check(self, precision: str = "float64") -> None:
        """Raise NetworkError if any parameter is out of range, as after a bad update.

        Args:
            precision: of the engine that the weights are for.
        """
        for projection in self.projections.values():
            projection.synapses.check(f"projection {projection.name!r}", precision)
        for population in self.populations.values():
            population.units.check(f"population {population.name!r}")
            if population.learn != population.learn_in_engine and not self._placed(population):
                raise NetworkError(
                    f"population {population.name!r} learns its position, but no delay follows "
                    "from it; connect with delay=gd.Distance(), or leave it out of learn"
                )

    def untied(self) -> Network:
        """A copy of which every synapse can be changed alone: nothing is shared or follows."""
        copy = deepcopy(self)
        for projection in copy.projections.values():
            projection.synapses.ties.clear()
        for population in copy.populations.values():
            population.__dict__["learn"] = population.learn_in_engine  # of a copy of our own
        return copy

    def _placed(self, population: Population) -> bool:
        """Whether delays of a projection follow from where these units are."""
        return any(
            isinstance(p.synapses.ties.get("delay"), Placed)
            for p in self.projections.values()
            if population in (p.pre, p.post)
        )

    def observe(self, statistics: Mapping[str, BatchStatistics]) -> None:
        """Let running averages of batch normalisation follow what a training batch had."""
        for name, seen in statistics.items():
            population = self.populations[name]
            if population.normalise is not None:
                population.units.observe(population.normalise, seen)

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
