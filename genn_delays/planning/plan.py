"""The plan: a Network with a gradient rule, a readout and a time step, resolved to arrays.

``network -> plan -> backends``: a plan holds everything that a backend needs and that does not
change while learning. Weights, delays and connectivity stay in the synapse tables. It is free
of any engine's detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.declaration.network import Network, Population
from genn_delays.declaration.neurons import Input
from genn_delays.planning.dynamics import (
    PlannedPopulation,
    PlannedProjection,
    plan_projection,
)
from genn_delays.planning.gradients import GradientRule
from genn_delays.planning.graph import Component, components_of
from genn_delays.planning.populations import check_finite, plan_population
from genn_delays.planning.readouts import Readout
from genn_delays.planning.timing import MAX_STEPS
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import NetworkError, PlanError, suggest

DISCRETISATIONS = ("exact", "euler")
PRECISIONS: dict[str, type[np.floating[Any]]] = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything a backend needs that learning does not change.

    Attributes:
        populations, projections: in the order of the network.
        components: in execution order; inputs are not part of any.
        readout_population: index of the population the readout reads.
        dt: ms. steps: per trial. batch_size: largest number of trials at once.
        precision: "float32" or "float64".
        discretisation: "exact" or "euler".
    """

    populations: tuple[PlannedPopulation, ...]
    projections: tuple[PlannedProjection, ...]
    components: tuple[Component, ...]
    readout: Readout
    readout_population: int
    gradient: GradientRule
    dt: float
    steps: int
    batch_size: int
    precision: str
    discretisation: str

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """numpy type of the precision."""
        return PRECISIONS[self.precision]

    @property
    def max_delay_steps(self) -> int:
        """Largest delay of any projection, in steps."""
        return max((p.max_delay_steps for p in self.projections), default=0)

    def facts(self) -> dict[str, object]:
        """What is told of a simulation that runs this plan."""
        return {
            "populations": [f"{p.name} {p.size}" for p in self.populations],
            "readout": self.readout,
            "gradient": self.gradient,
            "dt": f"{self.dt:g} ms",
            "steps": self.steps,
            "batch_size": self.batch_size,
            "precision": self.precision,
        }

    def population_index(self, name: str) -> int:
        """Index of a population by name; NetworkError with the nearest name if there is none."""
        names = [p.name for p in self.populations]
        if name not in names:
            raise NetworkError(f"there is no population {name!r}; {suggest(name, names)}")
        return names.index(name)

    def projection_index(self, name: str) -> int:
        """Index of a projection by name; NetworkError with the nearest name if there is none."""
        names = [p.name for p in self.projections]
        if name not in names:
            raise NetworkError(f"there is no projection {name!r}; {suggest(name, names)}")
        return names.index(name)

    def into(self, population: int) -> list[int]:
        """Indices of the projections that end in a population."""
        return [k for k, p in enumerate(self.projections) if p.post == population]

    def out_of(self, population: int) -> list[int]:
        """Indices of the projections that start from a population."""
        return [k for k, p in enumerate(self.projections) if p.pre == population]

    def reads_voltage(self, population: int) -> bool:
        """Whether the readout reads the voltage of a population, by its index."""
        return population == self.readout_population and self.readout.reads == "voltage"


def make_plan(
    network: Network,
    *,
    gradient: GradientRule,
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
        (gradient, GradientRule, "gd.EventProp()"),
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
    readout_index = _readout_population(populations, edges, readout)
    planned = tuple(
        plan_population(
            p, dt, steps, discretisation, labels[k], components, gradient.needs_step_map
        )
        for k, p in enumerate(populations)
    )
    projections = tuple(plan_projection(p, index, labels, dt) for p in network.projections.values())
    for population in planned:
        check_finite(population, PRECISIONS[precision])
        gradient.check_population(population)
    for projection in projections:
        gradient.check_projection(projection)
    readout.check(planned[readout_index])
    readout.check_weights(steps, dt)
    gradient.check_readout(readout, planned[readout_index])
    return Plan(
        populations=planned,
        projections=projections,
        components=components,
        readout=readout,
        readout_population=readout_index,
        gradient=gradient,
        dt=float(dt),
        steps=int(steps),
        batch_size=int(batch_size),
        precision=precision,
        discretisation=discretisation,
    )


def _check_scalars(
    dt: float, steps: int, batch_size: int, precision: str, discretisation: str
) -> None:
    if not (is_number(dt) and dt > 0):
        raise PlanError(f"dt={dt!r}: the time step must be > 0 ms")
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        if not is_count(value):
            raise PlanError(f"{name}={value!r}: must be a whole number >= 1")
        if value > MAX_STEPS:
            raise PlanError(f"{name}={value!r}: must be at most {MAX_STEPS}")
    if precision not in PRECISIONS:
        raise PlanError(f"precision={precision!r}: {suggest(precision, PRECISIONS)}")
    if discretisation not in DISCRETISATIONS:
        hint = suggest(discretisation, DISCRETISATIONS)
        raise PlanError(f"discretisation={discretisation!r}: {hint}")


def _readout_population(
    populations: list[Population], edges: list[tuple[int, int]], readout: Readout
) -> int:
    """The population that the readout names, or the only one it can mean."""
    names = [p.name for p in populations]
    if readout.population is not None:
        if readout.population not in names:
            hint = suggest(readout.population, names)
            raise PlanError(f"readout: no population {readout.population!r}; {hint}")
        chosen = names.index(readout.population)
        if isinstance(populations[chosen].neuron, Input):
            raise PlanError(f"readout: population {readout.population!r} is an input; read another")
        return chosen
    excluded = {pre for pre, _ in edges}
    excluded |= {k for k, p in enumerate(populations) if isinstance(p.neuron, Input)}
    ends = [k for k in range(len(populations)) if k not in excluded]
    if len(ends) != 1:
        found = [names[k] for k in ends]
        raise PlanError(
            f"the readout could read any of {found}; name one, as in "
            f"{type(readout).__name__}(population={(found or names)[-1]!r})"
        )
    return ends[0]
