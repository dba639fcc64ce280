#!/usr/bin/env bash
# bmtk 1.2.0, libsonata 0.2.2, numpy 2.3.5, h5py 3.16.0.
#
# SONATA was made so that a circuit that one tool builds is read by another. Edges may carry an index of
# their targets, two data sets. bmtk calls the first node_id_to_range, libsonata node_id_to_ranges, and each
# insists on its own name wherever the index is there. So the edges onto a node of a circuit that bmtk has
# built cannot be asked for in libsonata, and once the data set has libsonata's name, bmtk opens the file no
# more. A file that is to serve both needs the data set under both names (a hard link costs nothing).
#
# Seen: "built by bmtk: bmtk 2 edges, libsonata RuntimeError", "renamed: bmtk Exception, libsonata 2
# edges", "both names: bmtk 2 edges, libsonata 2 edges".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet bmtk==1.2.0 libsonata==0.2.2 numpy==2.3.5 h5py==3.16.0
cd "$folder"
"$folder/venv/bin/python" - 2>hdf5.log <<'PYTHON'
import shutil
from importlib.metadata import version

import h5py
import libsonata
from bmtk.builder.networks import NetworkBuilder
from bmtk.utils import sonata

network = NetworkBuilder("a")
network.add_nodes(N=2, model_type="virtual")
network.add_edges(source=network.nodes(), target=network.nodes(), connection_rule=1)
network.build()
network.save(output_dir=".", compression="none")


def named(file: str, names: tuple[str, ...]) -> str:
    """A copy of the edges whose indices have these names."""
    shutil.copy("a_a_edges.h5", file)
    with h5py.File(file, "r+") as edges:
        for index in ("source_to_target", "target_to_source"):
            group = edges[f"edges/a_to_a/indices/{index}"]
            values = group["node_id_to_range"][:]
            del group["node_id_to_range"]
            for name in names:
                group[name] = values
    return file


def by_bmtk(file: str) -> str:
    try:
        edges = sonata.File(file, "a_a_edge_types.csv").edges["a_to_a"]
        return f"{len(list(edges.get_target(0)))} edges"
    except Exception as error:
        return type(error).__name__


def by_libsonata(file: str) -> str:
    try:
        edges = libsonata.EdgeStorage(file).open_population("a_to_a")
        return f"{edges.afferent_edges([0]).flat_size} edges"
    except Exception as error:
        return type(error).__name__


assert (version("bmtk"), version("libsonata")) == ("1.2.0", "0.2.2")
both = ("node_id_to_range", "node_id_to_ranges")
files = {
    "both names": named("both.h5", both),
    "renamed": named("renamed.h5", both[1:]),
    "built by bmtk": "a_a_edges.h5",
}
seen = {what: (by_bmtk(file), by_libsonata(file)) for what, file in files.items()}
for what, (first, second) in seen.items():
    print(f"{what}: bmtk {first}, libsonata {second}")
assert seen == {
    "both names": ("2 edges", "2 edges"),
    "renamed": ("Exception", "2 edges"),
    "built by bmtk": ("2 edges", "RuntimeError"),
}, seen
PYTHON
