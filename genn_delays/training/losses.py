"""Losses of a readout's outputs: value (mean over trials) and drive = dL/d outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.planning.softmax import log_softmax
from genn_delays.support.errors import DataError, PlanError
from genn_delays.support.references import Cited

Ranges = tuple[tuple[int, int], ...]


class Loss(Cited, ABC):
    """Base of all losses."""

    @abstractmethod
    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        """(mean loss over the trials, its derivative with respect to ``outputs``)."""

    def checked(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        """As calling it; PlanError where it returns anything else, as one of your own may."""
        found = self(outputs, targets)
        pair = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        shapes = tuple(np.shape(part) if part is not None else None for part in pair)
        if shapes != ((), outputs.shape):
            raise PlanError(
                f"{type(self).__name__} returned parts of shape {shapes}; return (mean loss, dL/d "
                f"outputs), of shape ((), {outputs.shape})"
            )
        return float(pair[0]), np.asarray(pair[1])

    def predict(self, outputs: np.ndarray) -> np.ndarray | None:
        """Class of each trial or of each of its steps, or None where the loss is a regression.

        Of the shape of the labels; -1 where accuracy does not count.
        """
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
        labels = np.asarray(targets)
        if labels.shape != outputs.shape[:1]:
            raise DataError(
                f"labels of shape {labels.shape} ({labels.dtype}) for {len(outputs)} trials"
            )
        return self._mean(outputs, labels)

    def _mean(self, outputs: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean over all labels, shape (...), and its derivative by the outputs, (..., classes)."""
        classes = outputs.shape[-1]
        if labels.dtype.kind not in "iu":
            raise DataError(f"labels of type {labels.dtype}; classes are whole numbers")
        if labels.min() < 0 or labels.max() >= classes:
            bad = labels.min() if labels.min() < 0 else labels.max()
            raise DataError(
                f"label {bad} is out of range for {classes} output units; "
                f"labels are 0 to {classes - 1}"
            )
        log_p = log_softmax(self.scale * outputs, axis=-1)
        wanted = np.full(outputs.shape, self.label_smoothing / classes)
        share = 1.0 - self.label_smoothing + self.label_smoothing / classes
        np.put_along_axis(wanted, labels[..., None], share, axis=-1)
        value = -np.sum(wanted * log_p) / labels.size
        return float(value), self.scale * (np.exp(log_p) - wanted) / labels.size

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        return np.argmax(self.scale * outputs, axis=-1)


@dataclass(frozen=True)
class StepCrossEntropy(CrossEntropy):
    """Cross-entropy of each step, for labels (trials, steps) and the outputs of a VoltageTrace.

    Attributes:
        scale, label_smoothing: as of CrossEntropy.
        steps: ranges (first, end) of the steps whose mean it is, the end left out; () for all.
        counted: ranges of the steps that accuracy is the share of; () for those of ``steps``.
    """

    steps: Ranges = ()
    counted: Ranges = ()
    cites: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("steps", "counted"):
            for first, end in getattr(self, name):
                if not 0 <= first < end:
                    raise PlanError(
                        f"StepCrossEntropy({name}=...): ({first}, {end}) holds no steps; "
                        "write 0 <= first < end"
                    )

    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
        if outputs.ndim != 3 or not outputs.size:
            raise DataError(
                "StepCrossEntropy takes outputs (trials, steps, classes) of at least one trial, "
                f"got {outputs.shape}; read a voltage_trace"
            )
        labels = np.asarray(targets)
        if labels.shape != outputs.shape[:2]:
            raise DataError(
                f"labels of shape {labels.shape} for {outputs.shape[0]} trials of "
                f"{outputs.shape[1]} steps; each step needs one: is training.duration that of the "
                "data set?"
            )
        chosen = _chosen(self.steps, "steps", outputs.shape[1])
        value, drive = self._mean(outputs[:, chosen], labels[:, chosen])
        result = np.zeros(outputs.shape)
        result[:, chosen] = drive
        return value, result

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        counted = _chosen(self.counted or self.steps, "counted", outputs.shape[1])
        return np.where(counted, super().predict(outputs), -1)


def _chosen(ranges: Ranges, name: str, steps: int) -> np.ndarray:
    """Which steps of a trial lie in one of the ranges, (steps,); all where there are none."""
    chosen = np.full(steps, not ranges)
    for first, end in ranges:
        if end > steps:
            raise DataError(
                f"StepCrossEntropy({name}=...): ({first}, {end}) ends beyond the {steps} steps of "
                "a trial; they are counted at training.dt"
            )
        chosen[first:end] = True
    return chosen


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
