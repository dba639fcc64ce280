"""A reader with every fault there is: what the harness itself is tested with."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from fuzz.formats import Format
from genn_delays.support.errors import DataError

MEBIBYTE = 1 << 20


def _read(folder: Path) -> None:
    match (folder / "input").read_text(encoding="latin-1"):
        case "crash":
            os.abort()
        case "exit":
            os._exit(0)
        case "hang":
            while True:
                pass
        case "traceback":
            raise ValueError("raw")
        case "recursion":
            _read(folder)
        case "warning":
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        case "memory":
            np.ones(600 * MEBIBYTE, dtype=np.uint8)
        case "huge":
            np.ones(10**13, dtype=np.uint8)
        case "good":
            return
    raise DataError("refused")


CASES = ("crash", "exit", "hang", "traceback", "recursion", "warning", "memory", "huge", "good", "")
FAULTY = Format(
    0,
    lambda: {"input": b""},
    lambda: {"input": [b""]},
    _read,
    lambda: st.sampled_from(CASES).map(lambda case: ("input", case.encode())),
)
