"""How much memory this process and its children have occupied at most; from /proc, so Linux."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

MEBIBYTE = 1 << 20
SELF = Path("/proc/self")


def _processes() -> Iterator[Path]:
    """This process and the children that it has at the moment."""
    yield SELF
    for task in (SELF / "task").iterdir():
        try:
            yield from (Path("/proc") / pid for pid in (task / "children").read_text().split())
        except OSError:
            continue  # a thread that has just ended


def begin_peak() -> None:
    """Forget the peak so far."""
    for process in _processes():
        try:
            (process / "clear_refs").write_text("5")
        except OSError:
            continue  # a child that has just ended


def peak() -> int:
    """Bytes occupied at most since :func:`begin_peak`: the sum over this process and children.

    Of children that have ended, the largest counts, whenever that was.
    """
    total = 0
    for process in _processes():
        try:
            status = (process / "status").read_text()
        except OSError:
            continue
        _, _, rest = status.partition("VmHWM:")
        total += 1024 * int(rest.split(maxsplit=1)[0]) if rest else 0
    return max(total, 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
