"""Files of a body that is written piece by piece and read by place, with arrays behind it.

Behind the body come the arrays, a line of JSON about them, and its length in 8 bytes. Reads are
positional, so that what was read does not stay in the process's memory as the pages of a mapped
file do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from genn_delays.support.errors import DataError, reason

LENGTH = 8
"""Bytes of the number at the end."""


def write_tail(file: BinaryIO, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write what comes behind the body: arrays, and facts as JSON."""
    for array in arrays.values():
        file.write(array.data)
    shapes = {name: [array.dtype.str, array.shape] for name, array in arrays.items()}
    text = json.dumps({"arrays": shapes, "facts": dict(facts)}).encode()
    file.write(text + len(text).to_bytes(LENGTH, "little"))


class TailedFile:
    """A file that ends with :func:`write_tail`, whose checksum was looked at.

    Attributes:
        path, size: of the file, in bytes.
        arrays, facts: what lies behind the body.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        self.size = os.fstat(self._file.fileno()).st_size
        end = self.size - LENGTH
        length = np.empty(1, "<u8")
        self.fill([length], end)
        text = np.empty(int(length[0]), np.uint8)
        end -= len(text)
        self.fill([text], end)
        tail = json.loads(text.tobytes())
        self.facts: dict[str, Any] = tail["facts"]
        made = {name: np.empty(shape, kind) for name, (kind, shape) in tail["arrays"].items()}
        self.arrays: dict[str, np.ndarray] = made
        self.fill(list(made.values()), end - sum(array.nbytes for array in made.values()))

    def fill(self, arrays: Sequence[np.ndarray], place: int) -> None:
        """Read into arrays, one after the other, what lies from ``place`` on.

        Raises:
            DataError: the disk cannot read it, or the file has become shorter.
        """
        wanted = sum(array.nbytes for array in arrays)
        try:
            buffers = [array.data for array in arrays]
            found = os.preadv(self._file.fileno(), buffers, place) if wanted else 0
        except OSError as failure:
            raise DataError(f"{self.path}: {reason(failure)}; see whether the disk works") from None
        if found != wanted:
            raise DataError(f"{self.path} was changed while it was in use; run the command again")
