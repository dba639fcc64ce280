"""The user's cache folder, and files in it that appear whole or not at all.

Two processes that make the same file at once do not disturb each other: each writes to a
name of its own and renames it, and the last one wins with the same content.

What is kept from one run to the next has the checksum of its content in its name, so that no
moment comes when file and checksum are of two builds. A file that a full disk or a copy has
damaged, which could crash whatever loads it, no longer fits its name and is made again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genn_delays.support.errors import GennDelaysError, reason
from genn_delays.support.leftovers import remove_leftovers, temporary_beside
from genn_delays.support.paths import expanded

VARIABLE = "GENN_DELAYS_CACHE"
DIGITS = 32
"""Hexadecimal digits of a checksum in a name: chance damage does not find the same 128 bits."""


def cache_root() -> Path:
    """``$GENN_DELAYS_CACHE``, or genn-delays in ``$XDG_CACHE_HOME`` or else in ``~/.cache``.

    Raises:
        GennDelaysError: this begins with the home folder of somebody who has none.
    """
    if given := os.environ.get(VARIABLE):
        return expanded(given, VARIABLE, GennDelaysError)
    if given := os.environ.get("XDG_CACHE_HOME"):
        return expanded(given, "XDG_CACHE_HOME", GennDelaysError) / "genn-delays"
    return expanded("~/.cache/genn-delays", f"{VARIABLE} is not set", GennDelaysError)


def cache_folder(*parts: str) -> Path:
    """The folder ``parts`` below the cache root, made if it is not there, without leftovers.

    Raises:
        GennDelaysError: the folder cannot be made or is not writable.
    """
    folder = cache_root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GennDelaysError(
            f"cache folder {folder}: {reason(error)}; set {VARIABLE} to a folder you can write to"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise GennDelaysError(
            f"cache folder {folder} is not writable; set {VARIABLE} to a folder you can write to"
        )
    remove_leftovers(folder)
    return folder


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to ``path`` on success and removed on failure.

    A file or a folder: its content, and then its name, are on the disk before this ends. The suffix
    is kept, because compilers look at it.
    """
    path = Path(path)
    # a name of its own rather than mkstemp's file, which would stay private to this user
    temporary = temporary_beside(path)
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _flush(file)
        _replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        temporary.unlink(missing_ok=True)


def _replace(file: Path, path: Path) -> None:
    """Give a file or folder another name, once its content is on the disk."""
    _flush(file)
    os.replace(file, path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # this file system cannot do it
            raise
    finally:
        os.close(handle)


def kept(folder: Path, key: str) -> Path | None:
    """What :func:`keep` or :func:`seal` left in a folder under a key, if it is as it was then.

    Reads the whole file, a tenth of a second for 100 MB. Once there is a sound one, damaged ones
    of that key that were met before it are removed.
    """
    damaged: list[Path] = []
    for path in sorted(folder.glob(f"{key}-*.*")):
        if _is_sound(path, key):
            for other in damaged:
                other.unlink(missing_ok=True)
            return path
        damaged.append(path)
    return None


@contextmanager
def keep(folder: Path, key: str, name: str) -> Iterator[Path]:
    """A temporary path, kept under ``key`` on success and removed on failure.

    Args:
        folder: from :func:`cache_folder`.
        key: a hash of everything that decides the content.
        name: end of the file's name, such as ``"so"``.
    """
    temporary = temporary_beside(folder / f"{key}.{name}")
    try:
        yield temporary
        seal(temporary, folder, key, name)
    finally:
        temporary.unlink(missing_ok=True)


def seal(file: Path, folder: Path, key: str, name: str) -> Path:
    """Move a finished file to the name in ``folder`` that holds its checksum."""
    sealed = folder / f"{key}-{_digest(file)}.{name}"
    _replace(file, sealed)
    return sealed


def _is_sound(path: Path, key: str) -> bool:
    try:
        return path.name.startswith(f"{key}-{_digest(path)}.")
    except OSError:  # another process has removed it, or the disk cannot read it
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
