"""SONATA: nodes and edges of a circuit whose edges have one group of attributes.

Where the edges were written here, ``learnt_delay`` is the delay. Else ``delay`` is the time to the
arrival, of which a step is the lag.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genn_delays.import_.base import Asked, Contents, FoundSynapses, Reader
from genn_delays.import_.found import FoundPopulation
from genn_delays.import_.sidecar import Sidecar
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import Group, read_hdf5

ENDS = {"source": "pre", "target": "post"}


class Sonata(Reader):
    """A folder with nodes.h5 and edges.h5."""

    name = "sonata"
    suffix = ""

    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        nodes, edges = (_open(main / f"{what}.h5", what) for what in ("nodes", "edges"))
        populations = []
        for name in nodes.members:
            types = nodes.group(name).column("node_type_id", kinds="iu")
            populations.append(FoundPopulation(name, len(types)))
        projections = {name: _edges(edges.group(name)) for name in edges.members}
        return Contents(populations, projections)


def _open(path: Path, what: str) -> Group:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; a SONATA circuit here has one")
    root = read_hdf5(path, [what])
    return root.group(what)


def _edges(group: Group) -> FoundSynapses:
    columns: dict[str, np.ndarray] = {}
    ends = []
    for end, column in ENDS.items():
        name = f"{end}_node_id"
        columns[column] = group.column(name, kinds="iu")
        ends.append(group.note(name, "node_population"))
    count = len(columns["pre"])
    if np.any(group.column("edge_group_id", count, "iu")):
        raise group.damaged("has edges of several groups; only one group can be read")
    place = group.column("edge_group_index", count, "iu")
    attributes = group.group("0")
    for name in ("syn_weight", "delay"):
        if name not in attributes:
            raise attributes.damaged(f"has no {name!r}: it has to be given for each edge")
    if np.any(place >= len(attributes.column("syn_weight", finite=False))):
        raise group.damaged("has edges without attributes")
    columns["weight"] = attributes.column("syn_weight", finite=False)[place]
    arrival = attributes.column("delay", finite=False)
    if "learnt_delay" in attributes:
        columns["delay"] = attributes.column("learnt_delay", len(arrival), finite=False)[place]
    return FoundSynapses(ends[0], ends[1], columns, arrival[place])
