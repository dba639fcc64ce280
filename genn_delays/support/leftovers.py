"""Temporary files and folders: their names, and which of them killed processes left behind.

A name says which process writes: ``.<stem>-<place>-<pid>-<random><suffix>``. The place stands for
the machine since it was started and, in a container, for its own numbering of processes; only
there does a process number mean anything. Names of earlier releases have no place.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

_NAME = re.compile(r"\..+?-(?:([0-9a-f]{8})-)?([0-9]{1,9})-[0-9a-z_]{8}(?:\.\w+)?")

FILE_AGE = 24 * 3600.0
"""Seconds without a change after which a file that another machine writes is given up."""

FOLDER_AGE = 30 * FILE_AGE
"""The same for a folder: a compiled model is in use, unchanged, as long as its process runs."""


def temporary_prefix(stem: str) -> str:
    """How the temporary names of this process begin; eight random characters come next."""
    return f".{stem}-{place()}-{os.getpid()}-"


def temporary_beside(path: Path) -> Path:
    """A new name beside ``path``. The suffix is kept, because compilers look at it."""
    return path.with_name(f"{temporary_prefix(path.stem)}{secrets.token_hex(4)}{path.suffix}")


def is_temporary(name: str) -> bool:
    """Whether a file of this name is the beginning of another."""
    return _NAME.fullmatch(name) is not None


def remove_leftovers(folder: Path, *, shared: bool = True) -> None:
    """Remove the temporaries in a folder that nobody writes any more, as far as that can be.

    Args:
        folder: with the files that the temporaries become.
        shared: with processes on other machines, whose temporaries stay until they are old.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if (match := _NAME.fullmatch(entry.name)) is None:
                continue
            with suppress(OSError):
                directory = entry.is_dir(follow_symlinks=False)
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if match[1] == place():
                    abandoned = not is_alive(int(match[2]))
                else:
                    abandoned = not shared or age > (FOLDER_AGE if directory else FILE_AGE)
                if abandoned:
                    _remove(Path(entry.path), directory)


def _remove(path: Path, directory: bool) -> None:
    if directory:
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


@cache
def place() -> str:
    """The machine since it was started, and a container's numbering of processes, as a name."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def is_alive(pid: int) -> bool:
    """Whether there is such a process at this :func:`place`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True
