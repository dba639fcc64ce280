#!/usr/bin/env bash
# libsonata 0.2.2 (the wheel for Linux on x86_64), h5py 3.16.0, numpy 2.3.5.
#
# SONATA is HDF5, and HDF5 libraries commonly read what gzip has compressed; bmtk compresses all that its
# builder writes unless it is told otherwise. The library in libsonata's wheel is built without that filter:
# it opens a compressed population, tells its size and the names of its attributes, and fails at the first
# value, with a message about a folder for plug-ins. The same numbers uncompressed are read. So circuits
# for libsonata are to be written without compression.
#
# Seen: "uncompressed: 3 nodes, [0.0, 1.0, 2.0]", "gzip: 3 nodes, RuntimeError".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet libsonata==0.2.2 numpy==2.3.5 h5py==3.16.0
cd "$folder"
"$folder/venv/bin/python" - 2>hdf5.log <<'PYTHON'
from importlib.metadata import version

import h5py
import libsonata
import numpy as np


def read(compression: str | None) -> str:
    with h5py.File("nodes.h5", "w") as file:
        file["nodes/a/node_type_id"] = np.zeros(3, np.int64)
        group = file.create_group("nodes/a/0")
        group.create_dataset("x", data=np.arange(3.0), compression=compression)
    nodes = libsonata.NodeStorage("nodes.h5").open_population("a")
    try:
        found = str(nodes.get_attribute("x", nodes.select_all()).tolist())
    except Exception as error:
        found = type(error).__name__
    return f"{nodes.size} nodes, {found}"


assert version("libsonata") == "0.2.2"
seen = {"uncompressed": read(None), "gzip": read("gzip")}
for what, found in seen.items():
    print(f"{what}: {found}")
wanted = {"uncompressed": "3 nodes, [0.0, 1.0, 2.0]", "gzip": "3 nodes, RuntimeError"}
assert seen == wanted, seen
PYTHON
