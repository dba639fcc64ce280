"""The user's cache folder, and files in it that appear whole or not at all.

Two processes that make the same file at once do not disturb each other: each writes to a
name of its own and renames it, and the last one wins with the same content.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genn_delays.errors import GennDelaysError
from genn_delays.paths import expanded

VARIABLE = "GENN_DELAYS_CACHE"


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
    """The folder ``parts`` below the cache root, made if it is not there.

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
    return folder


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to ``path`` on success and removed on failure.

    The suffix is kept, because compilers and h5py look at it.
    """
    path = Path(path)
    # a name of its own rather than mkstemp's file, which would stay private to this user
    temporary = path.with_name(f".{path.stem}-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
