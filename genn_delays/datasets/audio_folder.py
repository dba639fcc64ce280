"""WAV files with CSV splits, in a folder or a zip archive: ``audio_folder``.

Each CSV has the columns ``file`` (relative to the folder or archive) and ``class``. Classes
are numbered in alphabetical order of their names.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.audio import read_wav, resample
from genn_delays.datasets.audio_source import AudioSource, Features
from genn_delays.datasets.base import SPLITS, Dataset
from genn_delays.datasets.files import Files, open_files
from genn_delays.errors import DataError

COLUMNS = ("file", "class")
Rows = list[tuple[str, str]]
"""(file, class) of each recording of a split."""


@dataclass(frozen=True)
class AudioFolder(AudioSource):
    """Recordings in a folder or zip archive, listed by three CSV files.

    Attributes:
        train, validation, test: names of the CSV files of the splits.
        crop: cut what a recording has beyond ``duration``; an error otherwise. Shorter
            recordings are followed by silence.

    Raises:
        DataError: a file or column is missing, a class occurs in the validation or test split
            only, a recording is not 16-bit mono PCM, is truncated or too long.
    """

    cites: ClassVar[tuple[str, ...]] = ()

    train: str = "train.csv"
    validation: str = "val.csv"
    test: str = "test.csv"
    crop: bool = False

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
        for split, listed in rows.items():
            sounds = np.zeros((len(listed), self.samples), dtype=np.float32)
            for sound, (file, _) in zip(sounds, listed, strict=True):
                recording = self._recording(files, file)
                sound[: len(recording)] = recording
            labels = np.array([classes.index(label) for _, label in listed], dtype=np.int64)
            features[split] = (self.log_mel(sounds), labels)
        return features

    def _recording(self, files: Files, file: str) -> np.ndarray:
        where = f"{files.path}: {file}"
        sound = resample(*read_wav(files.read(file), where), self.rate)
        if len(sound) > self.samples and not self.crop:
            raise DataError(
                f"{where} lasts {1000 * len(sound) / self.rate:g} ms, longer than a trial of "
                f"{self.duration:g} ms; raise data.args.duration or set data.args.crop: true"
            )
        return sound[: self.samples]


def read_list(files: Files, name: str) -> Rows:
    """The (file, class) pairs of a CSV file.

    Raises:
        DataError: the file or a column is missing, a line is incomplete, or it has no lines.
    """
    where = f"{files.path}: {name}"
    try:
        text = files.read(name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{where} is not UTF-8 text; save it as UTF-8 CSV") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for column in COLUMNS:
        if column not in (reader.fieldnames or ()):
            raise DataError(
                f"{where} has no column {column!r}; its first line must name file and class, it "
                f"names {', '.join(reader.fieldnames or ['nothing'])}"
            )
    rows = [(row["file"], row["class"]) for row in reader]
    for line, row in enumerate(rows, start=2):
        if not all(row):
            raise DataError(f"{where}, line {line}: lacks a file or a class; complete it")
    if not rows:
        raise DataError(f"{where} lists no recordings, the data set is empty; add lines")
    return rows
