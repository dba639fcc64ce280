"""What a plan holds of a population and of a projection: dynamics and delays on the time grid."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.kernels import kind_of
from genn_delays.declaration.network import Population, Projection
from genn_delays.declaration.neurons import Neuron
from genn_delays.declaration.units import BatchNorm
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import own_copy

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
        step_map: the step as programs, where the flow is not M x or something of the neuron is
            learnt that P alone does not hold; then flow and propagator are not used.
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
        kernel=kind_of(projection.kernel),
    )


def numbers_of(
    step_map: StepMap | None, neuron: Neuron, learn: tuple[str, ...], size: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(constants, changes) of a population; see :class:`PlannedPopulation`."""
    if step_map is None:
        return np.zeros((size, 0)), {}

    from genn_delays.planning.step_maps.unit_numbers import unit_numbers  # sympy takes long

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
    constants, changes = numbers_of(planned.step_map, neuron, learn, size)
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
