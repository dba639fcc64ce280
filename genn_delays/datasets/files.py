"""The same read access to the files of a folder and of a zip archive."""

from __future__ import annotations

import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path

from genn_delays.errors import DataError


class Files(ABC):
    """Files by name relative to a folder or archive.

    Attributes:
        path: the folder or archive.
    """

    path: Path

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Content of a file; DataError where it is missing or damaged."""

    @abstractmethod
    def stamp(self, name: str) -> list[int]:
        """Numbers that change when the file does; DataError where it is missing."""

    def missing(self, name: str, reason: str) -> DataError:
        """The error that a file is not there."""
        return DataError(
            f"{self.path}: cannot find {name} ({reason}); add it, or correct the list that names "
            "it (data.args.train, validation, test name the lists)"
        )


class FolderFiles(Files):
    """Files below a folder, stamped with size and time of change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as failure:
            raise self.missing(name, failure.strerror or "unreadable") from None

    def stamp(self, name: str) -> list[int]:
        try:
            status = (self.path / name).stat()
        except OSError as failure:
            raise self.missing(name, failure.strerror or "unreadable") from None
        return [status.st_size, status.st_mtime_ns]


class ZipFiles(Files):
    """Members of a zip archive, stamped with size and checksum."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as failure:
            raise DataError(
                f"{path}: neither a folder nor a readable zip archive ({failure}); copy it again"
            ) from None

    def read(self, name: str) -> bytes:
        try:
            return self.archive.read(name)
        except KeyError:
            raise self.missing(name, "not in the archive") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as failure:
            raise DataError(f"{self.path}: {name} is damaged ({failure}); copy it again") from None

    def stamp(self, name: str) -> list[int]:
        try:
            info = self.archive.getinfo(name)
        except KeyError:
            raise self.missing(name, "not in the archive") from None
        return [info.file_size, info.CRC]


def open_files(path: Path) -> Files:
    """Access to a folder or a zip archive.

    Raises:
        DataError: there is nothing at ``path``, or it is neither.
    """
    if not path.exists():
        raise DataError(f"{path}: no such folder or zip archive; check data.path")
    return FolderFiles(path) if path.is_dir() else ZipFiles(path)
