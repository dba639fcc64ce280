"""What is asked of a simulation, checked in one place for all backends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from genn_delays.declaration.kernels import kind_of
from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.events import Batch, Events
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import DataError, PlanError

if TYPE_CHECKING:
    from genn_delays.declaration.synapses import SynapseTable
    from genn_delays.planning.plan import Plan


def input_events(plan: Plan, batch: Batch) -> dict[str, Events]:
    """The batch as one Events per input population, checked for names and trial counts."""
    names = [p.name for p in plan.populations if p.is_input]
    if not isinstance(batch, (Events, Mapping)):
        raise DataError(f"forward() takes Events or a mapping of them, got {type(batch).__name__}")
    if isinstance(batch, Events):
        if len(names) != 1:
            raise DataError(
                f"the network has inputs {names}; give forward() a mapping from name to Events"
            )
        batch = {names[0]: batch}
    if set(batch) != set(names):
        raise DataError(f"batch has events for {sorted(batch)}, the network's inputs are {names}")
    for name, events in batch.items():
        if not isinstance(events, Events):
            raise DataError(f"input {name!r} has a {type(events).__name__}; give it Events")
    counts = {events.trials for events in batch.values()}
    if len(counts) > 1:
        raise DataError(f"inputs disagree on the number of trials: {sorted(counts)}")
    if max(counts) > plan.batch_size:
        raise DataError(
            f"batch of {max(counts)} trials, but the simulation was compiled for batch_size="
            f"{plan.batch_size}"
        )
    return dict(batch)


def planned_tables(plan: Plan, network: Network) -> list[SynapseTable]:
    """The synapse tables of a plan's projections, checked to be what the plan was made for.

    Raises:
        NetworkError: weights or delays out of range.
        PlanError: not the network that was planned: other populations or projections, or longer
            delays, for which the buffers of a simulation would be too small.
    """
    if not isinstance(network, Network):
        raise PlanError(f"load() takes a Network, got {type(network).__name__}")
    network.check(plan.precision)
    _check_populations(plan, network)
    planned, given = [p.name for p in plan.projections], list(network.projections)
    if set(planned) != set(given):
        raise PlanError(f"load(): projections {given}, but {planned} were compiled; compile again")
    tables = [network.projections[name].synapses for name in planned]
    for p, table in zip(plan.projections, tables, strict=True):
        projection = network.projections[p.name]
        joined = projection.pre.name, projection.post.name
        wanted = plan.populations[p.pre].name, plan.populations[p.post].name
        if joined != wanted:
            raise PlanError(f"load(): {p.name!r} joins {joined}, not {wanted}; compile again")
        kernel = kind_of(projection.kernel)
        if (projection.lag, kernel) != (p.lag, p.kernel):
            raise PlanError(
                f"load(): {p.name!r} has lag {projection.lag} and kernel {kernel}, but lag {p.lag} "
                f"and kernel {p.kernel} were compiled; compile again"
            )
        if delay_to_steps(np.array(table.max_delay), plan.dt) > p.max_delay_steps:
            raise PlanError(
                f"load(): {p.name!r} has max_delay = {table.max_delay:g} ms, longer than compiled "
                f"({p.max_delay_steps * plan.dt:g} ms); compile again"
            )
    return tables


def _check_populations(plan: Plan, network: Network) -> None:
    """Raise PlanError where a population is not what was planned; what it learns may differ."""
    planned, given = [p.name for p in plan.populations], list(network.populations)
    if planned != given:
        raise PlanError(f"load(): populations {given}, but {planned} were compiled; compile again")
    for p in plan.populations:
        population = network.populations[p.name]
        if population.size != p.size:
            found = f"population {p.name!r} has {population.size} units, not {p.size}"
            raise PlanError(f"load(): {found}; compile again")
        unlike = not _same_neuron(p.neuron, population.neuron)
        for name in ("normalise", "dropout"):
            unlike |= getattr(population, name) != getattr(p, name)
        unlike |= population.learn_in_engine != p.learn
        unlike |= ("bias" in population.units.columns) != p.has_bias
        unlike |= int(delay_to_steps(np.array(population.tail), plan.dt)) != p.tail
        if unlike:
            raise PlanError(
                f"load(): population {p.name!r} is declared otherwise than the one that was "
                "compiled; compile again"
            )


def _same_neuron(one: Neuron, other: Neuron) -> bool:
    if one is other:
        return True
    return type(one) is type(other) and all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
    )


def _numbers(what: str, given: Any) -> np.ndarray:
    """Real finite numbers as an array, or PlanError."""
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise PlanError(f"{what}: {type(given).__name__} given, which is no array of numbers")
    if not np.all(np.isfinite(array)):
        raise PlanError(f"{what} holds NaN or infinity")
    return array


def _mapping(what: str, given: Any) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        kind = type(given).__name__
        raise PlanError(f"{what}: {kind} given; give a mapping from population to array")
    return given or {}


def dropout_masks(plan: Plan, trials: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A factor for each trial and unit of every population with dropout: 0 or 1 / (1 - p).

    A mask holds for a whole trial, as in Hammouamri et al. (2024).
    """
    masks = {}
    for p in plan.populations:
        if p.dropout:
            kept = rng.random((trials, p.size)) >= p.dropout
            masks[p.name] = kept / (1.0 - p.dropout)
    return masks


def check_masks(
    plan: Plan, masks: Mapping[str, np.ndarray] | None, trials: int, training: bool
) -> dict[str, np.ndarray]:
    """The masks of a forward pass, checked against the populations that have dropout."""
    if not isinstance(training, bool):
        raise PlanError(f"forward(training={training!r}): must be True or False")
    given_masks = _mapping("masks", masks)
    if given_masks and not training:
        raise PlanError("masks are for training; leave them out to evaluate")
    checked = {}
    for name, given in given_masks.items():
        population = plan.populations[plan.population_index(name)]
        if not population.dropout:
            raise PlanError(f"masks: population {name!r} has no dropout")
        mask = _numbers(f"masks: that of {name!r}", given)
        if mask.shape != (trials, population.size) or np.any(mask < 0):
            raise PlanError(
                f"masks: {name!r} has shape {mask.shape}; give {(trials, population.size)}, "
                "nothing below 0"
            )
        checked[name] = mask.copy()  # backends may look at it again when they go back
    return checked


def check_backward(
    plan: Plan,
    outputs: tuple[int, ...],
    output_gradient: np.ndarray,
    spike_drive: Mapping[str, np.ndarray] | None,
) -> dict[str, np.ndarray]:
    """The arguments of a backward pass, checked: spike drives of shape (trials, units) by name.

    Args:
        plan: of the simulation.
        outputs: shape of what the last forward pass returned.
        output_gradient, spike_drive: see :meth:`Simulation.backward`.
    """
    shape = _numbers("the output gradient", output_gradient).shape
    if shape != outputs:
        raise PlanError(f"output gradient of shape {shape} for outputs of shape {outputs}")
    checked = {}
    for name, given in _mapping("spike_drive", spike_drive).items():
        population = plan.populations[plan.population_index(name)]
        shape = (outputs[0], population.size)
        if not population.is_spiking:
            raise PlanError(f"spike_drive: population {name!r} never spikes")
        values = _numbers(f"spike_drive: that of {name!r}", given)
        if values.shape not in (shape, shape[1:]):
            raise PlanError(
                f"spike_drive: {name!r} has shape {values.shape}; give {shape[1:]} or {shape}"
            )
        checked[name] = np.broadcast_to(values, shape).copy()
    return checked


def check_pairs(
    plan: Plan,
    projection: str,
    pre: np.ndarray,
    post: np.ndarray,
    first: np.ndarray,
    count: int,
) -> int:
    """The index of a projection, once the arguments of ``correlation`` are found to be possible.

    Raises:
        PlanError: units or delays out of range, or unequal lengths.
        NetworkError: no such projection.
    """
    index = plan.projection_index(projection)
    p = plan.projections[index]
    limits = plan.populations[p.pre].size, plan.populations[p.post].size, np.iinfo(np.int32).max
    lengths = set()
    for name, given, limit in zip(
        ("pre", "post", "first"), (pre, post, first), limits, strict=True
    ):
        array = np.asarray(given)
        lengths.add(array.shape)
        whole = array.dtype.kind in "iu" or array.size == 0
        if not whole or array.ndim != 1 or np.any((array < 0) | (array >= limit)):
            raise PlanError(
                f"correlation(): {name} are whole numbers in [0, {limit}), one per pair"
            )
    if len(lengths) > 1 or count < 1:
        raise PlanError(
            f"correlation(): pre, post and first of shapes {sorted(lengths)} and count {count}; "
            "give arrays of one length, and a count >= 1"
        )
    return index


def checked_outputs(plan: Plan, given: Any, observed: np.ndarray) -> np.ndarray:
    """What a readout made of what it read, as float64; PlanError unless of each trial."""
    outputs = np.asarray(given, np.float64)
    if outputs.ndim < 2 or len(outputs) != len(observed):
        raise PlanError(
            f"{type(plan.readout).__name__}.forward() returned shape {outputs.shape} for "
            f"{len(observed)} trials; return (trials, units) or (trials, steps, units)"
        )
    return outputs


def checked_unread(plan: Plan, given: Any, observed: np.ndarray) -> np.ndarray:
    """The gradient of a readout; PlanError unless of all that it read."""
    gradient = np.asarray(given)
    if gradient.shape != observed.shape:
        raise PlanError(
            f"{type(plan.readout).__name__}.backward() returned shape {gradient.shape}; return "
            f"dL/d observed, of shape {observed.shape}"
        )
    return gradient
