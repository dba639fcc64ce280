"""What every target writes: a network at a time step, as plain arrays.

    describe(network, dt)      folded, planned, its delays rounded: as evaluation runs it

A delay is rounded here and nowhere else. A spike of step t arrives at step t + ``steps``, where

    steps = lag + round(delay / dt) + offset(post) - offset(pre)

which is 1 + round(delay / dt) but around projections of lag 0. No simulator delivers a spike in the
step in which it is sent, so a population behind such a projection runs ``offset`` steps later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from genn_delays.declaration.folding import fold
from genn_delays.declaration.network import Network, Population, Projection
from genn_delays.declaration.neurons import Input, Neuron
from genn_delays.export.names import identifiers
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.planning.readouts import MeanVoltage, Readout
from genn_delays.planning.schedule import offsets_of
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import ExportError


@dataclass(frozen=True, eq=False)
class DescribedPopulation:
    """A population of ``n`` units with ``S`` states.

    Attributes:
        name: as declared. identifier: the same for scripts.
        neuron: with the parameters that training has reached.
        planned: its step on the time grid: P, threshold, R and r, refractory steps, step map.
        bias: what is added to the first input state at every step, (n,); None for nothing.
        offset: steps later than in training that it does the same.
        tail: steps at the end of a trial in which it is off.
    """

    name: str
    identifier: str
    neuron: Neuron
    planned: PlannedPopulation
    bias: np.ndarray | None
    offset: int
    tail: int

    @property
    def size(self) -> int:
        return self.planned.size

    @property
    def kind(self) -> str:
        """Name of the class of its neurons."""
        return type(self.neuron).__name__

    @property
    def is_input(self) -> bool:
        return self.planned.is_input

    @property
    def is_spiking(self) -> bool:
        return self.planned.is_spiking

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """Parameters of the neuron by name, float64, (n,)."""
        return {} if self.is_input else self.neuron.parameters(self.size)

    @property
    def input_state_names(self) -> tuple[str, ...]:
        """States that weights are added to."""
        return tuple(self.planned.states[k] for k in self.planned.input_states)


@dataclass(frozen=True, eq=False)
class DescribedProjection:
    """A projection with its synapses in the order of (pre, post); a pair may have several.

    Attributes:
        name: as declared. identifier: the same for scripts.
        pre, post: names of the populations.
        target: state of post that the weights are added to.
        rows, columns: units in pre and in post, int32, (synapses,).
        weight: float64.
        delay: ms, as training left it, float64.
        steps: from a spike to its arrival, int64, at least 1.
        lag: of the projection.
        max_delay: ms.
    """

    name: str
    identifier: str
    pre: str
    post: str
    target: str
    rows: np.ndarray
    columns: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    steps: np.ndarray
    lag: int
    max_delay: float

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Description:
    """A network as it is exported.

    Attributes:
        populations, projections: by name, in the order of the network.
        dt: ms.
        readout: what makes outputs of a trial, and ``read`` the population it reads; None where
            that is not known.
        trial: steps of a trial; None where that is not known.
    """

    populations: dict[str, DescribedPopulation]
    projections: dict[str, DescribedProjection]
    dt: float
    discretisation: str
    readout: Readout | None = None
    read: str | None = None
    trial: int | None = None

    def is_dense(self, q: DescribedProjection) -> bool:
        """Every pair of units is joined."""
        pre, post = (self.populations[name].size for name in (q.pre, q.post))
        return len(np.unique(q.rows.astype(np.int64) * post + q.columns)) == pre * post

    @property
    def inputs(self) -> list[DescribedPopulation]:
        return [p for p in self.populations.values() if p.is_input]

    @property
    def neurons(self) -> list[DescribedPopulation]:
        """All populations but inputs."""
        return [p for p in self.populations.values() if not p.is_input]

    @property
    def synapses(self) -> int:
        return sum(map(len, self.projections.values()))

    @property
    def later(self) -> int:
        """The largest offset of a population, in steps."""
        return max(p.offset for p in self.populations.values())

    def reads(self, name: str) -> bool:
        """Whether the readout reads the voltage of a population."""
        return self.readout is not None and self.read == name and self.readout.reads == "voltage"

    def into(self, name: str) -> list[DescribedProjection]:
        """The projections that end in a population."""
        return [q for q in self.projections.values() if q.post == name]


def describe(
    network: Network,
    dt: float,
    *,
    discretisation: str = "exact",
    readout: Readout | None = None,
    trial: int | None = None,
    taken: frozenset[str] = frozenset(),
) -> Description:
    """The network as evaluation runs it at a time step of ``dt`` ms.

    Args:
        readout, trial: where these are known.
        taken: names that no population or projection may have in a script.

    Raises:
        NetworkError: something else than a network, or weights, delays or parameters that are out
            of range or not finite.
        PlanError: a time step, or a neuron, that cannot be on this grid.
        ExportError: a network without neurons.
    """
    if not isinstance(network, Network):
        raise ExportError(f"export takes a Network, got {type(network).__name__}")
    network.check()
    folded = fold(network)
    if all(isinstance(p.neuron, Input) for p in folded.populations.values()):
        raise ExportError("the network has no neurons; add a population besides its inputs")
    plan, read = _plan(folded, dt, discretisation, readout)
    offsets = dict(zip(folded.populations, offsets_of(plan), strict=True))
    names = identifiers([*folded.populations, *folded.projections], taken)
    populations = {
        p.name: _population(folded.populations[p.name], p, names, offsets, dt)
        for p in plan.populations
    }
    projections = {q.name: _projection(q, names, offsets, dt) for q in folded.projections.values()}
    return Description(
        populations,
        projections,
        float(dt),
        discretisation,
        readout,
        read if readout is not None else None,
        trial,
    )


def _plan(
    folded: Network,
    dt: float,
    discretisation: str,
    readout: Readout | None,
) -> tuple[Plan, str]:
    """The plan without tails, for which a trial would need a length; and what is read."""
    endless = Network(seed=folded.seed)
    endless.populations = {n: replace(p, tail=0.0) for n, p in folded.populations.items()}
    endless.projections = folded.projections
    last = [n for n, p in folded.populations.items() if not isinstance(p.neuron, Input)][-1]
    plan = make_plan(
        endless,
        gradient=Surrogate(),  # every neuron there is has a plan with it
        # of the readout only its population matters here
        readout=MeanVoltage(population=last if readout is None else readout.population),
        dt=dt,
        steps=1,
        precision="float64",
        discretisation=discretisation,
    )
    return plan, plan.populations[plan.readout_population].name


def _population(
    population: Population,
    planned: PlannedPopulation,
    names: dict[str, str],
    offsets: dict[str, int],
    dt: float,
) -> DescribedPopulation:
    name = population.name
    bias = population.units.columns.get("bias")
    if offsets[name] and moves_alone(planned):
        raise ExportError(
            f"population {name!r} stands behind a projection of lag 0, so it has to begin later "
            "than others, and it does not rest until then: no format can hold both"
        )
    return DescribedPopulation(
        name=name,
        identifier=names[name],
        neuron=population.neuron,
        planned=planned,
        bias=bias if bias is not None and np.any(bias) else None,
        offset=offsets[name],
        tail=int(delay_to_steps(np.array(population.tail), dt)),
    )


def moves_alone(planned: PlannedPopulation) -> bool:
    """Whether the state changes in a step without input, a bias aside."""
    if planned.step_map is None:
        return bool(np.any(planned.initial))
    values = {f"x{k}": column for k, column in enumerate(planned.initial.T)}
    values |= {f"c{k}": column for k, column in enumerate(planned.constants.T)}
    flown = planned.step_map.flow.run({**values, "free": np.ones(planned.size)})
    return any(np.any(flown[f"y{k}"] != column) for k, column in enumerate(planned.initial.T))


def _projection(
    projection: Projection, names: dict[str, str], offsets: dict[str, int], dt: float
) -> DescribedProjection:
    table, pre, post = projection.synapses, projection.pre.name, projection.post.name
    later = projection.lag + offsets[post] - offsets[pre]
    return DescribedProjection(
        name=projection.name,
        identifier=names[projection.name],
        pre=pre,
        post=post,
        target=projection.target or projection.post.neuron.input_state,
        rows=table.pre,
        columns=table.post,
        weight=table.weight,
        delay=table.delay,
        steps=delay_to_steps(table.delay, dt).astype(np.int64) + later,
        lag=projection.lag,
        max_delay=table.max_delay,
    )
