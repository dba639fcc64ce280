"""A witness of what is on the disk, and of when a file gets its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest


class Disk:
    """Remembers what ``os.fsync`` saw of each file and folder, and refuses names given too early.

    Attributes:
        named: paths that ``os.replace`` gave to a file, in their order.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.named: list[Path] = []
        self._seen: dict[int, object] = {}
        self._fsync, self._replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)

    def fsync(self, handle: int) -> None:
        self._fsync(handle)
        found = os.fstat(handle)
        self._seen[found.st_ino] = _written(found)
        if stat.S_ISDIR(found.st_mode):
            self._seen[found.st_ino] = sorted(os.listdir(handle))

    def replace(self, source: Path | str, target: Path | str) -> None:
        assert self.holds(Path(source)), f"{target} got its name before its content was flushed"
        self._replace(source, target)
        self.named.append(Path(target).absolute())

    def holds(self, path: Path) -> bool:
        """Whether nothing happened to a file, or to the names in a folder, since it was flushed."""
        found = path.stat()
        now = sorted(os.listdir(path)) if path.is_dir() else _written(found)
        return self._seen.get(found.st_ino) == now


def _written(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
