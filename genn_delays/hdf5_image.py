"""HDF5 files that are made in memory and written by Python.

Where a disk is full the HDF5 library may abort the process instead of reporting it, so it never
writes to one: it fills a buffer, which costs as much memory as the file is long.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import h5py

from genn_delays.cache import atomic_path


def write_hdf5(path: Path | str, fill: Callable[[h5py.File], None]) -> None:
    """Make an HDF5 file that is on the disk, whole and under its name, when this ends.

    Args:
        path: of the file; an older one of that name is replaced in one step.
        fill: writes the content into an empty file.

    Raises:
        OSError: it cannot be written; an older file stands and no temporary one is left.
    """
    image = BytesIO()
    with h5py.File(image, "w") as file:
        fill(file)
    with atomic_path(path) as temporary:
        temporary.write_bytes(image.getbuffer())
