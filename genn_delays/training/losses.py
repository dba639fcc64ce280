"""Losses of a readout's outputs: value (mean over trials) and drive = dL/d outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.planning.softmax import log_softmax
from genn_delays.support.errors import DataError, PlanError
from genn_delays.support.references import Cited


class Loss(Cited, ABC):
    """Base of all losses."""

    @abstractmethod
    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        """(mean loss over the trials, its derivative with respect to ``outputs``)."""

    def predict(self, outputs: np.ndarray) -> np.ndarray | None:
        """Class of each trial, shape (trials,), or None where the loss is a regression."""
        return None


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy of softmax(scale * outputs) with integer labels.

    Attributes:
        scale: factor on the outputs; negative where the smallest output wins, as for times.
        label_smoothing: share of the target spread evenly over all classes, in [0, 1).
    """

    scale: float = 1.0
    label_smoothing: float = 0.0
    cites: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise PlanError(
                f"CrossEntropy(label_smoothing={self.label_smoothing}): must be in [0, 1)"
            )
        if not (np.isfinite(self.scale) and self.scale != 0):
            raise PlanError(f"CrossEntropy(scale={self.scale}): must be finite and not 0")

    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        if outputs.ndim != 2 or not len(outputs):
            raise DataError(
                f"CrossEntropy takes outputs (trials, classes) of at least one trial, got "
                f"{outputs.shape}; read a mean, a maximum or first spikes"
            )
        trials, classes = outputs.shape
        labels = np.asarray(targets)
        if labels.shape != (trials,) or labels.dtype.kind not in "iu":
            raise DataError(f"labels of shape {labels.shape} ({labels.dtype}) for {trials} trials")
        if labels.size and (labels.min() < 0 or labels.max() >= classes):
            bad = labels.min() if labels.min() < 0 else labels.max()
            raise DataError(
                f"label {bad} is out of range for {classes} output units; "
                f"labels are 0 to {classes - 1}"
            )
        log_p = log_softmax(self.scale * outputs, axis=1)
        wanted = np.full((trials, classes), self.label_smoothing / classes)
        wanted[np.arange(trials), labels] += 1.0 - self.label_smoothing
        value = -np.sum(wanted * log_p) / trials
        return float(value), self.scale * (np.exp(log_p) - wanted) / trials

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        return np.argmax(self.scale * outputs, axis=1)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean over trials, steps and units of (outputs - targets)^2."""

    cites: ClassVar[tuple[str, ...]] = ()

    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        targets = np.asarray(targets, dtype=np.float64)
        if targets.shape != outputs.shape:
            raise DataError(
                f"targets of shape {targets.shape} for outputs of shape {outputs.shape}"
            )
        if not outputs.size:
            raise DataError(
                f"MeanSquaredError takes outputs of at least one trial, got {outputs.shape}"
            )
        difference = outputs - targets
        return float(np.mean(difference**2)), 2.0 * difference / difference.size
