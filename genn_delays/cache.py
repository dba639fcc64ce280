"""The user's cache folder, and files in it that appear whole or not at all.

Two processes that make the same file at once do not disturb each other: each writes to a
name of its own and renames it, and the last one wins with the same content.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genn_delays.errors import GennDelaysError
from genn_delays.leftovers import remove_leftovers, temporary_beside

VARIABLE = "GENN_DELAYS_CACHE"


def cache_root() -> Path:
    """``$GENN_DELAYS_CACHE``, or genn-delays in ``$XDG_CACHE_HOME`` or else in ``~/.cache``."""
    if given := os.environ.get(VARIABLE):
        return Path(given).expanduser()
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given).expanduser() / "genn-delays"
    return Path("~/.cache/genn-delays").expanduser()


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
            f"cache folder {folder}: {error.strerror}; set {VARIABLE} to a folder you can write to"
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

    The file, and then its name, are on the disk before this ends. The suffix is kept, because
    compilers look at it.
    """
    path = Path(path)
    # a name of its own rather than mkstemp's file, which would stay private to this user
    temporary = temporary_beside(path)
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


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
