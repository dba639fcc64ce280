"""The training step of this package on a row of :mod:`rows`."""

from __future__ import annotations

import numpy as np
import rows
import scipy.linalg  # noqa: F401  (what planning loads, as PyTorch is loaded before memory is counted)

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.backends.native import vectors
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.update_rules import Adam

SIGMA = {"surrogate": None, "surrogate_narrow": rows.NARROW}
"""Width of the delay kernels of the published networks, by side; None for rounded delays."""


class Ours:
    """A network in training on one batch that stays in memory.

    Args:
        row: from ``rows.ROWS``.
        side: ``"eventprop"``, ``"surrogate"`` or ``"surrogate_narrow"``.
        threads: by default one per available core.
        trials: of the batch, by default those of the row.
        batch: the input, by default that of the row.
    """

    def __init__(
        self,
        row: rows.Row,
        side: str = "eventprop",
        *,
        threads: int | None = None,
        trials: int | None = None,
        batch: gd.Events | None = None,
    ) -> None:
        trials = trials or row.batch
        published = side != "eventprop" and row.published is not None
        self.network = rows.published_network(row, SIGMA[side]) if published else rows.network(row)
        self.simulation = gd.compile(
            self.network,
            gradient=gd.EventProp() if side == "eventprop" else gd.Surrogate(),
            readout=gd.readouts.SoftmaxSum() if published else gd.readouts.MeanVoltage(),
            dt=row.dt,
            steps=rows.duration(self.network, row),
            batch_size=trials,
            backend="native",
            threads=threads,
        )
        self.optimiser = Optimiser(weight=Adam(rows.RATE), delay=Adam(rows.RATE_DELAY * row.dt))
        self.batch = rows.events(row, trials) if batch is None else batch
        self.labels = rows.labels(row, trials)
        self.rng = np.random.default_rng(1)

    def forward(self) -> np.ndarray:
        """The forward pass of a training batch."""
        masks = dropout_masks(self.simulation.plan, self.batch.trials, self.rng)
        return self.simulation.forward(self.batch, masks=masks)

    def gradients(self) -> tuple[float, gd.Gradients]:
        """Forward pass, loss and backward pass; the loss too."""
        loss, drive = gd.losses.CrossEntropy()(self.forward(), self.labels)
        return loss, self.simulation.backward(drive)

    def step(self) -> float:
        """A whole training step; the loss before it."""
        loss, gradients = self.gradients()
        self.optimiser.step(self.network, gradients)
        for name, seen in self.simulation.statistics.items():
            population = self.network.populations[name]
            assert population.normalise is not None
            population.units.observe(population.normalise, seen)
        self.simulation.load(self.network)
        return loss

    def vector_bytes(self) -> int:
        """How wide the engine's vectors are."""
        return vectors.vector_bytes(self.simulation.plan)

    def spikes(self) -> dict[str, float]:
        """Spikes per neuron and trial in the last forward pass, by hidden layer."""
        hidden = [p.name for p in self.network.populations.values() if p.name.startswith("hidden")]
        return {name: float(self.simulation.spike_counts(name).mean()) for name in hidden}
