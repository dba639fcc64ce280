"""SONATA: nodes and edges of a circuit whose edges have one group of attributes.

    *nodes.h5, *edges.h5     as many as there are
    *edge_types.csv          weights and delays of edges that have none of their own

Where the edges were written here, ``learnt_delay`` is the delay. Else ``delay`` is the time to the
arrival, of which a step is the lag.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from genn_delays.datasets.files import FolderFiles
from genn_delays.import_.base import Asked, Contents, FoundSynapses, Reader
from genn_delays.import_.found import FoundPopulation
from genn_delays.import_.sidecar import Sidecar
from genn_delays.support.errors import DataError, reason
from genn_delays.support.hdf5 import Group, read_hdf5

ENDS = {"source": "pre", "target": "post"}
Types = dict[str, dict[str, str]]
"""Rows of a table by edge_type_id."""


class Sonata(Reader):
    """A folder with the files of a circuit."""

    name = "sonata"
    suffix = ""

    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        sizes = {
            name: len(group.group(name).column("node_type_id", kinds="iu"))
            for group in _open(main, "nodes")
            for name in group.members
        }
        projections: dict[str, FoundSynapses] = {}
        for group in _open(main, "edges"):
            types = _types(group.source.path)
            projections |= {name: _edges(group.group(name), types) for name in group.members}
        for name, q in projections.items():
            for end in {q.pre, q.post} - set(sizes):
                raise DataError(f"{main}: the edges {name!r} join {end!r}, of which are no nodes")
        return Contents([FoundPopulation(*pair) for pair in sizes.items()], projections)


def _open(folder: Path, what: str) -> list[Group]:
    """The nodes or the edges of each file."""
    paths = sorted(folder.glob(f"*{what}.h5"))
    if not paths:
        raise DataError(f"{folder}: there is no {what}.h5; a SONATA circuit has one")
    return [read_hdf5(path, [what]).group(what) for path in paths]


def _types(edges: Path) -> Types:
    """The table that stands beside a file of edges; nothing where there is none."""
    path = edges.with_name(edges.name.removesuffix("s.h5") + "_types.csv")
    if not path.is_file():
        return {}
    text = FolderFiles(path.parent).read(path.name).decode(errors="replace")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=" ", strict=True))
    except csv.Error as failure:
        raise DataError(f"{path} is no table ({reason(failure)}); copy it again") from None
    return {str(row.get("edge_type_id")): row for row in rows}


def _edges(group: Group, types: Types) -> FoundSynapses:
    columns: dict[str, np.ndarray] = {}
    ends = []
    for end, column in ENDS.items():
        name = f"{end}_node_id"
        columns[column] = group.column(name, kinds="iu")
        ends.append(group.note(name, "node_population"))
    count = len(columns["pre"])
    if np.any(group.column("edge_group_id", count, "iu")):
        raise group.damaged("has edges of several groups; only one group can be read")
    attributes = group.group("0")
    if "nsyns" in attributes and np.any(attributes.column("nsyns") != 1):
        raise group.damaged("has edges of several synapses ('nsyns'); build them one by one")
    columns["weight"] = _values(group, "syn_weight", types)
    if "learnt_delay" in attributes:
        columns["delay"] = _values(group, "learnt_delay", types)
    return FoundSynapses(ends[0], ends[1], columns, _values(group, "delay", types))


def _values(group: Group, name: str, types: Types) -> np.ndarray:
    """An attribute of each edge, its own or that of its type."""
    count = len(group.column("edge_group_id", kinds="iu"))
    attributes = group.group("0")
    if name in attributes:
        values = attributes.column(name, finite=False)
        place = group.column("edge_group_index", count, "iu")
        if np.any(place >= len(values)) or np.any(place < 0):
            raise group.damaged(f"has edges without {name!r}")
        return values[place]
    kinds, inverse = np.unique(group.column("edge_type_id", count, "iu"), return_inverse=True)
    try:
        return np.array([float(types[str(kind)][name]) for kind in kinds.tolist()])[inverse]
    except (KeyError, TypeError, ValueError):
        raise group.damaged(f"has edges without {name!r}, and so have their types") from None
