"""Columns of units and synapses as they stand in a file, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import h5py
import numpy as np

from genn_delays.declaration.units import BatchNorm, UnitTable
from genn_delays.support.checks import extremes
from genn_delays.support.hdf5 import Group
from genn_delays.support.hdf5.tree import is_real

COUNTED = ("_adam_v", "_adam_steps")
"""Columns of the optimiser that are never below 0."""


def write_columns(group: h5py.Group, columns: Mapping[str, np.ndarray]) -> None:
    """A data set per column, in the order that reading gives, for a resumed run's same bytes."""
    for name, values in sorted(columns.items()):
        group[name] = values


def read_columns(group: Group, length: int, *, finite: bool = True) -> dict[str, np.ndarray]:
    """Columns of a table, among them the optimiser's and the signs of rewiring."""
    columns = {name: group.column(name, length, "biuf", finite) for name in group.members}
    for name, values in columns.items():
        if name.endswith(COUNTED) and (values.dtype != np.float64 or extremes(values)[0] < 0):
            raise group.damaged(f"has {name!r} below 0 or of type {values.dtype}")
        if name == "sign" and not np.all(np.abs(values) == 1):
            raise group.damaged("has a 'sign' that is neither 1 nor -1")
    return columns


def read_units(group: Group, size: int) -> UnitTable:
    """The table of the units of a population."""
    columns = read_columns(group.group("columns"), size, finite=False)
    bounds, tied = group.json("bounds"), group.names("tied")
    if not isinstance(bounds, dict) or not all(map(_is_range, bounds.values())):
        raise group.damaged("has 'bounds' that are no ranges")
    if not {*bounds, *tied} <= set(columns):
        raise group.damaged("has 'bounds' or 'tied' of columns that are not there")
    return UnitTable(
        size,
        columns={name: values.astype(np.float64) for name, values in columns.items()},
        bounds={name: (float(low), float(high)) for name, (low, high) in bounds.items()},
        tied=frozenset(tied),
        state=read_columns(group.group("state"), size),
    )


def read_normalisation(group: Group) -> BatchNorm | None:
    """How the input of a population is normalised."""
    given = group.json("normalise")
    if given is None:
        return None
    names = {field.name for field in fields(BatchNorm)}
    if not isinstance(given, dict) or set(given) != names or not all(map(is_real, given.values())):
        raise group.damaged("has 'normalise' that is not momentum and eps")
    return BatchNorm(**given)


def _is_range(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and all(map(is_real, pair))
        and len(pair) == 2
        and (pair[0] <= pair[1])
    )
