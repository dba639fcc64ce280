"""What the parts of a file in the Heidelberg layout must be, each checked and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genn_delays.datasets.labels import MOST_CLASSES
from genn_delays.support.checks import extremes
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import Group, Ragged, Text
from genn_delays.support.hdf5.tree import Value

ROWS, LABELS = ("spikes/times", "spikes/units"), "labels"
KEYS = (*ROWS, LABELS)
SPEAKER, NAMES = "extra/speaker", "extra/keys"


def rows(tree: Group, key: str, path: Path) -> Ragged:
    """A row of real numbers per trial; a table of trials and spikes has rows of one length."""
    found = Ragged.of(member(tree, key))
    if found is None or found.values.dtype.kind not in "iuf":
        raise refused(tree, key, path, "a row of numbers for each trial")
    return found


def numbers(tree: Group, key: str, path: Path) -> np.ndarray:
    """An array of numbers."""
    found = member(tree, key)
    if not isinstance(found, np.ndarray):
        raise refused(tree, key, path, "an array of numbers")
    return found


def unit_indices(given: np.ndarray, trial: np.ndarray, units: int, path: Path) -> np.ndarray:
    """Unit of each event, int64, compared with the population before it is narrowed.

    Args:
        given: whole numbers of any type.
        trial: of each event, for messages.
        units: size of the population in the file.
    """
    if given.dtype.kind == "f":
        broken = np.flatnonzero((given != np.rint(given)) | np.isinf(given))
        if broken.size:
            event = broken[0]
            raise DataError(
                f"{path}: trial {trial[event]} has an event of unit {given[event]:g}; units are "
                "whole numbers"
            )
    low, high = extremes(given)
    if low < 0 or high >= units:
        event = int(np.argmax((given < 0) | (given >= units)))
        raise DataError(
            f"{path}: trial {trial[event]} has an event of unit {int(given[event])}, outside the "
            f"population of {units}; check the number of units"
        )
    return given.astype(np.int64)


def speakers(tree: Group, trials: int, path: Path) -> np.ndarray | None:
    """Speaker of each trial, where the file tells."""
    if member(tree, SPEAKER) is None:
        return None
    found = numbers(tree, SPEAKER, path)
    if found.shape != (trials,) or found.dtype.kind not in "iu":
        raise refused(tree, SPEAKER, path, f"a whole number for each of {trials} trials")
    return found


def class_names(tree: Group, path: Path) -> tuple[str, ...]:
    """Names of the classes; none where the file does not tell."""
    found = member(tree, NAMES)
    if found is None:
        return ()
    names = found.decode() if isinstance(found, Text) and len(found.shape) == 1 else None
    if names is None or len(names) > MOST_CLASSES:
        raise refused(tree, NAMES, path, "a list of names in UTF-8")
    return names


def member(tree: Group, key: str) -> Group | Value | None:
    """What the file has under a key."""
    found: Group | Value | None = tree
    for name in key.split("/"):
        found = found.members.get(name) if isinstance(found, Group) else None
    return found


def refused(tree: Group, key: str, path: Path, wanted: str) -> DataError:
    """The error that a key is missing or is something else than ``wanted``."""
    found = member(tree, key)
    if found is None:
        return DataError(f"{path}: no key {key!r}; the layout has {', '.join(KEYS)}")
    kind = {Group: "a group", Text: "text", Ragged: "rows of numbers"}.get(type(found), "")
    if isinstance(found, np.ndarray):
        kind = f"{found.dtype} of shape {found.shape}"
    return DataError(f"{path}: {key} is {kind or 'of another type'}; the layout has {wanted}")
