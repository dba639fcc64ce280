"""Trials and labels from a user's own arrays.

Trials are one of

- a list with (times, units) of each trial, or (times, units, values) of graded input; times in ms,
- a mapping with ``time``, ``unit``, ``trial`` and perhaps ``value``: flat arrays of all events,
- an array (trials, steps, units), a step lasting dt: what is not 0 is an event, graded where any
  entry is neither 0 nor 1,
- :class:`~genn_delays.Events`.

Labels are one of

- a class for each trial, see :func:`~genn_delays.datasets.labels.class_labels`,
- whole numbers (trials, steps): a class for each step,
- other numbers: the target of a regression, (trials,), (trials, units) or (trials, steps, units).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.datasets.labels import MOST_CLASSES, class_labels, is_one_hot, step_labels
from genn_delays.planning.events import Events
from genn_delays.support.checks import all_finite, is_count, is_number
from genn_delays.support.errors import DataError, suggest
from genn_delays.support.limits import check_size

Trials = Events | Mapping[str, np.ndarray] | np.ndarray | Sequence[Any]

FORMS = (
    "give a list of (times, units), a mapping with time, unit and trial, an array (trials, steps, "
    "units), or gd.Events"
)
COLUMNS = ("time", "unit", "trial", "value")
EVENT = 32
"""Bytes of a graded event, in the types that numpy finds them in."""


def events_of(
    trials: Trials, units: int, dt: float, where: str, count: int | None = None
) -> tuple[Events, float | None]:
    """The events of trials in any of the forms above.

    Args:
        units: of the input population.
        dt: step of dense arrays in ms.
        where: begins messages.
        count: trials that there must be; None where that is not known.

    Returns:
        Events, and how long a trial lasts in ms where that is known.

    Raises:
        DataError: another form, or parts that do not fit each other.
    """
    if not (is_number(dt) and dt > 0):
        raise DataError(f"{where}: dt={dt!r}; the time step must be > 0 ms")
    lasts = None
    if isinstance(trials, Events):
        events = trials
    elif isinstance(trials, Mapping):
        events = _from_columns(trials, where, count)
    elif isinstance(trials, np.ndarray) and trials.dtype != object:
        events, lasts = _from_dense(trials, units, dt, where)
    elif isinstance(trials, (np.ndarray, Sequence)) and not isinstance(trials, (str, bytes)):
        events = _from_list(trials, where)
    else:
        raise DataError(f"{where}: {type(trials).__name__} given; {FORMS}")
    if count is not None and events.trials != count:
        raise DataError(f"{where}: {count} labels for {events.trials} trials; give one for each")
    return events, lasts


def _from_columns(given: Mapping[str, np.ndarray], where: str, count: int | None) -> Events:
    for name in given:
        if name not in COLUMNS:
            raise DataError(f"{where}: unknown column {name!r}; {suggest(str(name), COLUMNS)}")
    for name in COLUMNS[:3]:
        if name not in given:
            raise DataError(f"{where}: there is no column {name!r}; {FORMS}")
    trial = np.asarray(given["trial"])
    if count is None:
        count = int(trial.max()) + 1 if trial.size else 0
    return Events(given["time"], given["unit"], trial, count, given.get("value"))


def _from_dense(given: np.ndarray, units: int, dt: float, where: str) -> tuple[Events, float]:
    if given.ndim != 3 or given.dtype.kind not in "biuf" or given.shape[2] != units:
        raise DataError(
            f"{where}: {given.dtype} of shape {given.shape} for {units} units; give numbers of "
            "shape (trials, steps, units), also of a single trial"
        )
    check_size(EVENT * int(np.count_nonzero(given)), f"{where}: the events of {given.shape}")
    trial, step, unit = np.nonzero(given)
    value = given[trial, step, unit]
    graded = None if np.all(value == 1) else value
    return Events(step * float(dt), unit, trial, len(given), graded), given.shape[1] * float(dt)


def _from_list(given: Sequence[Any] | np.ndarray, where: str) -> Events:
    columns: list[list[np.ndarray]] = [[], [], []]
    for k, parts in enumerate(given):
        pair = isinstance(parts, (tuple, list)) and len(parts) in (2, 3)
        arrays = [np.asarray(part) for part in parts] if pair else []
        shapes = [array.shape for array in arrays]
        if not pair or len(set(shapes)) > 1 or len(shapes[0]) != 1:
            found = f"shapes {shapes}" if pair else type(parts).__name__
            raise DataError(
                f"{where}: trial {k} holds {found}; give (times, units), arrays of one length, "
                "for each: a single trial is [(times, units)]"
            )
        for column, array in zip(columns, arrays, strict=False):
            column.append(array)
    times, units, values = columns
    if values and len(values) != len(times):
        raise DataError(f"{where}: some trials have values and some have none; give all or none")
    return Events.from_lists(times, units, values or None)


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of all splits in the form that a Split keeps.

    Attributes:
        labels: by split; classes of trials or steps as int64, targets of a regression as float64.
        classes: 0 for a regression.
        steps: labels of a trial where each step has a class, else 0.
    """

    labels: dict[str, np.ndarray]
    classes: int
    steps: int


def targets_of(
    splits: Mapping[str, tuple[Any, Any]], allowed: Sequence[str], classes: int | None
) -> Targets:
    """The labels of (trials, labels) by split.

    Args:
        allowed: names of splits.
        classes: as many, 0 for a regression, or None to see from the labels.

    Raises:
        DataError: a split of another name, splits of several kinds, or no labels of any kind.
    """
    if classes is not None and not is_count(classes, least=0):
        raise DataError(f"from_arrays(): classes={classes!r}; must be a whole number >= 0")
    given = {}
    for split, pair in splits.items():
        if split not in allowed:
            raise DataError(f"from_arrays(): no split {split!r}; {suggest(str(split), allowed)}")
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError(f"from_arrays(): give (trials, labels) of the {split} split")
        given[split] = np.asarray(pair[1])
    kinds = {split: "values" if classes == 0 else _kind(array) for split, array in given.items()}
    for split, kind in kinds.items():
        if not kind or kind != kinds[next(iter(kinds))]:
            raise DataError(
                f"from_arrays(), {split} split: labels of type {given[split].dtype} and shape "
                f"{given[split].shape}; in all splits give a class per trial, a class per step, or "
                "other numbers (of a regression: classes=0)"
            )
    return {"class": _classes, "steps": _steps, "values": _values}[next(iter(kinds.values()))](
        given, classes or None
    )


def _kind(labels: np.ndarray) -> str:
    """What labels are: "class", "steps", "values", or "" for nothing that is known."""
    if labels.dtype.kind not in "biuf" or labels.ndim == 0 or not all_finite(labels):
        return ""
    whole = labels.dtype.kind != "f" or bool(np.all(labels == np.rint(labels)))
    flat = labels.ndim == 1 or labels.shape[1:] == (1,)
    if whole and (flat or (labels.ndim == 2 and is_one_hot(labels))):
        return "class"
    if labels.ndim == 2 and labels.dtype.kind != "f":
        return "steps"
    return "values" if labels.dtype.kind == "f" else ""


def _classes(given: dict[str, np.ndarray], classes: int | None) -> Targets:
    labels = {
        split: class_labels(array, len(array), f"from_arrays(), {split} split", classes)
        for split, array in given.items()
    }
    one_hot = [array.shape[1] for array in given.values() if array.ndim == 2]
    shown = [*one_hot, *(int(array.max(initial=0)) + 1 for array in labels.values())]
    return Targets(labels, classes or max(shown), 0)


def _steps(given: dict[str, np.ndarray], classes: int | None) -> Targets:
    steps = next(iter(given.values())).shape[1]
    labels = {
        split: step_labels(
            *(array, len(array), steps, f"from_arrays(), {split} split", classes or MOST_CLASSES)
        )
        for split, array in given.items()
    }
    shown = max(int(array.max(initial=0)) + 1 for array in labels.values())
    return Targets(labels, classes or shown, steps)


def _values(given: dict[str, np.ndarray], classes: int | None) -> Targets:
    labels = {}
    for split, array in given.items():
        if array.dtype.kind not in "biuf" or array.ndim == 0 or not all_finite(array):
            raise DataError(f"from_arrays(), {split} split: targets are finite numbers, by trial")
        values = array.astype(np.float64)
        labels[split] = values[:, None] if values.ndim == 1 else values
    return Targets(labels, 0, 0)
