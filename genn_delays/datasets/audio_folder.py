"""Sound files with CSV splits, in a folder or a zip archive: ``audio_folder``.

Each CSV has the columns ``file`` (relative to the folder or archive) and ``class``. Classes
are numbered in alphabetical order of their names.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.audio import CHUNK
from genn_delays.datasets.audio_source import AudioSource, Features
from genn_delays.datasets.base import SPLITS, Dataset
from genn_delays.datasets.files import Files, open_files
from genn_delays.datasets.sound import read_sound
from genn_delays.support.errors import DataError, short
from genn_delays.support.limits import RECORDING, check_size

logger = logging.getLogger(__name__)

COLUMNS = ("file", "class")
Rows = list[tuple[str, str]]
"""(file, class) of each recording of a split."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST = 4096  # of a path, on most systems
LINE, FIELD = 250, 16
"""Bytes that a line of a list, and a field of it, take in memory."""


@dataclass(frozen=True)
class AudioFolder(AudioSource):
    """Recordings in a folder or zip archive, listed by three CSV files.

    Attributes:
        train, validation, test: names of the CSV files of the splits.
        crop: cut what a recording has beyond ``duration``; an error otherwise. Shorter
            recordings are followed by silence.

    Raises:
        DataError: a file or column is missing, a class occurs in the validation or test split
            only, a recording cannot be read, is truncated or too long.
    """

    train: str = "train.csv"
    validation: str = "val.csv"
    test: str = "test.csv"
    crop: bool = False
    cites: ClassVar[tuple[str, ...]] = ()

    def load(self, dt: float, path: Path | None) -> Dataset:
        if path is None:
            raise DataError("audio_folder: data.path is missing; name a folder or zip archive")
        files = open_files(path)
        rows = {split: read_list(files, getattr(self, split)) for split in SPLITS}
        classes = sorted({label for _, label in rows["train"]})
        for split in SPLITS[1:]:
            only = sorted({label for _, label in rows[split]} - set(classes))
            if only:
                raise DataError(
                    f"{path}: class {only[0]!r} occurs in {getattr(self, split)} but not in "
                    f"{self.train}, so it cannot be learnt; add recordings of it or remove them"
                )
        stamps = [[[*row, *files.stamp(row[0])] for row in rows[split]] for split in SPLITS]
        identity = [self.crop, stamps]
        make = lambda: self._features(files, rows, classes)  # noqa: E731
        return self.dataset("audio_folder", identity, make, tuple(classes), dt)

    def _features(self, files: Files, rows: dict[str, Rows], classes: list[str]) -> Features:
        features: dict[str, tuple[np.ndarray, ...]] = {}
        notes: Counter[str] = Counter()
        number = {label: k for k, label in enumerate(classes)}
        for split, listed in rows.items():
            bands = self.room(len(listed), f"{files.path}: {getattr(self, split)}")
            for start in range(0, len(listed), CHUNK):
                part = listed[start : start + CHUNK]
                sounds = np.zeros((len(part), self.samples), dtype=np.float32)
                for sound, (file, _) in zip(sounds, part, strict=True):
                    recording = self._recording(files, file, notes)
                    sound[: len(recording)] = recording
                bands[start : start + CHUNK] = self.log_mel(sounds)
            labels = np.array([number[label] for _, label in listed], dtype=np.int64)
            features[split] = (bands, labels)
        for note, count in notes.items():
            logger.warning("%s: recordings with %s: %d", files.path, note, count)
        return features

    def _recording(self, files: Files, file: str, notes: Counter[str]) -> np.ndarray:
        where = f"{files.path}: {file}"
        recording = read_sound(files.read(file), where)
        notes.update(recording.notes)
        return self.fitted(recording, where)

    @property
    def cuts(self) -> bool:
        return self.crop


def read_list(files: Files, name: str) -> Rows:
    """The (file, class) pairs of a CSV file.

    Raises:
        DataError: the file or a column is missing, a line is incomplete or malformed, it has no
            lines, or more than the limit on memory allows.
    """
    where = f"{files.path}: {name}"
    content = files.read(name)
    lines = max(content.count(b"\n"), content.count(b"\r"))
    needed = len(content) + LINE * lines + FIELD * content.count(b",")
    check_size(needed, f"{where}: its {lines} lines", default=RECORDING)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{where} is not UTF-8 text; save it as UTF-8 CSV") from None
    # strict: a quotation mark that is never closed would swallow the lines behind it
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(_rows(reader, where))
    except csv.Error as failure:
        raise DataError(
            f"{where}, line {reader.line_num + 1}: {failure}; correct it or save the CSV again"
        ) from None
    if not rows:
        raise DataError(f"{where} lists no recordings, the data set is empty; add lines")
    return rows


def _rows(reader: csv.DictReader[str], where: str) -> Iterator[tuple[str, str]]:
    names = list(reader.fieldnames or ())
    for column in COLUMNS:
        if names.count(column) != 1:
            raise DataError(
                f"{where} has {'no' if column not in names else 'more than one'} column "
                f"{column!r}; its first line must name file and class, it names "
                f"{short(', '.join(names), 200) or 'nothing'}"
            )
    for row in reader:
        line, file, label = f"{where}, line {reader.line_num}", row["file"], row["class"]
        if not file or not label:
            raise DataError(f"{line}: lacks a file or a class; complete it")
        if any(row.get(None) or ()):
            raise DataError(f"{line}: more fields than columns; quote what contains a comma")
        if CONTROL.search(file + label) or len(file + label) > LONGEST:
            raise DataError(
                f"{line}: a control character, or more than {LONGEST} letters; correct the names, "
                "or save the list as CSV again"
            )
        yield file, label
