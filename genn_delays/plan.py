"""The plan: a Network with a gradient rule, a readout and a time step, resolved to arrays.

``network -> plan -> backends``: a plan holds everything that a backend needs and that does not
change while learning. Weights, delays and connectivity stay in the synapse tables. It is free
of any engine's detail.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.linalg import expm

from genn_delays.checks import is_count, is_number
from genn_delays.errors import NetworkError, PlanError, suggest
from genn_delays.gradients import EventProp
from genn_delays.graph import Component, components_of, readout_population_of
from genn_delays.network import Network, Population, Projection
from genn_delays.neurons import Input
from genn_delays.readouts import Readout
from genn_delays.timing import delay_to_steps

DISCRETISATIONS = ("exact", "euler")
PRECISIONS: dict[str, type[np.floating[Any]]] = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True, eq=False)
class PlannedPopulation:
    """One population with its dynamics as arrays; ``S`` states, ``n`` neurons.

    Attributes:
        flow: M in 1/ms, (n, S, S).
        propagator: P = expm(M dt), or 1 + M dt for ``discretisation="euler"``, (n, S, S).
        arrival_shift: (P - 1) e_in / dt in 1/ms, (n, S): what the state gains per ms by which an
            arrival comes earlier.
        threshold: (n,), or None where the population never spikes.
        reset_matrix, reset_offset: R and r of x <- R x + r, (n, S, S) and (n, S).
        input_state, threshold_state: indices into the S states.
        component: index of its strongly connected component in the plan's order.
    """

    name: str
    size: int
    is_input: bool
    is_spiking: bool
    states: tuple[str, ...]
    input_state: int
    threshold_state: int
    flow: np.ndarray
    propagator: np.ndarray
    arrival_shift: np.ndarray
    threshold: np.ndarray | None
    reset_matrix: np.ndarray
    reset_offset: np.ndarray
    component: int


@dataclass(frozen=True, eq=False)
class PlannedProjection:
    """One projection: population indices and the largest delay in steps."""

    name: str
    pre: int
    post: int
    max_delay_steps: int
    internal: bool
    """True where pre and post lie in one strongly connected component."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything a backend needs that learning does not change.

    Attributes:
        populations, projections: in the order of the network.
        components: in execution order; inputs are not part of any.
        readout_population: index of the population the readout reads.
        dt: ms. steps: per trial. batch_size: largest number of trials at once.
        precision: "float32" or "float64".
    """

    populations: tuple[PlannedPopulation, ...]
    projections: tuple[PlannedProjection, ...]
    components: tuple[Component, ...]
    readout: Readout
    readout_population: int
    gradient: EventProp
    dt: float
    steps: int
    batch_size: int
    precision: str

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """numpy type of the precision."""
        return PRECISIONS[self.precision]

    @property
    def max_delay_steps(self) -> int:
        """Largest delay of any projection, in steps."""
        return max((p.max_delay_steps for p in self.projections), default=0)

    def population_index(self, name: str) -> int:
        """Index of a population by name; NetworkError with the nearest name if there is none."""
        names = [p.name for p in self.populations]
        if name not in names:
            raise NetworkError(f"there is no population {name!r}; {suggest(name, names)}")
        return names.index(name)

    def into(self, population: int) -> list[int]:
        """Indices of the projections that end in a population."""
        return [k for k, p in enumerate(self.projections) if p.post == population]

    def out_of(self, population: int) -> list[int]:
        """Indices of the projections that start from a population."""
        return [k for k, p in enumerate(self.projections) if p.pre == population]

    def digest(self) -> str:
        """Content hash: equal for plans that run alike with equal synapse tables."""
        parts = hashlib.sha256()
        scalars = [getattr(self, f.name) for f in fields(self) if f.name != "populations"]
        parts.update(repr(scalars).encode())
        for population in self.populations:
            for field in fields(population):
                value = getattr(population, field.name)
                parts.update(field.name.encode())
                is_array = isinstance(value, np.ndarray)
                parts.update(value.tobytes() if is_array else repr(value).encode())
        return parts.hexdigest()


def make_plan(
    network: Network,
    *,
    gradient: EventProp,
    readout: Readout,
    dt: float,
    steps: int,
    batch_size: int = 1,
    precision: str = "float32",
    discretisation: str = "exact",
) -> Plan:
    """Resolve a network; see :func:`genn_delays.compile` for the arguments.

    Raises:
        PlanError: a value out of range, or a combination that no backend can do.
        NetworkError: weights or delays out of range.
    """
    _check_scalars(dt, steps, batch_size, precision, discretisation)
    for given, kind, example in (
        (gradient, EventProp, "gd.EventProp()"),
        (readout, Readout, "gd.readouts.MeanVoltage()"),
    ):
        if not isinstance(given, kind):
            raise PlanError(f"{given!r} given; give an object such as {example}")
    network.check()
    populations = list(network.populations.values())
    if not any(isinstance(p.neuron, Input) for p in populations):
        raise PlanError("the network has no input; add a population of gd.Input()")
    index = {p.name: k for k, p in enumerate(populations)}
    edges = [(index[p.pre.name], index[p.post.name]) for p in network.projections.values()]
    labels, components = components_of(populations, edges)
    readout_index = readout_population_of(populations, edges, readout)
    planned = tuple(
        _population(p, dt, discretisation, labels[k]) for k, p in enumerate(populations)
    )
    for population in planned:
        _check_finite(population, PRECISIONS[precision])
        _check_gradient(population)
    readout.check(planned[readout_index].is_spiking, planned[readout_index].name)
    return Plan(
        populations=planned,
        projections=tuple(_projection(p, index, labels, dt) for p in network.projections.values()),
        components=components,
        readout=readout,
        readout_population=readout_index,
        gradient=gradient,
        dt=float(dt),
        steps=int(steps),
        batch_size=int(batch_size),
        precision=precision,
    )


def _check_scalars(
    dt: float, steps: int, batch_size: int, precision: str, discretisation: str
) -> None:
    if not (is_number(dt) and dt > 0):
        raise PlanError(f"dt={dt!r}: the time step must be > 0 ms")
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        if not is_count(value):
            raise PlanError(f"{name}={value!r}: must be a whole number >= 1")
    if precision not in PRECISIONS:
        raise PlanError(f"precision={precision!r}: {suggest(precision, PRECISIONS)}")
    if discretisation not in DISCRETISATIONS:
        hint = suggest(discretisation, DISCRETISATIONS)
        raise PlanError(f"discretisation={discretisation!r}: {hint}")


def _population(
    population: Population, dt: float, discretisation: str, component: int
) -> PlannedPopulation:
    neuron, size = population.neuron, population.size
    flow = neuron.flow(size)
    identity = np.eye(flow.shape[-1])
    # One expm per distinct matrix: populations are mostly homogeneous.
    distinct, inverse = np.unique(flow, axis=0, return_inverse=True)
    exact = discretisation == "exact"
    steps = np.array([expm(m * dt) if exact else identity + m * dt for m in distinct])
    propagator = steps[inverse.ravel()].reshape(flow.shape)
    matrix, offset = neuron.reset(size)
    is_input = isinstance(neuron, Input)
    input_state = 0 if is_input else neuron.states.index(neuron.input_state)
    shift = np.zeros((size, 0)) if is_input else (propagator - identity)[:, :, input_state] / dt
    return PlannedPopulation(
        name=population.name,
        size=size,
        is_input=is_input,
        is_spiking=neuron.spiking,
        states=neuron.states,
        input_state=input_state,
        threshold_state=0 if is_input else neuron.states.index(neuron.threshold_state),
        flow=flow,
        propagator=propagator,
        arrival_shift=shift,
        threshold=neuron.threshold_value(size),
        reset_matrix=matrix,
        reset_offset=offset,
        component=int(component),
    )


def _projection(
    projection: Projection, index: dict[str, int], labels: np.ndarray, dt: float
) -> PlannedProjection:
    pre, post = index[projection.pre.name], index[projection.post.name]
    return PlannedProjection(
        name=projection.name,
        pre=pre,
        post=post,
        max_delay_steps=int(delay_to_steps(np.array(projection.synapses.max_delay), dt)),
        internal=bool(labels[pre] == labels[post] and labels[post] >= 0),
    )


def _check_finite(population: PlannedPopulation, dtype: type) -> None:
    """Raise PlanError where the dynamics are no numbers in this precision, or a threshold is 0."""
    for what in ("flow", "propagator", "reset_matrix", "reset_offset", "threshold"):
        values = getattr(population, what)
        if values is not None and not np.all(np.isfinite(values.astype(dtype))):
            raise PlanError(
                f"population {population.name!r}: its {what} is not finite; check its parameters"
            )
    if population.threshold is not None and not np.all(population.threshold.astype(dtype) > 0):
        raise PlanError(f"population {population.name!r}: thresholds must be > 0")


def _check_gradient(population: PlannedPopulation) -> None:
    """EventProp needs a voltage that arriving input cannot jump, at a threshold or a readout."""
    if not population.is_input and population.input_state == population.threshold_state:
        state = population.states[population.threshold_state]
        raise PlanError(
            f"population {population.name!r}: input jumps the voltage {state!r}, where "
            "EventProp is not defined; give the neuron a synaptic state of its own"
        )
