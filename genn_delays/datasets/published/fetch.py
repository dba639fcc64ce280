"""``fetch`` and ``bring``: the files of a published data set into its folder, checked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from genn_delays.datasets.published.catalogue import Download, Entry, entry
from genn_delays.datasets.published.place import data_folder
from genn_delays.datasets.published.transfer import (
    UnreachableError,
    checksum,
    listed_checksums,
    transfer,
)
from genn_delays.datasets.published.unpack import unpack
from genn_delays.support.cache import atomic_path
from genn_delays.support.errors import DataError

Say = Callable[[str], None]


def fetch(name: str, *, mirror: str | None = None, say: Say = print) -> Path:
    """Fetch what is missing of a data set, check and unpack it; its folder.

    Args:
        name: in the catalogue.
        mirror: address of a folder that has all files under their names, in place of the
            published addresses.
        say: is given a line for each file.

    Raises:
        DataError: no network, with the names of the files to place by hand; a checksum that is
            wrong; an archive that is damaged.
    """
    known, folder = entry(name), _made(data_folder(name))
    missing = [file for file in known.files if not _is_there(folder, file)]
    try:
        published = _checksums(known, mirror) if missing else {}
        for file in known.files:
            path, md5 = folder / file.name, file.md5 or published.get(file.name)
            if path.exists():
                _check(path, md5)
            elif file in missing:
                url = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
                say(_verdict(file, transfer(url, path, md5), md5))
            _unpacked(path, file)
    except UnreachableError as failure:
        names = ", ".join(file.name for file in missing)
        raise DataError(
            f"{name}: {failure}\nplace {names} in {folder} by hand and run this again, or "
            f"`genn-delays data import {name} --from DIR`"
        ) from None
    return folder


def bring(name: str, source: Path, *, say: Say = print) -> Path:
    """Copy the files of a data set from a folder, check and unpack them; its folder.

    Files that are not packed any more, or whose checksum is only on the authors' list, are copied
    as they are; ``say`` is told so.

    Raises:
        DataError: a file is missing there, or is another one than was published.
    """
    known, folder = entry(name), _made(data_folder(name))
    found: list[tuple[Download, Path]] = []
    for file in known.files:
        names = [each for each in (file.name, file.instead) if each]
        there = [source / each for each in names if (source / each).exists()]
        if not there:
            raise DataError(
                f"{name}: no {' or '.join(names)} in {source}; a folder that is unpacked already "
                "can be named in data.path"
            )
        found.append((file, there[0]))
    packed = [path.name == file.name for file, path in found]
    for (file, path), is_packed in zip(found, packed, strict=True):
        if is_packed:
            _check(path, file.md5)
    for (file, path), is_packed in zip(found, packed, strict=True):
        _copy(path, folder / path.name)
        checked = is_packed and file.md5 is not None
        say(f"{path.name}: copied, {'the checksum is right' if checked else 'not checked'}")
        if is_packed:
            _unpacked(folder / path.name, file)
    return folder


def _copy(path: Path, target: Path) -> None:
    """Copy a file or folder, unless it is there under this very name."""
    if target.exists() and target.samefile(path):
        return
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        with atomic_path(target) as temporary:
            shutil.copyfile(path, temporary)


def is_complete(name: str) -> bool:
    """Whether every file of a data set is in its folder."""
    return all(_is_there(data_folder(name), file) for file in entry(name).files)


def _is_there(folder: Path, file: Download) -> bool:
    wanted = file.unpacked or file.name
    names = [name for name in (wanted, file.instead) if name]
    return any((folder / name).exists() for name in names)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _checksums(known: Entry, mirror: str | None) -> dict[str, str]:
    """By file, where the authors have a list of them."""
    if known.checksums is None or all(file.md5 for file in known.files):
        return {}
    name = known.checksums.rsplit("/", 1)[-1]
    return listed_checksums(f"{mirror.rstrip('/')}/{name}" if mirror else known.checksums)


def _check(path: Path, md5: str | None) -> None:
    if md5 is not None and (found := checksum(path)) != md5:
        raise DataError(
            f"{path}: has the MD5 {found}, published is {md5}; it is another file or damaged, move "
            "it away and fetch it"
        )


def _verdict(file: Download, found: str, md5: str | None) -> str:
    if md5 is not None:
        return f"{file.name}: fetched, the checksum is right"
    return f"{file.name}: fetched; no checksum is published, its MD5 is {found}"


def _unpacked(path: Path, file: Download) -> None:
    if file.unpacked is not None and not (path.parent / file.unpacked).exists():
        unpack(path, file.unpacked)
