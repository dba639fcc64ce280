"""The history of a training: a row per epoch, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

from genn_delays.support.checks import is_number

Row = dict[str, Any]

NUMBERS = (
    "loss",
    "accuracy",
    "validation_loss",
    "validation_accuracy",
    "spikes_per_neuron",
    "seconds",
)
"""Columns of floats between ``epoch`` and ``warnings``; NaN where there is nothing to say."""


def rows_of(lines: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows of entries of metrics.jsonl, which are one per epoch and split."""
    rows: dict[int, Row] = {}
    for line in lines:
        row = rows.setdefault(line["epoch"], {"epoch": line["epoch"], "seconds": 0.0})
        prefix = "" if line["split"] == "train" else f"{line['split']}_"
        row |= {f"{prefix}{name}": line.get(name) for name in ("loss", "accuracy")}
        row["seconds"] += line["seconds"]
        if not prefix:
            row["spikes_per_neuron"] = line["spikes_per_neuron"]
            row["warnings"] = "; ".join(_texts(line.get("warnings")))
    return list(rows.values())


def _texts(warnings: Any) -> Iterable[str]:
    return map(str, warnings.values()) if isinstance(warnings, Mapping) else ()


def table(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A pandas DataFrame where pandas is installed, else a numpy record array; alike in use.

    Columns: ``epoch``, those of :data:`NUMBERS`, and ``warnings``, text.
    """
    texts = [str(row.get("warnings") or "") for row in rows]
    width = max(1, *map(len, texts)) if texts else 1
    floats = [(name, np.float64) for name in NUMBERS]
    records = np.recarray(len(rows), [("epoch", np.int64), *floats, ("warnings", f"U{width}")])
    for k, (row, text) in enumerate(zip(rows, texts, strict=True)):
        numbers = (row.get(name) for name in NUMBERS)
        records[k] = (row["epoch"], *(v if is_number(v) else nan for v in numbers), text)
    try:
        import pandas  # not a dependency
    except ImportError:
        return records
    return pandas.DataFrame({name: records[name] for name in ("epoch", *NUMBERS, "warnings")})


def are_rows(given: Any) -> bool:
    """Whether this is what :func:`table` takes."""
    rows = isinstance(given, list) and all(isinstance(row, dict) for row in given)
    return rows and all(type(row.get("epoch")) is int and 0 < row["epoch"] < 2**63 for row in given)
