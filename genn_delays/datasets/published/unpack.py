"""A .tar.gz unpacked beside itself: nothing outside its folder, no links, no devices."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from pathlib import Path
from typing import Any

from genn_delays.support.errors import DataError, reason
from genn_delays.support.limits import RECORDING, check_size

BLOCK = 1 << 20


def unpack(archive: Path, mark: str) -> None:
    """Unpack an archive into its folder.

    Args:
        archive: the archive; it stays.
        mark: name of a file in it, which appears last: where it is there, all is.

    Raises:
        DataError: it is damaged, leads out of its folder, needs more room than the disk has, or
            has no such file. What was unpacked before is removed.
    """
    if not hasattr(tarfile, "data_filter"):
        raise DataError(f"{archive}: unpack it by hand, or with Python 3.11.4 or later")
    folder = archive.parent
    temporary = folder / f"{archive.name}.unpacked"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        _extract(archive, temporary)
        if not (temporary / mark).is_file():
            raise DataError(f"{archive}: no {mark} in it; it is not the archive that is wanted")
        for item in sorted(temporary.iterdir(), key=lambda item: item.name == mark):
            _move(item, folder / item.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move(item: Path, target: Path) -> None:
    """Move a file or folder into place; what an attempt left there before gives way."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    item.replace(target)


def _extract(archive: Path, folder: Path) -> None:
    room = shutil.disk_usage(folder).free
    try:
        with gzip.open(archive) as packed:
            bounded: Any = _Bounded(packed, archive)
            with tarfile.open(fileobj=bounded, mode="r:") as tar:
                _members(tar, archive, folder, room)
                packed.seek(tar.offset)
                while block := packed.read(BLOCK):
                    if block.count(0) != len(block):  # tarfile ends at a header it cannot read
                        raise DataError(f"{archive}: damaged in the middle; fetch it again")
    except DataError:
        raise
    except Exception as failure:  # whatever a damaged header makes tarfile raise
        raise DataError(
            f"{archive}: cannot be unpacked ({reason(failure)}); fetch it again"
        ) from None


def _members(tar: tarfile.TarFile, archive: Path, folder: Path, room: int) -> None:
    for member in tar:
        if member.isdir():
            continue
        if not member.isfile():
            raise DataError(
                f"{archive}: {member.name[:200]!r} is a link or a device; fetch it again"
            )
        room -= member.size
        if room < 0:
            raise DataError(f"{archive}: unpacked it needs more room than the disk has")
        tar.extract(member, folder, set_attrs=False, filter="data")


class _Bounded:
    """A stream of which nobody reads more at once than memory allows."""

    def __init__(self, stream: Any, archive: Path) -> None:
        self.stream, self.archive = stream, archive

    def read(self, size: int) -> bytes:
        check_size(size, f"{self.archive}: a header", default=RECORDING)
        return bytes(self.stream.read(size))

    def tell(self) -> int:
        return int(self.stream.tell())

    def seek(self, place: int) -> int:
        return int(self.stream.seek(place))
