"""What a plan holds of a population and of a projection: dynamics and delays on the time grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.network import Population, Projection
from genn_delays.declaration.neurons import Input, Neuron
from genn_delays.declaration.units import BatchNorm
from genn_delays.planning.graph import Component
from genn_delays.planning.refractory import refractory_steps
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import own_copy
from genn_delays.support.errors import PlanError

if TYPE_CHECKING:
    from genn_delays.planning.step_maps.step_map import StepMap


@dataclass(frozen=True, eq=False)
class PlannedPopulation:
    """One population with its dynamics as read-only arrays; ``S`` states, ``n`` neurons.

    Attributes:
        flow: M in 1/ms, (n, S, S).
        propagator: P = expm(M dt), or 1 + M dt for ``discretisation="euler"``, (n, S, S).
        arrival_shift: (P - 1) e_in / dt in 1/ms, (n, S): what the state gains per ms by which an
            arrival comes earlier.
        on_grid: the neuron exists on a time grid only; its flow is not used.
        threshold: (n,), or None where the population never spikes.
        refractory: steps in which V is held after a spike, int32, (n,).
        reset_matrix, reset_offset: R and r of x <- R x + r, (n, S, S) and (n, S).
        initial: state in which a trial begins, (n, S).
        input_states: states that weights arrive in; ``input_state`` is the first.
        threshold_state: index into the S states.
        step_map: the step as programs, where the flow is not M x or something of the neuron is learnt
            that P alone does not hold; then flow and propagator are not used.
        constants: of the step map, (n, constants).
        changes: by learnt parameter of the neuron, d ``step_map.collected`` / d parameter,
            (n, collected).
        component: index of its strongly connected component in the plan's order.
        recurrent: True where that component feeds back on itself.
        normalise: batch normalisation of its input, or None.
        has_bias: a constant is added to its input at every step.
        dropout: share of its units silenced in each training trial.
        tail: steps at the end of a trial in which it is off.
        learn: its parameters that training changes.
        neuron: as declared.
    """

    name: str
    size: int
    is_input: bool
    is_spiking: bool
    states: tuple[str, ...]
    input_states: tuple[int, ...]
    threshold_state: int
    flow: np.ndarray
    propagator: np.ndarray
    arrival_shift: np.ndarray
    threshold: np.ndarray | None
    reset_matrix: np.ndarray
    reset_offset: np.ndarray
    refractory: np.ndarray
    initial: np.ndarray
    step_map: StepMap | None
    constants: np.ndarray
    changes: dict[str, np.ndarray]
    on_grid: bool
    component: int
    recurrent: bool
    normalise: BatchNorm | None
    has_bias: bool
    dropout: float
    tail: int
    learn: tuple[str, ...]
    neuron: Neuron

    def __post_init__(self) -> None:
        for field in fields(self):
            if isinstance(value := getattr(self, field.name), np.ndarray):
                object.__setattr__(self, field.name, own_copy(value))

    @property
    def input_state(self) -> int:
        """The state that arriving weights are added to, or the first of several."""
        return self.input_states[0] if self.input_states else 0

    @property
    def holds(self) -> bool:
        """Some of its neurons have a refractory period."""
        return bool(np.any(self.refractory))


@dataclass(frozen=True, eq=False)
class PlannedProjection:
    """One projection.

    Attributes:
        pre, post: indices into the populations.
        port: which of the input states of post its weights are added to.
        max_delay_steps: largest delay.
        internal: True where pre and post lie in one strongly connected component.
        lag: steps that a spike takes besides its delay.
        kernel: name of the class of its delay kernel, or None.
    """

    name: str
    pre: int
    post: int
    port: int
    max_delay_steps: int
    internal: bool
    lag: int
    kernel: str | None


def plan_population(
    population: Population,
    dt: float,
    steps: int,
    discretisation: str,
    component: int,
    components: tuple[Component, ...],
    needs_map: Callable[[Neuron, tuple[str, ...]], bool],
) -> PlannedPopulation:
    """The dynamics of a population at a time step of ``dt`` ms.

    Args:
        needs_map: the gradient rule's own reasons for a step map.

    Raises:
        PlanError: off for longer than a trial, or a decay or a refractory period that cannot be on
            this time grid.
    """
    neuron, size = population.current_neuron, population.size
    is_input = isinstance(neuron, Input)
    inputs = () if is_input else tuple(neuron.states.index(name) for name in neuron.input_states)
    learn = tuple(name for name in population.learn if name in neuron.learnable)
    period = neuron.refractory_period(size)
    mapped = not is_input and (needs_map(neuron, learn) or not _is_plain(neuron, size))
    step_map = None
    if mapped:
        from genn_delays.planning.step_maps.step_map import make_step_map  # sympy takes long

        step_map = make_step_map(neuron, learn, size, bool(np.any(period)), dt, discretisation)
    flow, propagator, shift = _linear_step(neuron, size, dt, discretisation, inputs, mapped)
    matrix, offset = neuron.reset(size)
    constants, changes = _numbers(step_map, neuron, learn, size)
    tail = int(delay_to_steps(np.array(population.tail), dt))
    if tail >= steps:
        raise PlanError(
            f"population {population.name!r}: its tail of {population.tail:g} ms leaves nothing of "
            f"a trial of {steps * dt:g} ms; make the trial longer"
        )
    _check_time_constants(population, dt, discretisation)
    return PlannedPopulation(
        name=population.name,
        size=size,
        is_input=is_input,
        is_spiking=neuron.spiking,
        states=neuron.states,
        input_states=inputs,
        threshold_state=0 if is_input else neuron.states.index(neuron.threshold_state),
        flow=flow,
        propagator=propagator,
        arrival_shift=shift,
        threshold=neuron.threshold_value(size),
        reset_matrix=matrix,
        reset_offset=offset,
        refractory=refractory_steps(
            population.name, neuron, None if mapped else propagator, flow, dt
        ),
        initial=neuron.initial_state(size),
        step_map=step_map,
        constants=constants,
        changes=changes,
        on_grid=neuron.on_grid,
        component=int(component),
        recurrent=component >= 0 and components[component].recurrent,
        normalise=population.normalise,
        has_bias="bias" in population.units.columns,
        dropout=population.dropout,
        tail=tail,
        learn=population.learn,
        neuron=population.neuron,
    )


def plan_projection(
    projection: Projection, index: dict[str, int], labels: np.ndarray, dt: float
) -> PlannedProjection:
    """A projection at a time step of ``dt`` ms.

    Args:
        index: of each population, by name.
        labels: component of each population, -1 for inputs.
    """
    pre, post = index[projection.pre.name], index[projection.post.name]
    inputs = projection.post.neuron.input_states
    return PlannedProjection(
        name=projection.name,
        pre=pre,
        post=post,
        port=0 if projection.target is None else inputs.index(projection.target),
        max_delay_steps=int(delay_to_steps(np.array(projection.synapses.max_delay), dt)),
        internal=bool(labels[pre] == labels[post] and labels[post] >= 0),
        lag=projection.lag,
        kernel=None if projection.kernel is None else type(projection.kernel).__name__,
    )


def _is_plain(neuron: Neuron, size: int) -> bool:
    """The flow is M x, from a state of 0, and input has one place to go."""
    moved = neuron.is_affine and np.any(neuron.drive(size))
    starts = np.any(neuron.initial_state(size))
    return neuron.is_affine and not moved and not starts and len(neuron.input_states) == 1


def _linear_step(
    neuron: Neuron,
    size: int,
    dt: float,
    discretisation: str,
    inputs: tuple[int, ...],
    mapped: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """M, P and the arrival shift; with a step map nothing uses these, and they are 0, 1 and 0."""
    count = len(neuron.states)
    if mapped:
        square = np.zeros((size, count, count))
        return square, square + np.eye(count), np.zeros((size, count))
    propagator = neuron.propagator(size, dt, discretisation)
    if not inputs:
        return neuron.flow(size), propagator, np.zeros((size, 0))
    change = propagator - np.eye(count)
    return neuron.flow(size), propagator, change[:, :, inputs[0]] / dt


def _numbers(
    step_map: StepMap | None, neuron: Neuron, learn: tuple[str, ...], size: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    if step_map is None:
        return np.zeros((size, 0)), {}
    from genn_delays.planning.step_maps.step_map import unit_numbers  # as above

    numbers = unit_numbers(step_map, neuron, learn, size)
    return numbers.constants, numbers.changes


def with_current_parameters(
    planned: PlannedPopulation, population: Population, dt: float, discretisation: str
) -> PlannedPopulation:
    """The same dynamics with the parameters of the neuron that training has reached."""
    neuron, size = population.current_neuron, planned.size
    learn = tuple(name for name in planned.learn if name in neuron.learnable)
    if not learn:
        return planned
    if planned.step_map is None:
        return replace(planned, propagator=neuron.propagator(size, dt, discretisation))
    constants, changes = _numbers(planned.step_map, neuron, learn, size)
    matrix, offset = neuron.reset(size)
    return replace(
        planned,
        threshold=neuron.threshold_value(size),
        reset_matrix=matrix,
        reset_offset=offset,
        initial=neuron.initial_state(size),
        constants=constants,
        changes=changes,
    )


def _check_time_constants(population: Population, dt: float, discretisation: str) -> None:
    """A step of 1 - dt / tau must not overshoot, now or anywhere in the bounds of learning."""
    neuron = population.neuron
    if not neuron.on_grid and discretisation != "euler":
        return
    parameters = neuron.parameters(population.size)
    for name in neuron.time_constants:
        low, high = population.units.bounds.get(name, (np.inf, np.inf))
        if min(low, parameters[name].min()) >= dt:
            continue
        hint = f"; give learn={{{name!r}: ({dt:g}, {high:g})}}" if low < dt else ""
        raise PlanError(
            f"population {population.name!r}: {name} may reach {min(low, parameters[name].min()):g}"
            f" ms, less than the time step of {dt:g} ms, where 1 - dt / tau is negative{hint}"
        )


def check_finite(population: PlannedPopulation, dtype: type) -> None:
    """Raise PlanError where the dynamics are no numbers in this precision, or a threshold is 0."""
    for what in ("flow", "propagator", "constants", "reset_matrix", "reset_offset", "threshold"):
        values = getattr(population, what)
        if values is not None and not np.all(np.isfinite(values.astype(dtype))):
            raise PlanError(
                f"population {population.name!r}: its {what} is not finite; check its parameters"
            )
    if population.threshold is None:
        return
    start = population.initial[:, population.threshold_state]
    if np.any(population.threshold.astype(dtype) <= start.astype(dtype)):
        raise PlanError(
            f"population {population.name!r}: thresholds must be > 0"
            if not np.any(start)
            else f"population {population.name!r}: thresholds must lie above the initial voltage, "
            f"{start.max():g}; give initial={{{population.states[population.threshold_state]!r}: ...}}"
        )
