"""metrics.jsonl: a line of JSON per epoch and split.

A kill may cut the last line short; it has no end of line then and is left out. Whatever else
cannot be read is refused with its line number, because it is the user's to mend. Blank lines
stand for nothing and stay where they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genn_delays.support import recording
from genn_delays.support.checks import is_number
from genn_delays.support.errors import CheckpointError, reason
from genn_delays.training import Metrics

Line = dict[str, Any]

NUMBERS = ("loss", "seconds", "spikes_per_neuron")


def read(path: Path) -> list[Line]:
    """The entries of a file in order; none where there is no file.

    Raises:
        CheckpointError: a line is damaged, or the file cannot be read.
    """
    return [entry for _, entry in _lines(path) if entry is not None]


def append(path: Path, epoch: int, metrics: Mapping[str, Metrics]) -> None:
    """Add an entry per split, all of them or none.

    Raises:
        CheckpointError: the file cannot be written.
    """
    text = ""
    for split, values in metrics.items():
        columns = {key: value for key, value in asdict(values).items() if value is not None}
        text += json.dumps({"epoch": epoch, "split": split, **columns}) + "\n"
    recording.append(path, text)


def forget_after(path: Path, epoch: int) -> None:
    """Drop a line that was cut short, and the entries of epochs that come after ``epoch``.

    Raises:
        CheckpointError: a line is damaged, or the file cannot be read or written.
    """
    kept = [raw for raw, entry in _lines(path) if entry is None or entry["epoch"] <= epoch]
    content = b"".join(raw.rstrip(b"\n") + b"\n" for raw in kept)
    if path.exists() and content != path.read_bytes():
        recording.replace(path, content)


def _lines(path: Path) -> Iterator[tuple[bytes, Line | None]]:
    """Each line as it is in the file, with its entry, which a blank one has not."""
    if not path.exists():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {reason(error)}") from None
    for number, raw in enumerate(content.splitlines(keepends=True), 1):
        if not raw.strip():
            yield raw, None
            continue
        entry = _entry(raw)
        if entry is None:
            if not raw.endswith(b"\n"):
                return
            raise CheckpointError(
                f"{path}, line {number}: not an entry that a run writes; nothing was changed\n"
                "mend that line, or delete it if it may be lost"
            )
        yield raw, entry


def _entry(raw: bytes) -> Line | None:
    """The entry of a line, or None if it is none."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("split"), str):
        return None
    epoch = entry.get("epoch")
    counted = type(epoch) is int and 1 <= epoch < 2**63
    return entry if counted and all(is_number(entry.get(name)) for name in NUMBERS) else None
