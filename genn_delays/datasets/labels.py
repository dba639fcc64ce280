"""What counts as the class of a trial, or of each of its steps, in every file and every Split."""

from __future__ import annotations

import numpy as np

from genn_delays.support.checks import all_finite
from genn_delays.support.errors import DataError

MOST_CLASSES = 10**6
"""Classes that labels may imply where nobody has said how many there are."""


def class_labels(
    given: np.ndarray, trials: int, where: str, classes: int | None = None
) -> np.ndarray:
    """One class per trial, int64, shape (trials,).

    Args:
        given: what has one meaning only: whole numbers >= 0 of shape (trials,) or (trials, 1),
            whatever their type, or rows of 0 with a single 1, shape (trials, classes).
        trials: how many there are.
        where: begins the message: a file or the name of a split.
        classes: number of classes, if it is known.

    Raises:
        DataError: anything else, or a class beyond ``classes``.

    >>> class_labels(np.array([[0.0], [2.0]]), 2, "labels.npy")
    array([0, 2])
    >>> class_labels(np.eye(3), 3, "labels.npy")
    array([0, 1, 2])
    """
    labels = np.asarray(given)
    if labels.ndim == 2 and labels.shape[0] == trials and labels.shape[1] > 1:
        if labels.dtype.kind in "biuf" and is_one_hot(labels):
            labels = labels.argmax(axis=1)
    elif labels.shape == (trials, 1):
        labels = labels[:, 0]
    if labels.shape != (trials,) or not _whole(labels):
        raise DataError(
            f"{where}: labels of type {labels.dtype} and shape {np.shape(given)} for {trials} "
            "trials; give one whole number >= 0 for each, or rows of 0 with a single 1"
        )
    return _within(labels, where, classes)


def step_labels(given: np.ndarray, trials: int, steps: int, where: str, classes: int) -> np.ndarray:
    """One class per step of each trial, int64, shape (trials, steps).

    Args:
        given: whole numbers >= 0 of that shape, whatever their type.
        trials, steps: how many there are.
        where: begins the message: a file or the name of a split.
        classes: number of classes.

    Raises:
        DataError: anything else, or a class beyond ``classes``.
    """
    labels = np.asarray(given)
    if labels.shape != (trials, steps) or not _whole(labels):
        raise DataError(
            f"{where}: labels of type {labels.dtype} and shape {labels.shape} for {trials} trials "
            f"of {steps} steps; give one whole number >= 0 for each step"
        )
    return _within(labels, where, classes)


def _whole(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "biu" or (
        labels.dtype.kind == "f" and all_finite(labels) and bool(np.all(labels == np.rint(labels)))
    )


def _within(labels: np.ndarray, where: str, classes: int | None) -> np.ndarray:
    """Whole numbers as int64; DataError for the first that is no class."""
    if labels.dtype.kind == "f":
        labels = labels.astype(np.float64, copy=False)  # float16 ends below MOST_CLASSES
    # compared before they are narrowed
    most = MOST_CLASSES if classes is None else classes
    wrong = np.argwhere((labels < 0) | (labels >= most))
    if wrong.size:
        value = labels[tuple(wrong[0])]
        remedy = "check the number of classes" if value >= 0 else "labels are whole numbers >= 0"
        place = ", step ".join(map(str, wrong[0]))
        raise DataError(
            f"{where}: trial {place} has label {value:.15g}, outside 0 to {most - 1}; {remedy}"
        )
    return labels.astype(np.int64)


def is_one_hot(rows: np.ndarray) -> bool:
    """Whether every row holds a single 1 and else 0."""
    ones = rows == 1
    return bool(np.all(ones | (rows == 0)) and np.all(np.count_nonzero(ones, axis=1) == 1))
