"""Delays and weights by sign, and what is left of the first wiring, over the epochs of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIGNS = ("excitatory", "inhibitory")
COLUMNS = ("synapses", "weight_mean", "weight_sd", "delay_mean", "delay_sd")


@dataclass(frozen=True, eq=False)
class Course:
    """One projection, epoch by epoch; arrays of shape (epochs,).

    Attributes:
        projection: its name.
        epochs: int64, counted from 1.
        excitatory, inhibitory: by ``"synapses"``, ``"weight_mean"``, ``"weight_sd"``,
            ``"delay_mean"`` and ``"delay_sd"`` (ms), float64; NaN where there was no synapse.
        synapses: in all, float64; NaN in epochs that say nothing of rewiring.
        initial: of them, those that were never dropped, float64; NaN likewise.
    """

    projection: str
    epochs: np.ndarray
    excitatory: Mapping[str, np.ndarray]
    inhibitory: Mapping[str, np.ndarray]
    synapses: np.ndarray
    initial: np.ndarray


def courses(lines: Sequence[Mapping[str, Any]]) -> dict[str, Course]:
    """By projection, from the lines of metrics.jsonl; {} where they say nothing of signs.

    Args:
        lines: as :meth:`RunFolder.read_metrics` gives them. Older runs did not tell signs.
    """
    train = [line for line in lines if line["split"] == "train" and line.get("signs")]
    names = dict.fromkeys(name for line in train for name in line["signs"])
    return {name: _course(name, train) for name in names}


def _course(name: str, train: Sequence[Mapping[str, Any]]) -> Course:
    def column(*keys: str) -> np.ndarray:
        return np.array([_number(line, *keys) for line in train])

    signs = {sign: {what: column("signs", name, sign, what) for what in COLUMNS} for sign in SIGNS}
    return Course(
        projection=name,
        epochs=np.array([line["epoch"] for line in train], dtype=np.int64),
        synapses=column("rewiring", name, "synapses"),
        initial=column("rewiring", name, "initial"),
        **signs,
    )


def _number(line: Any, *keys: str) -> float:
    for key in keys:
        line = line.get(key) if isinstance(line, Mapping) else None
    return float("nan") if line is None else float(line)
