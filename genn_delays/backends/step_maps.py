"""What the host does alike for populations with a step map, on every engine."""

from __future__ import annotations

import numpy as np

from genn_delays.planning.dynamics import PlannedPopulation


def unit_gradients(
    p: PlannedPopulation, sums: np.ndarray, tied: frozenset[str]
) -> dict[str, np.ndarray]:
    """dL/d of each learnt parameter, (n,), from dL/d of what depends on it, (n, collected)."""
    found = {name: np.sum(sums * change, axis=1) for name, change in p.changes.items()}
    return {n: np.full(p.size, g.sum()) if n in tied else g for n, g in found.items()}


def blow_up_message(p: PlannedPopulation, unit: int, time: float) -> str:
    """What a user reads where a step ran away."""
    return (
        f"population {p.name!r}: the state of unit {unit} is not finite at {time:g} ms; take a "
        "smaller dt, more substeps, or a threshold that is reached before"
    )
