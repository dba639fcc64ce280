"""Readouts: what a trial's output is, as a function of one population's voltage or spikes.

Backends hand over the voltage of every step (or the first spike times); the readout and its
derivative are written once, here, for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.softmax import softmax
from genn_delays.support.errors import PlanError
from genn_delays.support.references import Cited


@dataclass(frozen=True)
class Readout(Cited, ABC):
    """Base of all readouts.

    Attributes:
        population: name of the population to read; by default the only one that drives none.

    Class attributes:
        reads: ``"voltage"``, ``"first_spike"`` or ``"spike_count"``.
        linear: True where outputs are linear in the voltage. Only then is the gradient through
            a spiking neuron's voltage exact, so only these may read one.
    """

    population: str | None = None

    reads: ClassVar[str] = "voltage"
    linear: ClassVar[bool] = False

    def check(self, population: PlannedPopulation) -> None:
        """Raise PlanError where this readout cannot read such a population."""
        if self.reads != "voltage" and not population.is_spiking:
            kind = type(self).__name__
            raise PlanError(f"{kind} reads spikes, but population {population.name!r} never spikes")
        if population.tail:
            raise PlanError(
                f"population {population.name!r} is read, so it must not be off at the end of a "
                "trial; leave its tail out"
            )

    def weights(self, steps: int, dt: float) -> np.ndarray | None:
        """Weight of each step, (steps,), where outputs are sums of weighted voltages; else None.

        Engines then sum by themselves, and never call ``forward()``.
        """
        return None

    def check_weights(self, steps: int, dt: float) -> None:
        """Raise PlanError where ``forward()`` is not the sum of weighted voltages."""
        if (weights := self.weights(steps, dt)) is None:
            return
        voltage = np.random.default_rng(0).normal(size=(1, steps, 1))
        expected = np.einsum("btn,t->bn", voltage, weights)
        if not np.allclose(self.forward(voltage, dt), expected, rtol=1e-6, atol=1e-9):
            raise PlanError(
                f"{type(self).__name__}: forward() gives other outputs than weights(), which "
                "engines use in its place; define both, or let weights() return None"
            )

    @abstractmethod
    def forward(self, observed: np.ndarray, dt: float) -> np.ndarray:
        """Outputs of each trial.

        Args:
            observed: voltages before the reset, shape (trials, steps, units); for
                ``reads = "first_spike"`` times in ms, for ``"spike_count"`` spikes of the trial,
                both of shape (trials, units).
            dt: ms.
        """

    @abstractmethod
    def backward(self, output_gradient: np.ndarray, observed: np.ndarray, dt: float) -> np.ndarray:
        """dL/d observed, of its shape, from output_gradient = dL/d outputs."""


@dataclass(frozen=True)
class MeanVoltage(Readout):
    """Mean of the voltage over the steps of the trial; outputs (trials, units)."""

    cites: ClassVar[tuple[str, ...]] = ()
    linear: ClassVar[bool] = True

    def weights(self, steps: int, dt: float) -> np.ndarray:
        return np.full(steps, 1.0 / steps)

    def forward(self, observed: np.ndarray, dt: float) -> np.ndarray:
        weights = self.weights(observed.shape[1], dt)
        return np.einsum("btn,t->bn", observed, weights.astype(observed.dtype)).astype(np.float64)

    def backward(self, output_gradient: np.ndarray, observed: np.ndarray, dt: float) -> np.ndarray:
        weights = self.weights(observed.shape[1], dt)
        return weights[None, :, None] * np.asarray(output_gradient)[:, None, :]


@dataclass(frozen=True)
class ExponentialMeanVoltage(MeanVoltage):
    """Mean over steps of V(t) exp(-t / tau), which favours early evidence.

    Nowotny, Turner and Knight (2025, 10.1088/2634-4386/ada852); used for speech by Meszaros,
    Knight and Nowotny (2025) with tau the length of the trial.

    Attributes:
        tau: ms; by default the length of the trial.
    """

    tau: float | None = None
    cites: ClassVar[tuple[str, ...]] = ("nowotny2025",)

    def __post_init__(self) -> None:
        if self.tau is not None and not self.tau > 0:
            raise PlanError(f"ExponentialMeanVoltage(tau={self.tau}): must be > 0 ms")

    def weights(self, steps: int, dt: float) -> np.ndarray:
        tau = steps * dt if self.tau is None else self.tau
        return np.exp(-np.arange(steps) * dt / tau) / steps


@dataclass(frozen=True)
class MaxVoltage(Readout):
    """Largest voltage of the trial; the gradient goes to the step that reached it first."""

    cites: ClassVar[tuple[str, ...]] = ()

    def forward(self, observed: np.ndarray, dt: float) -> np.ndarray:
        return observed.max(axis=1).astype(np.float64)

    def backward(self, output_gradient: np.ndarray, observed: np.ndarray, dt: float) -> np.ndarray:
        result = np.zeros(observed.shape)
        peak = observed.argmax(axis=1)[:, None, :]
        np.put_along_axis(result, peak, np.asarray(output_gradient)[:, None, :], axis=1)
        return result


@dataclass(frozen=True)
class SoftmaxSum(Readout):
    """Sum over the steps of the softmax of the voltages; outputs (trials, units).

    Hammouamri et al. (2024) and Meszaros, Knight and Nowotny (2024) take the cross-entropy of
    this sum, as if it were a logit again.
    """

    cites: ClassVar[tuple[str, ...]] = ("hammouamri2024",)

    def forward(self, observed: np.ndarray, dt: float) -> np.ndarray:
        return softmax(observed, axis=-1).sum(axis=1, dtype=np.float64)

    def backward(self, output_gradient: np.ndarray, observed: np.ndarray, dt: float) -> np.ndarray:
        share = softmax(observed, axis=-1)
        output_gradient = np.asarray(output_gradient).astype(observed.dtype)[:, None, :]
        return share * (output_gradient - np.sum(share * output_gradient, axis=-1, keepdims=True))


class Observed(Readout):
    """Base of readouts whose outputs are what they read."""

    def forward(self, observed: np.ndarray, dt: float) -> np.ndarray:
        return observed.astype(np.float64)

    def backward(self, output_gradient: np.ndarray, observed: np.ndarray, dt: float) -> np.ndarray:
        return np.asarray(output_gradient)


@dataclass(frozen=True)
class VoltageTrace(Observed):
    """The voltage of every step; outputs (trials, steps, units)."""

    cites: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class FirstSpike(Observed):
    """Time of each neuron's first spike in ms; the length of the trial where it is silent.

    Classify with ``CrossEntropy(scale=-1 / tau)``: the earliest spike wins. A silent neuron
    has no gradient.
    """

    cites: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[str] = "first_spike"


@dataclass(frozen=True)
class SpikeCount(Observed):
    """Spikes of each neuron in the trial; outputs (trials, units).

    Classify with ``CrossEntropy(scale=...)``, or compare with target counts by
    ``MeanSquaredError()``. A count does not change when weights and delays change a little, so
    it has no exact gradient: train it with :class:`Surrogate`.
    """

    cites: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[str] = "spike_count"
