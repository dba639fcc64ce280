"""A simulation whose batches are shared out over ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.backends.gradient import Gradient, Gradients
from genn_delays.backends.simulation import Simulation
from genn_delays.backends.ties import Links
from genn_delays.parallel.ranks import Ranks
from genn_delays.planning.events import Events
from genn_delays.support.errors import BackendError, ConfigError

if TYPE_CHECKING:
    from genn_delays.declaration.network import Network
    from genn_delays.declaration.synapses import SynapseTable


def check_shareable(ranks: Ranks, network: Network, device: bool) -> None:
    """Raise ConfigError where the batches of a network cannot be shared out.

    Args:
        device: the optimiser is on the device.
    """
    if ranks.count == 1:
        return
    alone = "train it in one process"
    if device:
        raise ConfigError(
            f"optimiser device: true keeps gradients on one device, but {ranks.count} processes "
            f"are to add theirs up; leave device out, or {alone}"
        )
    for population in network.populations.values():
        if population.normalise is not None:
            raise ConfigError(
                f"population {population.name!r} has batch normalisation, whose statistics are "
                f"those of the whole batch, which no single process of {ranks.count} sees; {alone}"
            )


def own_batch(ranks: Ranks, batch_size: int) -> int:
    """Most trials of a batch that one rank runs."""
    return -(-batch_size // ranks.count)


class SharedSimulation(Simulation):
    """Runs this rank's share of each batch; what it returns is, in all ranks, of the whole batch.

    Outputs and spike counts are those of each trial, so they are put together as they are.
    Gradients, and correlations, are added in float64 in the order of the ranks.

    Args:
        own: simulation of the network, for :func:`own_batch` trials.
        network: that was compiled.
        ranks: that call this alike.
        batch_size: of the whole.
    """

    def __init__(self, own: Simulation, network: Network, ranks: Ranks, batch_size: int) -> None:
        super().__init__(replace(own.plan, batch_size=batch_size))
        self.own, self.ranks = own, ranks
        self._mine = slice(0, 0)
        self._counts: dict[str, np.ndarray] = {}
        self._spiking = [p.name for p in self.plan.populations if p.is_spiking]
        self.load(network)

    def check_training(self) -> None:
        self.own.check_training()

    def row_limit(self, projection: str) -> int | None:
        return self.own.row_limit(projection)

    def load(self, network: Network) -> None:
        super().load(network)
        self._links = Links()  # those of `own` have summed what is tied
        populations = network.populations.values()
        self._columns = [(p.name, column, p.size) for p in populations for column in p.learn]
        self._rows = {name: len(p.synapses) for name, p in network.projections.items()}

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        self.own.load(network)

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        mine = self._mine = self.ranks.share(self.trials)
        outputs, counts = None, {}
        if self._at_work:
            part = {name: given.part(mine) for name, given in events.items()}
            own_masks = {name: mask[mine] for name, mask in masks.items()}
            outputs = self.own.forward(part, training=self.training, masks=own_masks)
            counts = {n: self.own.spike_counts(n).astype(np.int32) for n in self._spiking}
        found = self.ranks.gather("a forward pass", (outputs, counts, self.own.regrown))
        self.regrown = sum(regrown for _, _, regrown in found)
        self._outputs = np.concatenate([part for part, _, _ in found if part is not None])
        self._counts = {
            name: np.concatenate([part[name] for _, part, _ in found if part]).astype(np.int64)
            for name in self._spiking
        }

    @property
    def _at_work(self) -> bool:
        """Whether this rank has any trial of the batch."""
        return self._mine.start < self._mine.stop

    def _observe(self) -> np.ndarray:
        """What the readouts of all ranks made of their trials."""
        return self._outputs

    def _read(self) -> np.ndarray:
        return self._observe()

    def _driven(self, gradient: np.ndarray, extra: dict[str, np.ndarray]) -> np.ndarray:
        return gradient  # each rank's own simulation goes back over its readout

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        assert observed is not None
        sizes = [size for rows in self._rows.values() for size in (rows, rows)]
        sizes += [size for _, _, size in self._columns]
        parts = [np.zeros(size) for size in sizes]
        if self._at_work:
            drive = {name: values[self._mine] for name, values in spike_drive.items()}
            own = self.own.backward(observed[self._mine], drive)
            parts = [part for n in self._rows for part in (own[n].weight, own[n].delay)]
            parts += [own.units[name][column] for name, column, _ in self._columns]
        flat = self.ranks.sum("a backward pass", np.concatenate(parts))
        summed = iter(np.split(flat, np.cumsum(sizes)[:-1]))
        projections = {name: Gradient(next(summed), next(summed)) for name in self._rows}
        units: dict[str, dict[str, np.ndarray]] = {}
        for name, column, _ in self._columns:
            units.setdefault(name, {})[column] = next(summed)
        return Gradients(projections, units)

    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        found = np.zeros((len(pre), count))
        if self._at_work:
            name = self.plan.projections[index].name
            found = self.own.correlation(name, pre, post, first, count)
        return self.ranks.sum("growth gradients", found.ravel()).reshape(found.shape)

    def _spikes(self, k: int) -> Events:
        raise BackendError(
            "the spikes of a batch are with the ranks that ran its trials; ask for spike_counts()"
        )

    def _spike_counts(self, k: int) -> np.ndarray:
        name = self.plan.populations[k].name
        return self._counts[name] if name in self._counts else super()._spike_counts(k)

    def _memory(self) -> int:
        return self.own.memory()

    def _close(self) -> None:
        self.own.close()
