#!/usr/bin/env bash
# nir 1.0.8, numpy 2.3.5, h5py 3.16.0.
#
# A node of a NIR graph may have any name: NIRGraph takes "block/1", checks its types and runs its inference,
# and nir.write writes it without a word. The writer makes a group of HDF5 from the name, which splits it at
# the slash, so that the file has a node "block" without a type and nir.read fails: the graph is lost where
# only the file was kept. A point, as in the names that PyTorch gives to modules, does no harm.
#
# Seen: "block.1: read back", "block/1: KeyError 'type'".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nir==1.0.8 numpy==2.3.5 h5py==3.16.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import nir
import numpy as np


def back(name: str) -> str:
    nodes = {
        "input": nir.Input(np.array([2])),
        name: nir.Linear(np.eye(2)),
        "output": nir.Output(np.array([2])),
    }
    nir.write("graph.nir", nir.NIRGraph(nodes, [("input", name), (name, "output")]))
    try:
        found = nir.read("graph.nir")
    except Exception as error:
        return f"{type(error).__name__} {error}"
    return "read back" if set(found.nodes) == set(nodes) else "read as another graph"


assert version("nir") == "1.0.8"
seen = {name: back(name) for name in ("block.1", "block/1")}
for name, what in seen.items():
    print(f"{name}: {what}")
assert seen == {"block.1": "read back", "block/1": "KeyError 'type'"}, seen
PYTHON
