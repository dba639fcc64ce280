"""A planned run, the name of its folder, and the labels of its levels in tables.

A name follows from the run alone, so that a sweep that grows keeps the names it has.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

CONDITION = "condition"
"""The label of the conditions, and how ``exclude`` calls them."""
LONGEST = 80
"""Characters of a name before the digits of its checksum."""
RESERVED = "sweep"
"""The folder in which a sweep keeps its own files, beside those of its runs."""

Levels = dict[str, Any]
"""What a run is among the others: its condition, and its value on each axis."""


@dataclass(frozen=True)
class PlannedRun:
    """A run: the name of its folder, its levels by label, and keys of its configuration."""

    name: str
    levels: Levels
    settings: dict[str, Any]
    seed: int | None = None


def planned(levels: Levels, settings: dict[str, Any], seed: int | None) -> PlannedRun:
    """A run with the name that follows from its levels."""
    return PlannedRun(run_name(levels, seed), levels, settings, seed)


def labels_of(keys: Iterable[str]) -> dict[str, str]:
    """A short label for each key: its last part, or all of it where that stands for two keys.

    >>> labels_of(["weight.lr", "delay.lr", "model.args.hidden"])
    {'weight.lr': 'weight.lr', 'delay.lr': 'delay.lr', 'model.args.hidden': 'hidden'}
    """
    keys = list(keys)
    counts = Counter(key.rpartition(".")[2] for key in keys)
    last = {key: key.rpartition(".")[2] for key in keys}
    return {key: last[key] if counts[last[key]] == 1 else key for key in keys}


def run_name(levels: Mapping[str, Any], seed: int | None) -> str:
    """The name of a run; a condition stands in it without its label.

    >>> run_name({"condition": "No delays, 32", "lr": 1e-3, "hidden": [32]}, 2)
    'no-delays-32-lr-0.001-hidden-32-seed2'
    """
    parts = [
        _slug(str(value)) if label == CONDITION else f"{_slug(label)}-{_text(value)}"
        for label, value in levels.items()
    ]
    name = "-".join(part for part in parts if part)
    if len(name) > LONGEST or name == RESERVED:
        name = f"{name[:LONGEST]}-{_digest(levels)}"
    ends = [] if seed is None else [f"seed{seed}"]
    return "-".join([*([name] if name else []), *ends]) or "run"


def told_apart(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The runs, with a checksum in the names of those that would be called the same."""
    counts = Counter(run.name for run in runs)
    return [
        run
        if counts[run.name] == 1
        else replace(run, name=f"{run.name}-{_digest([run.levels, run.settings])}")
        for run in runs
    ]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def _text(value: Any) -> str:
    """A value as a part of a name; the sign of a number stays."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _slug(json.dumps(value))
    return repr(value)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]
