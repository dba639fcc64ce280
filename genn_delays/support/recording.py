"""Text files of a run: replaced or lengthened as a whole, or left as they were."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOBase
from pathlib import Path

from genn_delays.support.cache import atomic_path
from genn_delays.support.errors import CheckpointError, reason


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Failures to write ``path`` as CheckpointError, with what to do."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written: {reason(error)}; make room on the disk, or make the folder "
            "writable"
        ) from None


def replace(path: Path, content: bytes | memoryview) -> None:
    """Give a file this content, in one step.

    Raises:
        CheckpointError: it cannot be written; the file is as it was.
    """
    with writing(path), atomic_path(path) as temporary:
        temporary.write_bytes(content)


def append(path: Path, content: str | bytes) -> None:
    """Add text, or bytes, to the end of a file and wait until it is on the disk.

    Raises:
        CheckpointError: it cannot be written; the file is as long as it was.
    """
    # without a buffer, which would be written once more when the file is closed
    with writing(path), path.open("ab", buffering=0) as file:
        length = file.seek(0, os.SEEK_END)
        try:
            left = memoryview(content.encode() if isinstance(content, str) else content)
            while left:
                left = left[file.write(left) or 0 :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # the failure to write is what the user has to know
                file.truncate(length)
            raise


class Log(TextIOBase):
    """A stream of text that :func:`append` adds to a file at each ``flush``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[str] = []

    def write(self, text: str) -> int:
        self._waiting.append(text)
        return len(text)

    def flush(self) -> None:
        if self._waiting:
            text, self._waiting = "".join(self._waiting), []
            append(self.path, text)
