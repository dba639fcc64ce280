"""HDF5 files that are made in memory and written by Python.

Where a disk is full the HDF5 library may abort the process instead of reporting it, so it never
writes to one: it fills a buffer, which costs as much memory as the file is long.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import h5py


def hdf5_image(fill: Callable[[h5py.File], None]) -> memoryview:
    """The content of an HDF5 file, in memory.

    Args:
        fill: writes into an empty file.
    """
    image = BytesIO()
    with h5py.File(image, "w") as file:
        fill(file)
    return image.getbuffer()
