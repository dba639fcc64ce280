"""What the events of a data set take, in memory and on the disk, and batches on their way."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from genn_delays.datasets import Dataset, Split
from genn_delays.datasets.stored_split import StoredSplit
from genn_delays.support.limits import VARIABLE, held_limit

BATCHES, AUGMENTED = 4, 2
"""Batches at a time: one in use, one that waits, one in the making and what it is made of; an
augmentation makes another of that, by way of its own arrays."""
TRIAL = 4
"""Bytes of the trial of an event, which a batch has besides."""


def describe_data(dataset: Dataset, batch_size: int, augmented: bool) -> list[str]:
    """Lines of text: where the events are, the bound that decides it, and that of the loader."""
    splits = dataset.splits().values()
    files = {split.file.path: split.file.size for split in splits if isinstance(split, StoredSplit)}
    held = sum(split.nbytes for split in splits)
    lines = [f"data: {mib(held)} in memory, {mib(sum(files.values()))} on the disk"]
    lines += [f"  {path}: {mib(size)}" for path, size in sorted(files.items())]
    lines += [
        f"  events of a file stay in memory up to {mib(held_limit())}, an eighth of {VARIABLE}",
        f"loader: at most {mib(loader_bound(splits, batch_size, augmented))}",
    ]
    return lines


def loader_bound(splits: Iterable[Split], batch_size: int, augmented: bool) -> int:
    """Bytes that batches never exceed, whichever trials come together."""
    largest = 0
    for split in splits:
        counts = np.sort(np.diff(split.offset))[-batch_size:]
        largest = max(largest, int(counts.sum()) * (split.event_bytes + TRIAL))
    return (BATCHES + (AUGMENTED if augmented else 0)) * largest


def mib(nbytes: int) -> str:
    """A size for people."""
    return f"{nbytes / 2**20:,.1f} MiB"
