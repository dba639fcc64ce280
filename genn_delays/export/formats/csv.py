"""csv: a folder of tables, for spreadsheets and anything else.

    populations.csv            name, identifier, size, neuron
    projections.csv            name, identifier, pre, post, target, synapses, lag, max_delay (ms)
    synapses_IDENTIFIER.csv    pre, post, weight, delay (ms, as learnt), steps to the arrival
    units_IDENTIFIER.csv       a row per unit of a population: its parameters, its bias

Numbers are the shortest decimals that stand for the same float64.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from genn_delays.export.base import TRAINING, Format, Writer
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
)

POPULATIONS = ("name", "identifier", "size", "neuron")
PROJECTIONS = ("name", "identifier", "pre", "post", "target", "synapses", "lag", "max_delay")
SYNAPSES = ("pre", "post", "weight", "delay", "steps")


class Csv(Format):
    """A folder of tables of text."""

    name = "csv"
    suffix = ""
    loses = ("what neurons do in a step: the file beside it names them", TRAINING)

    def check(self, description: Description) -> None:
        """Nothing: tables hold any network."""

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        return {main: lambda folder: _write(folder, description)}


def _write(folder: Path, description: Description) -> None:
    folder.mkdir()
    populations, projections = description.populations.values(), description.projections.values()
    rows: Iterable[Sequence[object]]
    rows = [(p.name, p.identifier, p.size, p.kind) for p in populations]
    _table(folder / "populations.csv", POPULATIONS, rows)
    rows = [
        (q.name, q.identifier, q.pre, q.post, q.target, len(q), q.lag, q.max_delay)
        for q in projections
    ]
    _table(folder / "projections.csv", PROJECTIONS, rows)
    for q in projections:
        _table(folder / f"synapses_{q.identifier}.csv", SYNAPSES, _synapses(q))
    for p in description.neurons:
        names, units = _units(p)
        _table(folder / f"units_{p.identifier}.csv", names, units)


def _synapses(q: DescribedProjection) -> Iterable[Sequence[object]]:
    columns = (q.rows, q.columns, q.weight, q.delay, q.steps)
    return zip(*(column.tolist() for column in columns), strict=True)


def _units(p: DescribedPopulation) -> tuple[list[str], Iterable[Sequence[object]]]:
    values = dict(p.parameters) if p.bias is None else {**p.parameters, "bias": p.bias}
    columns = [np.arange(p.size), *values.values()]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return ["unit", *values], rows


def _table(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
