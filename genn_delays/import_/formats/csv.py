"""csv: see :mod:`genn_delays.export.formats.csv` for the tables."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from genn_delays.datasets.files import FolderFiles
from genn_delays.export.formats.csv import POPULATIONS, PROJECTIONS, SYNAPSES
from genn_delays.import_.base import Asked, Contents, FoundSynapses, Reader
from genn_delays.import_.found import FoundPopulation
from genn_delays.import_.sidecar import COST, Sidecar
from genn_delays.support.errors import DataError, reason
from genn_delays.support.limits import check_size

TYPES = ("i8", "i8", "f8", "f8", "i8")
"""Of the columns of synapses."""


class Csv(Reader):
    """A folder of tables."""

    name = "csv"
    suffix = ""

    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        files = FolderFiles(main)
        rows = _rows(files, "populations.csv", POPULATIONS)
        found = [FoundPopulation(r["name"], int(_number(files, r, "size"))) for r in rows]
        names, projections = {}, {}
        for row in _rows(files, "projections.csv", PROJECTIONS):
            identifier = row["identifier"]
            if re.fullmatch(r"\w+", identifier) is None:
                raise DataError(f"{main}: projections.csv has the identifier {identifier!r}")
            names[identifier] = row["name"]
            projections[identifier] = FoundSynapses(
                *(row["pre"], row["post"]),
                _synapses(files, f"synapses_{identifier}.csv"),
                target=row["target"],
                lag=int(_number(files, row, "lag")),
                max_delay=_number(files, row, "max_delay"),
            )
        return Contents(found, projections, names)


def _rows(files: FolderFiles, name: str, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a table; columns may have another order."""
    reader = csv.DictReader(io.StringIO(_text(files, name), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as failure:
        raise DataError(f"{files.path}: {name} is no table ({reason(failure)})") from None
    for missing in set(wanted) - set(reader.fieldnames or ()):
        raise DataError(f"{files.path}: {name} has no column {missing!r}; export again")
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DataError(f"{files.path}: {name}, line {number} has more or fewer columns")
    return rows


def _number(files: FolderFiles, row: dict[str, str], name: str) -> float:
    try:
        value = float(row[name])
        int(value)
    except (ValueError, OverflowError):
        raise DataError(f"{files.path}: {name} {row[name]!r} is not a number") from None
    return value


def _synapses(files: FolderFiles, name: str) -> dict[str, np.ndarray]:
    text = _text(files, name)
    check_size(COST * len(text), f"{files.path}: {name}")
    head, _, body = text.partition("\n")
    if tuple(head.strip().split(",")) != SYNAPSES:
        raise DataError(f"{files.path}: {name} begins with other columns than {','.join(SYNAPSES)}")
    dtype = np.dtype(list(zip(SYNAPSES, TYPES, strict=True)))
    if not body.strip():
        table = np.zeros(0, dtype)
    else:
        try:
            table = np.loadtxt(io.StringIO(body), dtype, delimiter=",", comments=None, ndmin=1)
        except (ValueError, OverflowError) as failure:
            raise DataError(f"{files.path}: {name}: {reason(failure, 150)}") from None
    return {column: table[column] for column in SYNAPSES[:4]}


def _text(files: FolderFiles, name: str) -> str:
    try:
        return files.read(name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{files.path}: {name} is not text in UTF-8") from None
