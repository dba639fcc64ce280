"""A .npy file whose header is compared with the file before anything is allocated."""

from __future__ import annotations

import math
import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from genn_delays.support.errors import DataError, reason, short
from genn_delays.support.limits import check_size

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
"""By version of the format; the third is for columns with names."""
NUMBERS = "biufc"


def read_npy(path: Path) -> np.ndarray:
    """The array of a .npy file, which holds one array of numbers and nothing else.

    Raises:
        DataError: missing, damaged, an archive, of objects, or larger than the limit.
    """
    if not os.path.isfile(path):
        raise DataError(f"{path}: no such file; check data.path and the names in data.args")
    try:
        with open(path, "rb") as file:
            shape, fortran, dtype = _header(file, path)
            count = math.prod(shape)
            _check_length(file, count * dtype.itemsize, path)
            values = np.fromfile(file, dtype, count)
    except OSError as failure:
        raise DataError(f"{path}: cannot be read ({reason(failure)})") from None
    if len(values) != count:
        raise DataError(f"{path}: it became shorter while it was read; copy it again")
    return values.reshape(shape, order="F" if fortran else "C")


def array_of(data: bytes, where: str, kinds: str = NUMBERS) -> np.ndarray:
    """The array of a .npy file in memory, such as a member of an archive.

    Args:
        where: begins every message.
        kinds: of numpy types that are taken.

    Raises:
        DataError: as :func:`read_npy`.
    """
    shape, fortran, dtype = _header(BytesIO(data), where, kinds)
    count = math.prod(shape)
    start = len(data) - count * dtype.itemsize
    if start < 0 or not data[:start].endswith(b"\n"):
        raise DataError(f"{where}: not as long as its header tells; copy it again")
    values = np.frombuffer(data, dtype, count, start)
    return values.reshape(shape, order="F" if fortran else "C")


def _header(
    file: BinaryIO, path: Path | str, kinds: str = NUMBERS
) -> tuple[tuple[int, ...], bool, np.dtype]:
    if file.read(2) == b"PK":
        raise DataError(
            f"{path}: an archive of arrays under the name of one; take it out of the archive and "
            "write it with numpy.save"
        )
    file.seek(0)
    try:
        version = npy.read_magic(file)
        shape, fortran, dtype = HEADERS[version](file)
    except Exception as failure:  # the header is Python, and fails in as many ways
        raise DataError(
            f"{path}: not a readable array ({reason(failure)}); copy it again"
        ) from None
    if dtype.kind not in kinds:
        raise DataError(f"{path}: an array of type {short(str(dtype), 50)}; save numbers")
    if any(length < 0 for length in shape):
        raise DataError(f"{path}: not a readable array (shape {shape}); copy it again")
    return shape, fortran, dtype


def _check_length(file: BinaryIO, nbytes: int, path: Path) -> None:
    check_size(nbytes, str(path))
    found = os.fstat(file.fileno()).st_size - file.tell()
    if found != nbytes:
        raise DataError(
            f"{path}: {found} bytes of data where its header tells of {nbytes}; copy it again"
        )
