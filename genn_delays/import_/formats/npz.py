"""npz: see :mod:`genn_delays.export.formats.npz` for the names of the arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genn_delays.datasets.files import Files, ZipFiles
from genn_delays.datasets.npy import array_of
from genn_delays.import_.base import Asked, Contents, FoundSynapses, Reader
from genn_delays.import_.found import FoundPopulation
from genn_delays.import_.sidecar import Sidecar
from genn_delays.support.errors import DataError

TEXTS, WHOLE, NUMBERS = "U", "iu", "iuf"


class Npz(Reader):
    """A file of numpy arrays."""

    name = "npz"
    suffix = ".npz"

    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        arrays = Arrays(ZipFiles(main))
        names = arrays.texts("populations")
        sizes = arrays.get("sizes", WHOLE, len(names)).tolist()
        parts = arrays.texts("projections")
        identifiers = arrays.texts("identifiers", len(parts))
        pre, post, target = (arrays.texts(k, len(parts)) for k in ("pre", "post", "target"))
        lag, longest = (arrays.get(k, NUMBERS, len(parts)).tolist() for k in ("lag", "max_delay"))
        projections = {
            identifier: FoundSynapses(
                *(pre[k], post[k], arrays.synapses(identifier)),
                target=target[k],
                lag=lag[k],
                max_delay=longest[k],
            )
            for k, identifier in enumerate(identifiers)
        }
        found = [FoundPopulation(*pair) for pair in zip(names, sizes, strict=True)]
        return Contents(found, projections, dict(zip(identifiers, parts, strict=True)))


class Arrays:
    """The arrays of a file by name."""

    def __init__(self, files: Files) -> None:
        self.files, self.names = files, set(files.names())

    def get(self, name: str, kinds: str, length: int | None = None) -> np.ndarray:
        """An array of one dimension, of these kinds of numpy types."""
        where = f"{self.files.path}: {name}"
        if f"{name}.npy" not in self.names:
            raise DataError(f"{where} is missing; this is no export of a network, or damaged")
        found = array_of(self.files.read(f"{name}.npy"), where, kinds)
        if found.ndim != 1 or length not in (None, len(found)):
            wanted = "one dimension" if length is None else f"({length},)"
            raise DataError(f"{where} has shape {found.shape}, not {wanted}; export again")
        return found

    def texts(self, name: str, length: int | None = None) -> list[str]:
        """Names that are all different where there is no length."""
        found = self.get(name, TEXTS, length).tolist()
        if length is None and len(set(found)) < len(found):
            raise DataError(f"{self.files.path}: {name} has the same name twice; export again")
        return found

    def synapses(self, identifier: str) -> dict[str, np.ndarray]:
        """The columns of a projection."""
        pre = self.get(f"{identifier}.pre", WHOLE)
        rest = {"post": WHOLE, "weight": NUMBERS, "delay": NUMBERS}
        return {"pre": pre} | {
            name: self.get(f"{identifier}.{name}", kinds, len(pre)) for name, kinds in rest.items()
        }
