"""Batch normalisation and bias of one population's input current, forwards and backwards."""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.units import BatchStatistics, UnitTable
from genn_delays.planning.dynamics import PlannedPopulation


class Normaliser:
    """u <- gain (u - mean) / sqrt(variance + eps) + bias, or u + bias without normalisation.

    Attributes:
        statistics: of the last training batch, where there is a normalisation.
        bias: (n,), of the plan's precision.
    """

    def __init__(self, p: PlannedPopulation, units: UnitTable, dtype: type) -> None:
        self.normalise, self.dtype = p.normalise, dtype
        columns = units.columns
        self.bias: np.ndarray = columns.get("bias", np.zeros(p.size)).astype(dtype)
        self.columns = {name: column.copy() for name, column in columns.items()}
        self.statistics: BatchStatistics | None = None

    def forward(self, u: np.ndarray, training: bool) -> np.ndarray:
        """The normalised input; u is (steps, trials, n)."""
        self.statistics = None
        if self.normalise is None:
            return u + self.bias
        mean, variance = self.columns["running_mean"], self.columns["running_variance"]
        if training and u.shape[1]:
            mean, variance = u.mean(axis=(0, 1), dtype=float), u.var(axis=(0, 1), dtype=float)
            self.statistics = BatchStatistics(mean, variance, u.shape[0] * u.shape[1])
        self.scale = 1.0 / np.sqrt(variance + self.normalise.eps)
        self.normal = ((u - mean) * self.scale).astype(self.dtype)
        return self.normal * self.columns["gain"].astype(self.dtype) + self.bias

    def gradients(self, adjoint: np.ndarray) -> dict[str, np.ndarray]:
        """dL/d gain and dL/d bias from the adjoint of the normalised input."""
        found = {"bias": adjoint.sum(axis=(0, 1), dtype=float)}
        if self.normalise is not None:
            found["gain"] = (adjoint * self.normal).sum(axis=(0, 1), dtype=float)
        return found

    def backward(self, adjoint: np.ndarray) -> np.ndarray:
        """The adjoint of u: the batch's mean and variance depend on it too."""
        if self.normalise is None or self.statistics is None:
            return adjoint
        gain = self.columns["gain"] * self.scale
        mean = adjoint.mean(axis=(0, 1), dtype=float)
        along = (adjoint * self.normal).mean(axis=(0, 1), dtype=float)
        return (gain * (adjoint - mean - self.normal * along)).astype(self.dtype)
