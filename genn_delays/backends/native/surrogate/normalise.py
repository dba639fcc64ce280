"""The host's side of batch normalisation and bias: from sums over groups of trials to factors.

Parts of the batch are combined in a fixed order, and about their own means (Chan, Golub and
LeVeque, 1983, Am. Stat. 37), so that results are exact and do not depend on the threads.
"""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.units import BatchStatistics, UnitTable
from genn_delays.planning.dynamics import PlannedPopulation


class Normalisation:
    """What is done to the input of one population: u <- (u - centre) gain + shift.

    Attributes:
        statistics: of the last training batch, where there is a normalisation.
    """

    def __init__(self, p: PlannedPopulation, dtype: type) -> None:
        self.normalise, self.size, self.dtype = p.normalise, p.size, dtype
        self.statistics: BatchStatistics | None = None

    def load(self, units: UnitTable) -> None:
        """Take over what training changed."""
        self.columns = {name: column.copy() for name, column in units.columns.items()}

    @property
    def observes(self) -> bool:
        """Training batches are normalised with their own statistics."""
        return self.normalise is not None

    def forward(self, moments: np.ndarray | None, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Factors of the engine.

        Args:
            moments: (groups, units, 2), mean of each part and the sum of squares about it; None
                to use the running averages.
            counts: values in each group's mean.
        """
        zeros, ones = np.zeros(self.size), np.ones(self.size)
        shift = self.columns.get("bias", zeros)
        self.statistics, self.scale = None, ones
        if self.normalise is None:
            return self._engine(centre=zeros, gain=ones, shift=shift, scale=ones)
        mean, variance = self.columns["running_mean"], self.columns["running_variance"]
        if moments is not None and counts.sum():
            share = counts[:, None] / counts.sum()
            mean = np.sum(share * moments[:, :, 0], axis=0)
            between = (moments[:, :, 0] - mean) ** 2
            variance = np.sum(moments[:, :, 1] / counts.sum() + share * between, axis=0)
            self.statistics = BatchStatistics(mean, variance, int(counts.sum()))
        self.scale = 1.0 / np.sqrt(variance + self.normalise.eps)
        gain = self.columns["gain"] * self.scale
        return self._engine(centre=mean, gain=gain, shift=shift, scale=self.scale)

    def backward(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Factors of the engine from sums of the adjoint and of adjoint times input, (units, 2)."""
        assert self.statistics is not None
        mean = sums / self.statistics.count
        return self._engine(adjoint_mean=mean[:, 0], along=mean[:, 1])

    def _engine(self, **values: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.ascontiguousarray(v, dtype=self.dtype) for name, v in values.items()}
