"""Sound files with CSV splits, in a folder or a zip archive: ``audio_folder``.

Each CSV has the columns ``file`` (relative to the folder or archive) and ``class``. Classes
are numbered in alphabetical order of their names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from genn_delays.datasets.audio_files import AudioFiles, Rows
from genn_delays.datasets.base import SPLITS
from genn_delays.datasets.files import Files, open_files
from genn_delays.support.errors import DataError, short
from genn_delays.support.limits import RECORDING, check_size

COLUMNS = ("file", "class")

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST = 4096  # of a path, on most systems
LINE, FIELD = 250, 16
"""Bytes that a line of a list, and a field of it, take in memory."""


@dataclass(frozen=True)
class AudioFolder(AudioFiles):
    """Recordings in a folder or zip archive, listed by three CSV files.

    Attributes:
        train, validation, test: names of the CSV files of the splits.

    Raises:
        DataError: a file or column is missing, a class occurs in the validation or test split
            only, a recording cannot be read, is truncated or too long.
    """

    train: str = "train.csv"
    validation: str = "val.csv"
    test: str = "test.csv"
    name: ClassVar[str] = "audio_folder"
    cites: ClassVar[tuple[str, ...]] = ()

    def lists(self, path: Path | None) -> tuple[Files, Mapping[str, Rows]]:
        if path is None:
            raise DataError("audio_folder: data.path is missing; name a folder or zip archive")
        files = open_files(path)
        return files, {split: read_list(files, self.listed(split)) for split in SPLITS}

    def listed(self, split: str) -> str:
        return str(getattr(self, split))


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
