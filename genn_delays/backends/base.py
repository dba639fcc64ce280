"""What every backend offers: compile a plan into a Simulation that runs batches both ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.errors import BackendError, DataError, NetworkError, PlanError
from genn_delays.events import Events
from genn_delays.timing import delay_to_steps
from genn_delays.units import BatchStatistics

if TYPE_CHECKING:
    from genn_delays.network import Network
    from genn_delays.plan import Plan
    from genn_delays.synapses import SynapseTable

Batch = Events | Mapping[str, Events]
"""Events of the input population, or one Events per input population by name."""


@dataclass(frozen=True, eq=False)
class Gradient:
    """Gradients of one projection, aligned with its synapse table, summed over the batch.

    Attributes:
        weight: dL/dw, float64, shape (synapses,).
        delay: dL/dd in 1/ms, float64, shape (synapses,).
    """

    weight: np.ndarray
    delay: np.ndarray


class Gradients(dict[str, Gradient]):
    """A :class:`Gradient` per projection name.

    Attributes:
        units: by population, dL/d of each learnt column of its ``units``, float64, (units,); for
            time constants in 1/ms. Where one value is learnt for all units, every entry is its
            whole gradient.
    """

    def __init__(
        self,
        projections: Mapping[str, Gradient],
        units: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    ) -> None:
        super().__init__(projections)
        self.units = {name: dict(columns) for name, columns in (units or {}).items()}


class Simulation(ABC):
    """A compiled network. Use as a context manager, or call :meth:`close` when done.

    Attributes:
        plan: the resolved network this simulation runs.
        regrown: how often there was too little room for the spikes of a batch: room was made and
            the batch run again. No spike is ever dropped.
        statistics: by population with batch normalisation, what the last training batch was
            normalised with; :meth:`UnitTable.observe` takes it.
    """

    plan: Plan
    regrown: int = 0
    statistics: Mapping[str, BatchStatistics] = MappingProxyType({})

    @abstractmethod
    def forward(
        self,
        batch: Batch,
        *,
        training: bool = True,
        masks: Mapping[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Run a batch of at most ``plan.batch_size`` trials; what the readout makes of each.

        Args:
            batch: input events.
            training: True runs the network as it is trained: delay kernels, batch statistics.
                False evaluates it: rounded delays and running averages, and nothing to go
                :meth:`backward` over. Networks without these run alike.
            masks: dropout factors of this training batch by population, (trials, units), as
                :func:`dropout_masks` draws them; without them no unit is silenced.

        Returns:
            float64, shape (trials, units), or (trials, steps, units) for a voltage trace.

        Raises:
            DataError: too many trials, or events outside the trial or the population.
            PlanError: masks that do not fit, or masks in an evaluation.
        """

    @abstractmethod
    def backward(
        self, drive: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None = None
    ) -> Gradients:
        """Gradients of the last forward pass.

        Args:
            drive: dL/d outputs, of the shape that :meth:`forward` returned.
            spike_drive: by population, shape (units,) or (trials, units), for spike-count
                regularisers. EventProp adds it to the adjoint of the voltage at each spike; the
                surrogate rule adds it to dL/ds of every step.

        Returns:
            A :class:`Gradient` per projection name, and those of the units.

        Raises:
            PlanError: no forward pass yet, an evaluation, or a drive of another shape.
            NetworkError: ``spike_drive`` names a population that is not there.
        """

    def check_training(self) -> None:
        """Raise PlanError where this simulation can evaluate its network but not train it."""

    def correlation(
        self, projection: str, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """dL/dw of synapses with one tap, there or not, at neighbouring delays.

        Entry [k, c] sums over the last batch what unit pre[k] sent, times the adjoint of the input
        of unit post[k] where it would arrive with a delay of first[k] + c steps; 0 after the
        trial. Rewiring grows synapses by it.

        Args:
            projection: whose populations, and whose lag.
            pre, post: units, int, (pairs,).
            first: smallest delay in steps, int, (pairs,).
            count: delays of each pair.

        Returns:
            float64, (pairs, count).

        Raises:
            PlanError: no backward pass yet, or a backend that cannot do this.
        """
        raise PlanError(f"{type(self).__name__} cannot tell the gradient of absent synapses")

    def row_limit(self, projection: str) -> int | None:
        """Most synapses of one presynaptic unit there is room for; None for no limit."""
        return None

    @abstractmethod
    def spikes(self, population: str) -> Events:
        """Spikes of the last forward pass, sorted by (trial, unit, time), times in ms."""

    @abstractmethod
    def spike_counts(self, population: str) -> np.ndarray:
        """Spikes per trial and unit in the last forward pass, int64, (trials, units)."""

    @abstractmethod
    def load(self, network: Network) -> None:
        """Take over weights, delays and connectivity, after training changed them.

        Raises:
            NetworkError: weights or delays out of range.
            PlanError: the network is not the one that was compiled; see :func:`planned_tables`.
        """

    @abstractmethod
    def memory(self) -> int:
        """Bytes this simulation holds for its buffers."""

    def close(self) -> None:
        """Free what the simulation holds; it cannot be used afterwards."""

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Backend(ABC):
    """A way to run plans.

    Attributes:
        name: as users write it in ``backend=``.
    """

    name: str

    @abstractmethod
    def check(self, plan: Plan) -> None:
        """Raise PlanError if the plan wants something this backend cannot do."""

    @abstractmethod
    def compile(self, plan: Plan, network: Network, threads: int | None) -> Simulation:
        """Build the simulation and load the network's weights and delays."""

    def code(self, plan: Plan, network: Network | None = None) -> str:
        """The code this backend generates; with the network, what it built from it as well.

        Raises:
            BackendError: this backend generates none.
        """
        raise BackendError(f"the backend {self.name!r} generates no code; try native")


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
        PlanError: another set of projections, sizes or longer delays than planned, for which the
            buffers of a simulation would be too small.
    """
    network.check()
    planned, given = [p.name for p in plan.projections], list(network.projections)
    if set(planned) != set(given):
        raise PlanError(f"load(): projections {given}, but {planned} were compiled; compile again")
    tables = [network.projections[name].synapses for name in planned]
    for p, table in zip(plan.projections, tables, strict=True):
        sizes = plan.populations[p.pre].size, plan.populations[p.post].size
        if (table.pre_size, table.post_size) != sizes:
            found = table.pre_size, table.post_size
            raise PlanError(f"load(): {p.name!r} joins {found} units, not {sizes}; compile again")
        if np.any(np.abs(table.weight) > np.finfo(plan.dtype).max):
            raise NetworkError(
                f"projection {p.name!r}: a weight is too large for {plan.precision}; lower the "
                "learning rate or check the initial weights"
            )
        if delay_to_steps(np.array(table.max_delay), plan.dt) > p.max_delay_steps:
            raise PlanError(
                f"load(): {p.name!r} has max_delay = {table.max_delay:g} ms, longer than compiled "
                f"({p.max_delay_steps * plan.dt:g} ms); compile again"
            )
    return tables


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
    if masks and not training:
        raise PlanError("masks are for training; leave them out to evaluate")
    checked = {}
    for name, given in (masks or {}).items():
        population = plan.populations[plan.population_index(name)]
        if not population.dropout:
            raise PlanError(f"masks: population {name!r} has no dropout")
        if np.shape(given) != (trials, population.size):
            raise PlanError(
                f"masks: {name!r} has shape {np.shape(given)}; give {(trials, population.size)}"
            )
        checked[name] = np.asarray(given)
    return checked


def check_drives(
    plan: Plan,
    outputs: tuple[int, ...] | None,
    drive: np.ndarray,
    spike_drive: Mapping[str, np.ndarray] | None,
) -> dict[str, np.ndarray]:
    """The arguments of a backward pass, checked: spike drives of shape (trials, units) by name.

    Args:
        plan: of the simulation.
        outputs: shape of what the last forward pass returned; None before the first one and after
            an evaluation.
        drive, spike_drive: see :meth:`Simulation.backward`.
    """
    if outputs is None:
        raise PlanError("backward() follows forward() in training; run a batch first")
    if np.shape(drive) != outputs:
        raise PlanError(f"drive of shape {np.shape(drive)} for outputs of shape {outputs}")
    checked = {}
    for name, given in (spike_drive or {}).items():
        population = plan.populations[plan.population_index(name)]
        shape = (outputs[0], population.size)
        if not population.is_spiking:
            raise PlanError(f"spike_drive: population {name!r} never spikes")
        if np.shape(given) not in (shape, shape[1:]):
            raise PlanError(
                f"spike_drive: {name!r} has shape {np.shape(given)}; give {shape[1:]} or {shape}"
            )
        checked[name] = np.broadcast_to(given, shape)
    return checked
