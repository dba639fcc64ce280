"""Paths as users write them: with ``~``, relative to some folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from genn_delays.support.errors import ConfigError, GennDelaysError, reason, short


def expanded(path: Path | str, where: str, error: type[GennDelaysError] = ConfigError) -> Path:
    """The path with ``~`` or ``~user`` replaced by that home folder.

    Args:
        where: begins the message: the key or variable that gives the path.

    Raises:
        error: there is no such home folder, or no file can have this name.
    """
    path = Path(path)
    try:
        path = path.expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # whoever opens it says so
    except (OSError, RuntimeError, ValueError) as failure:
        raise error(
            f"{where}: {short(repr(str(path)), 200)} is no path here ({reason(failure)})"
        ) from None
    return path


def told_apart(paths: Sequence[Path], taken: Collection[str] = ()) -> list[str]:
    """Names of folders: as much of the end of each path as all are told apart by.

    Args:
        taken: what none may be called.

    >>> told_apart([Path("/one/seed1"), Path("/two/seed1")])
    ['one/seed1', 'two/seed1']
    """
    parts = [path.resolve().parts for path in paths]
    names: list[str] = []
    for depth in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(each[-depth:]) for each in parts]
        if len(set(names)) == len(names) and not set(names) & set(taken):
            break
    return names
