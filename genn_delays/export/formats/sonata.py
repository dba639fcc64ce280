"""SONATA: a folder with nodes, edges, their types and a circuit configuration.

    circuit_config.json          where the files are, and the populations in them
    nodes.h5, node_types.csv     a node per unit, with the parameters of its neuron
    edges.h5, edge_types.csv     an edge per synapse, indexed by source and by target

The format of Dai et al. (2020, PLoS Comput. Biol. 16:e1007696), of version 0.1. ``delay`` is the
time from a spike to its arrival in ms, ``syn_weight`` the weight; ``learnt_delay`` is the delay
before it was rounded, in ms. Edges stand in the order of (pre, post).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from genn_delays.export.base import TRAINING, Format, Writer
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
)
from genn_delays.support.hdf5_image import hdf5_image

MAGIC, VERSION = 0x0A7A, (0, 1)


class Sonata(Format):
    """A SONATA circuit."""

    name = "sonata"
    suffix = ""
    loses = (
        "what neurons do in a step: there is no template for them; node types name them",
        "the time step, and that a spike takes a step besides its delay: delays contain it",
        TRAINING,
    )

    def check(self, description: Description) -> None:
        """Nothing: nodes have parameters of any name."""

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        return {main: lambda folder: _write(folder, description)}


def _write(folder: Path, description: Description) -> None:
    folder.mkdir()
    populations = list(description.populations.values())
    projections = list(description.projections.values())
    (folder / "circuit_config.json").write_text(json.dumps(_config(description), indent=1) + "\n")
    (folder / "nodes.h5").write_bytes(hdf5_image(lambda file: _nodes(file, populations)))
    _types(
        folder / "node_types.csv",
        ("node_type_id", "population", "name", "model_type", "model_name"),
        [(k, p.identifier, p.name, _model_type(p), p.kind) for k, p in enumerate(populations)],
    )
    image = hdf5_image(lambda file: _edges(file, projections, description))
    (folder / "edges.h5").write_bytes(image)
    _types(
        folder / "edge_types.csv",
        ("edge_type_id", "population", "name", "target_state"),
        [(k, q.identifier, q.name, q.target) for k, q in enumerate(projections)],
    )


def _config(description: Description) -> dict[str, object]:
    nodes = {
        p.identifier: {"type": _model_type(p), "node_types_file": "$NETWORK_DIR/node_types.csv"}
        for p in description.populations.values()
    }
    edges = {q.identifier: {"type": "chemical"} for q in description.projections.values()}
    return {
        "version": 2,
        "manifest": {"$NETWORK_DIR": "."},
        "networks": {
            "nodes": [{**_files("nodes", "node"), "populations": nodes}],
            "edges": [{**_files("edges", "edge"), "populations": edges}],
        },
    }


def _files(what: str, one: str) -> dict[str, object]:
    files = {f"{what}_file": f"$NETWORK_DIR/{what}.h5"}
    return {**files, f"{one}_types_file": f"$NETWORK_DIR/{one}_types.csv"}


def _model_type(p: DescribedPopulation) -> str:
    return "virtual" if p.is_input else "point_neuron"


def _types(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of types, whose columns SONATA separates by a space."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=" ", lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def _root(file: h5py.File, name: str) -> h5py.Group:
    file.attrs["magic"] = np.uint32(MAGIC)
    file.attrs["version"] = np.array(VERSION, np.uint32)
    return file.create_group(name)


def _nodes(file: h5py.File, populations: Sequence[DescribedPopulation]) -> None:
    root = _root(file, "nodes")
    for number, p in enumerate(populations):
        group = root.create_group(p.identifier)
        count = np.arange(p.size, dtype=np.uint64)
        group["node_id"] = count
        group["node_type_id"] = np.full(p.size, number, np.int64)
        group["node_group_id"] = np.zeros(p.size, np.uint64)
        group["node_group_index"] = count
        dynamics = group.create_group("0").create_group("dynamics_params")
        values = {} if p.is_input else dict(p.parameters)
        if p.bias is not None:
            values["bias"] = p.bias
        for name, column in values.items():
            dynamics[name] = column


def _edges(
    file: h5py.File, projections: Sequence[DescribedProjection], description: Description
) -> None:
    root = _root(file, "edges")
    for number, q in enumerate(projections):
        group = root.create_group(q.identifier)
        pre, post = (description.populations[name] for name in (q.pre, q.post))
        for end, units, p in (("source", q.rows, pre), ("target", q.columns, post)):
            group[f"{end}_node_id"] = units.astype(np.uint64)
            group[f"{end}_node_id"].attrs["node_population"] = p.identifier
        group["edge_type_id"] = np.full(len(q), number, np.int64)
        group["edge_group_id"] = np.zeros(len(q), np.uint64)
        group["edge_group_index"] = np.arange(len(q), dtype=np.uint64)
        columns = {"syn_weight": q.weight, "delay": q.steps * description.dt}
        for name, column in (columns | {"learnt_delay": q.delay}).items():
            group[f"0/{name}"] = column
        _index(group.create_group("indices/source_to_target"), q.rows, pre.size)
        _index(group.create_group("indices/target_to_source"), q.columns, post.size)


def _index(group: h5py.Group, units: np.ndarray, size: int) -> None:
    """For each unit its edges, as ranges of ranges of edges, the last one not included."""
    order = np.argsort(units, kind="stable")
    unit = units[order].astype(np.int64)
    follows = (np.diff(order) == 1) & (np.diff(unit) == 0)
    first = np.flatnonzero(np.r_[np.ones(min(len(order), 1), bool), ~follows])
    length = np.diff(np.r_[first, len(order)])
    ranges = np.stack([order[first], order[first] + length], axis=1)
    ends = np.searchsorted(unit[first], np.arange(size + 1))
    group["range_to_edge_id"] = ranges.astype(np.uint64)
    group["node_id_to_ranges"] = np.stack([ends[:-1], ends[1:]], axis=1).astype(np.uint64)
    group["node_id_to_range"] = group["node_id_to_ranges"]  # a link, by the name that bmtk wants
