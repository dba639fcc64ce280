"""Lists of files as data sets bring them: a name per line."""

from __future__ import annotations

from genn_delays.datasets.files import Files
from genn_delays.support.errors import DataError
from genn_delays.support.limits import RECORDING, check_size

LINE = 100
"""Bytes that a line takes in memory."""


def read_names(files: Files, name: str) -> list[str]:
    """The names in a list, in its order; empty lines are none.

    Raises:
        DataError: it is missing, not UTF-8 text, or larger than the limit on memory.
    """
    where = f"{files.path}: {name}"
    content = files.read(name)
    lines = content.count(b"\n") + 1
    check_size(2 * len(content) + LINE * lines, f"{where}: its {lines} lines", default=RECORDING)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{where} is not UTF-8 text; unpack the archive again") from None
    return [line.strip() for line in text.split("\n") if line.strip()]
