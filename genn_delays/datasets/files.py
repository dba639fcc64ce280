"""The same read access to the files of a folder and of a zip archive."""

from __future__ import annotations

import os
import stat
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path

from genn_delays.datasets import zip_members
from genn_delays.support.errors import DataError, reason
from genn_delays.support.limits import RECORDING, check_size


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

    @abstractmethod
    def names(self) -> list[str]:
        """All files below, sorted, with ``/`` between folder and file."""

    def missing(self, name: str, why: str) -> DataError:
        """The error that a file is not there."""
        return DataError(
            f"{self.path}: cannot find {name} ({why}); add it, or correct the list that names "
            "it (data.args.train, validation, test name the lists)"
        )


class FolderFiles(Files):
    """Files below a folder, stamped with size and time of change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        size = self._status(name).st_size
        check_size(size, f"{self.path}: {name}", default=RECORDING)
        try:
            with open(self.path / name, "rb") as file:
                return file.read(size)
        except OSError as failure:
            raise self.missing(name, reason(failure)) from None

    def stamp(self, name: str) -> list[int]:
        status = self._status(name)
        return [status.st_size, status.st_mtime_ns]

    def names(self) -> list[str]:
        def fail(failure: OSError) -> None:
            raise DataError(f"{failure.filename}: {reason(failure)}; check who may read it")

        walk = os.walk(self.path, onerror=fail, followlinks=False)
        found = [Path(folder, file) for folder, _, files in walk for file in files]
        return sorted(file.relative_to(self.path).as_posix() for file in found)

    def _status(self, name: str) -> os.stat_result:
        try:
            status = (self.path / name).stat()
        except (OSError, ValueError) as failure:  # a name that no file can have is a ValueError
            raise self.missing(name, reason(failure)) from None
        if not stat.S_ISREG(status.st_mode):  # a device or a pipe may have no end
            raise self.missing(name, "not a file")
        return status


class ZipFiles(Files):
    """Members of a zip archive, stamped with size and checksum."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.archive = zipfile.ZipFile(path)
        except Exception as failure:  # whatever a damaged directory makes zipfile raise
            raise DataError(
                f"{path}: neither a folder nor a readable zip archive ({reason(failure)}); copy it "
                "again"
            ) from None

    def read(self, name: str) -> bytes:
        info = self._info(name)
        size = max(info.file_size, info.compress_size)
        check_size(size, f"{self.path}: {name}", default=RECORDING)
        if info.compress_type not in zip_members.KINDS:
            raise DataError(
                f"{self.path}: {name} is compressed by method {info.compress_type}; make the "
                "archive again with `zip`"
            )
        try:
            return zip_members.read(self.archive, info)
        except Exception as failure:  # checksum, zlib, header, a password that is asked for
            raise DataError(
                f"{self.path}: {name} is damaged or encrypted ({reason(failure)}); copy the "
                "archive again, or make it without a password"
            ) from None

    def stamp(self, name: str) -> list[int]:
        info = self._info(name)
        return [info.file_size, info.CRC]

    def names(self) -> list[str]:
        return sorted(info.filename for info in self.archive.infolist() if not info.is_dir())

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self.archive.getinfo(name)
        except KeyError:
            raise self.missing(name, "not in the archive") from None


def open_files(path: Path) -> Files:
    """Access to a folder or a zip archive.

    Raises:
        DataError: there is nothing at ``path``, or it is neither.
    """
    if not path.exists():
        raise DataError(f"{path}: no such folder or zip archive; check data.path")
    if path.is_dir():
        return FolderFiles(path)
    if not path.is_file():  # opening a pipe waits for ever
        raise DataError(f"{path}: neither a folder nor a zip archive; check data.path")
    return ZipFiles(path)
