"""From a declared population to its dynamics on the time grid, checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genn_delays.declaration.network import Population
from genn_delays.declaration.neurons import Input, Neuron
from genn_delays.planning.dynamics import PlannedPopulation, numbers_of
from genn_delays.planning.graph import Component
from genn_delays.planning.refractory import refractory_steps
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import PlanError


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
    constants, changes = numbers_of(step_map, neuron, learn, size)
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
        learn=population.learn_in_engine,
        neuron=population.neuron,
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
        where = f"population {population.name!r}"
        if not np.any(start):
            raise PlanError(f"{where}: thresholds must be > 0")
        raise PlanError(
            f"{where}: a threshold does not lie above the initial voltage, {start.max():g}; change "
            "initial or the threshold"
        )
