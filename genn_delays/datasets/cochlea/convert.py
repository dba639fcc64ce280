"""A data set of recordings as the spikes of an inner ear, in files in the layout of SHD.

A file per split. Each appears as a whole once its last recording is done, so that an interruption
leaves those that are finished and nothing of the others.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path

import h5py
import numpy as np

import genn_delays
from genn_delays.datasets.base import SPLITS
from genn_delays.datasets.cochlea.ear import RATE, SILENT, Ear
from genn_delays.datasets.corpus import Corpus, Recording
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5_image import hdf5_image
from genn_delays.support.recording import replace

Spikes = tuple[np.ndarray, np.ndarray]
Heard = tuple[Spikes, Counter[str]]
Job = tuple[int, "Future[Heard]"]
"""The label of a recording, and what will have been heard."""
SUFFIXES = {"train": "train", "validation": "valid", "test": "test"}
"""Ends of the names of the files, as of the published ones."""


@dataclass
class Converted:
    """What came of one split.

    Attributes:
        path: of its file.
        trials, spikes: how many there are.
        last: latest spike, in s.
        notes: how many recordings there is something to say about.
    """

    path: Path
    trials: int = 0
    spikes: int = 0
    last: float = 0.0
    notes: Counter[str] = field(default_factory=Counter)


def files_of(out: Path) -> dict[str, Path]:
    """The file of each split: ``OUT_train.h5`` and so on for ``OUT.h5``.

    Raises:
        DataError: the name ends otherwise, there is no such folder, or one of the files is there.
    """
    if out.suffix not in (".h5", ".hdf5"):
        raise DataError(f"{out}: give a name that ends in .h5")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise DataError(f"{out.parent}: no folder in which files can be made; make it first")
    files = {
        split: out.with_name(f"{out.stem}_{end}{out.suffix}") for split, end in SUFFIXES.items()
    }
    for path in files.values():
        if path.exists():
            raise DataError(f"{path} is there already; move it away, or give another name")
    return files


def convert(
    corpus: Corpus,
    ear: Ear,
    files: dict[str, Path],
    threads: int,
    step: Callable[[], object] = lambda: None,
) -> Iterator[Converted]:
    """Each split once its file is written.

    Args:
        corpus: recordings at ``RATE``.
        ear: what hears them.
        files: see :func:`files_of`.
        threads: recordings that are heard at a time.
        step: is called after each recording.

    Raises:
        DataError: a recording cannot be read or is too short.
        BackendError: there is no C compiler.
        CheckpointError: a file cannot be written.
    """
    ear.prepare()
    with ThreadPoolExecutor(threads) as pool:
        for split, recordings in groupby(corpus.recordings, lambda recording: recording.split):
            made = Converted(files[split])
            heard: list[Spikes] = []
            labels: list[int] = []
            jobs = (
                (recording.label, pool.submit(_heard, ear, recording, number))
                for number, recording in enumerate(recordings)
            )
            for label, (spikes, notes) in _in_order(jobs, 2 * threads):
                heard.append(spikes)
                labels.append(label)
                made.notes.update(notes)
                step()
            made.trials, made.spikes = len(heard), sum(len(time) for time, _ in heard)
            made.last = max((float(time[-1]) for time, _ in heard if len(time)), default=0.0)
            replace(made.path, _image(heard, labels, corpus, ear))
            yield made


def _in_order(jobs: Iterator[Job], ahead: int) -> Iterator[tuple[int, Heard]]:
    """Results in the order of the jobs, of which so many wait at a time."""
    waiting: deque[Job] = deque()
    try:
        for job in jobs:
            waiting.append(job)
            if len(waiting) >= ahead:
                label, future = waiting.popleft()
                yield label, future.result()
        while waiting:
            label, future = waiting.popleft()
            yield label, future.result()
    finally:  # after an error or an interruption
        for _, future in waiting:
            future.cancel()


def _heard(ear: Ear, recording: Recording, number: int) -> Heard:
    notes: Counter[str] = Counter()
    sound = recording.sound(notes)
    if not np.any(sound):
        notes[SILENT] += 1
    return ear(sound, (SPLITS.index(recording.split), number), recording.where), notes


def _image(heard: list[Spikes], labels: list[int], corpus: Corpus, ear: Ear) -> memoryview:
    """The content of a file of these trials."""

    def fill(file: h5py.File) -> None:
        for key, column in (("spikes/times", 0), ("spikes/units", 1)):
            kind = h5py.vlen_dtype((np.float32, np.uint16)[column])
            rows = file.create_dataset(key, (len(heard),), kind)
            for trial, spikes in enumerate(heard):
                rows[trial] = spikes[column]
        file["labels"] = np.array(labels, np.uint16)
        names = file.create_dataset("extra/keys", (len(corpus.classes),), h5py.string_dtype())
        names[:] = corpus.classes
        about = {"made_by": f"genn-delays {genn_delays.__version__}, cochlea", "rate": RATE}
        file.attrs.update(about | asdict(ear))

    return hdf5_image(fill)
