"""Paths as users write them: with ``~``, relative to some folder."""

from __future__ import annotations

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
