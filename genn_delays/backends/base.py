"""What every backend offers: compile a plan into a Simulation that runs batches both ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.errors import BackendError, PlanError
from genn_delays.events import Events
from genn_delays.units import BatchStatistics

if TYPE_CHECKING:
    from genn_delays.network import Network
    from genn_delays.plan import Plan

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
