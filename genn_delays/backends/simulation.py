"""A compiled network on any engine: what it offers, and the order in which it may be asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, Self, SupportsIndex

import numpy as np

from genn_delays.backends.checks import (
    check_backward,
    check_masks,
    check_pairs,
    checked_outputs,
    checked_unread,
    input_events,
    planned_tables,
)
from genn_delays.backends.gradient import Gradients
from genn_delays.backends.life import Life, Stage
from genn_delays.backends.ties import Links, links
from genn_delays.declaration.units import BatchStatistics
from genn_delays.planning.events import Batch, Events
from genn_delays.support.display import Shown
from genn_delays.support.errors import BackendError

if TYPE_CHECKING:
    from genn_delays.declaration.network import Network
    from genn_delays.declaration.synapses import SynapseTable
    from genn_delays.planning.plan import Plan


class Simulation(Shown, ABC):
    """A compiled network. Use as a context manager, or call :meth:`close` when done.

    What every simulation offers, and the order in which it may be asked for, is written here;
    an engine implements the methods that begin with an underscore. One thread at a time may
    call it: a second one is refused while the first is at work.

    Attributes:
        plan: the resolved network this simulation runs.
        trials: of the last forward pass; 0 where it was refused or interrupted.
        training: whether the last forward pass was one of training.
        regrown: how often a batch ran again, with more room for its spikes. None is ever dropped.
        statistics: by population with batch normalisation, what the last training batch was
            normalised with; :meth:`UnitTable.observe` takes it.
    """

    statistics: Mapping[str, BatchStatistics]

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.trials, self.training, self.regrown = 0, True, 0
        self.statistics = MappingProxyType({})
        self._life, self._links = Life(), Links()
        self._shape: tuple[int, ...] = ()  # of the outputs of the last forward pass
        self._ran = False  # its spikes are there, which load() leaves as they are

    def _facts(self) -> Mapping[str, object]:
        return self.plan.facts()

    def load(self, network: Network) -> None:
        """Take over weights, delays and connectivity, after training changed them.

        A network that is refused changes nothing.

        Raises:
            NetworkError: weights or delays out of range.
            PlanError: the network is not the one that was compiled; see :func:`planned_tables`.
        """
        with self._life.at_work():
            tables = planned_tables(self.plan, network)
            self._life.stage = Stage.BROKEN
            self._links = links(network)
            self._load(network, tables)
            self._life.stage = Stage.LOADED

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
                False evaluates it: rounded delays, running averages, no :meth:`backward`.
            masks: dropout factors of this training batch by population, (trials, units), as
                :func:`dropout_masks` draws them; without them no unit is silenced.

        Returns:
            float64, shape (trials, units), or (trials, steps, units) for a voltage trace.

        Raises:
            DataError: too many trials, or events outside the trial or the population.
            PlanError: masks that do not fit, or masks in an evaluation.
        """
        with self._life.at_work():
            self._life.require_network()
            # a batch that is refused or interrupted leaves nothing: no spikes of two batches
            self._life.stage, self.trials, self._ran = Stage.LOADED, 0, False
            self.statistics = MappingProxyType({})
            events = input_events(self.plan, batch)
            trials = next(iter(events.values())).trials
            checked = check_masks(self.plan, masks, trials, training)
            if training:
                self.check_training()
            self.trials, self.training = trials, training
            try:
                self._forward(events, checked)
                outputs = self._read()
            except BaseException:
                self.trials, self.statistics = 0, MappingProxyType({})
                raise
            self._shape, self._ran = outputs.shape, True
            self._life.stage = Stage.FORWARD if training else Stage.EVALUATED
            return outputs

    def backward(
        self, output_gradient: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None = None
    ) -> Gradients:
        """Gradients of the last forward pass.

        Args:
            output_gradient: dL/d outputs, of the shape that :meth:`forward` returned.
            spike_drive: by population, shape (units,) or (trials, units), for spike-count
                regularisers. EventProp adds it to the adjoint of the voltage at each spike; the
                surrogate rule adds it to dL/ds of every step.

        Returns:
            A :class:`Gradient` per projection name, and those of the units.

        Raises:
            PlanError: no forward pass yet, an evaluation, or an output gradient of another shape.
            NetworkError: ``spike_drive`` names a population that is not there.
        """
        with self._going_back(output_gradient, spike_drive) as (observed, extra):
            return self._links.chain(self._backward(observed, extra))

    @contextmanager
    def _going_back(
        self, output_gradient: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None
    ) -> Iterator[tuple[np.ndarray | None, dict[str, np.ndarray]]]:
        """Around a backward pass, checked: what :meth:`_backward` is given."""
        with self._life.at_work():
            self._life.require_batch()
            extra = check_backward(self.plan, self._shape, output_gradient, spike_drive)
            self._life.stage = Stage.FORWARD
            yield self._driven(np.asarray(output_gradient), extra), extra
            self._life.stage = Stage.BACKWARD

    def _driven(self, gradient: np.ndarray, extra: dict[str, np.ndarray]) -> np.ndarray | None:
        """dL/d of what the readout reads; where it reads spike counts, None: it is in ``extra``."""
        observed = self._unread(gradient)
        if self.plan.readout.reads != "spike_count":
            return observed
        read = self.plan.populations[self.plan.readout_population].name
        extra[read] = extra.get(read, 0.0) + observed
        return None

    def _read(self) -> np.ndarray:
        """Outputs of the batch, from ``observed``, which is kept for the backward pass."""
        plan = self.plan
        counted = plan.readout.reads == "spike_count"
        self.observed = self._read_counts(plan.readout_population) if counted else self._observe()
        return checked_outputs(plan, plan.readout.forward(self.observed, plan.dt), self.observed)

    def _unread(self, output_gradient: np.ndarray) -> np.ndarray:
        """dL/d of what the readout reads."""
        found = self.plan.readout.backward(output_gradient, self.observed, self.plan.dt)
        return checked_unread(self.plan, found, self.observed)

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
        with self._life.at_work():
            self._life.require_adjoints()
            index = check_pairs(self.plan, projection, pre, post, first, count)
            return self._correlation(index, pre, post, first, count)

    def row_limit(self, projection: str) -> int | None:
        """Most synapses of one presynaptic unit there is room for; None for no limit."""
        return None

    def spikes(self, population: str) -> Events:
        """Spikes of the last forward pass, sorted by (trial, unit, time), times in ms."""
        with self._life.at_work():
            k = self.plan.population_index(population)
            return self._spikes(k) if self._ran else Events.from_lists([], [])

    def spike_counts(self, population: str) -> np.ndarray:
        """Spikes per trial and unit in the last forward pass, int64, (trials, units)."""
        with self._life.at_work():
            k = self.plan.population_index(population)
            none = np.zeros((0, self.plan.populations[k].size), np.int64)
            return self._spike_counts(k) if self._ran else none

    def memory(self) -> int:
        """Bytes this simulation holds for its buffers."""
        with self._life.at_work():
            return self._memory()

    def close(self) -> None:
        """Free what the simulation holds; it cannot be used afterwards.

        Raises:
            BackendError: another thread is at work on it.
        """
        if self._life.stage is not Stage.CLOSED:
            with self._life.at_work():
                self._life.stage = Stage.CLOSED
                self._close()

    @abstractmethod
    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        """As :meth:`load`; the tables are checked, those of the plan's projections."""

    @abstractmethod
    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        """Run ``self.trials`` trials, ``self.training`` or not."""

    @abstractmethod
    def _observe(self) -> np.ndarray:
        """What the readout reads: voltages (trials, steps, n) or first spikes, ms, (trials, n)."""

    @abstractmethod
    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        """Gradients of the batch; this may follow a backward pass that was interrupted.

        Args:
            observed: dL/d of what :meth:`_observe` returned; None where the readout reads spike
                counts, whose gradient is in ``spike_drive``.
            spike_drive: (trials, units) by population.
        """

    @abstractmethod
    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        """As :meth:`correlation`, of the projection ``index`` of the plan."""

    @abstractmethod
    def _spikes(self, k: int) -> Events:
        """As :meth:`spikes`, of population k, once a batch was run."""

    def _spike_counts(self, k: int) -> np.ndarray:
        """As :meth:`spike_counts`, of population k."""
        return self._spikes(k).counts(self.trials, self.plan.populations[k].size)

    def _read_counts(self, k: int) -> np.ndarray:
        """As :meth:`spike_counts`, of population k, where spikes may be graded."""
        return self._spike_counts(k).astype(np.float64)

    @abstractmethod
    def _memory(self) -> int: ...

    def _close(self) -> None:
        """Free what is not freed by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise BackendError(
            "a simulation cannot be copied or pickled: it holds threads and memory of an engine; "
            "hand over the network, and compile it there"
        )
