"""Numbers of a population with a step map that only EventProp has."""

from __future__ import annotations

import numpy as np

from genn_delays.planning.dynamics import PlannedPopulation


def rise_of(p: PlannedPopulation, dtype: type) -> np.ndarray:
    """Threshold - initial voltage, in the precision of the engine, (n, 1, 1)."""
    rise = np.zeros((p.size, 1, 1))
    if p.threshold is not None:
        start: np.ndarray = p.initial[:, p.threshold_state].astype(dtype)
        rise[:, 0, 0] = p.threshold.astype(dtype) - start
    return rise


def logged_of(p: PlannedPopulation) -> int:
    """Numbers that are logged at a spike: the state and, with a step map, what arrived."""
    return len(p.states) + (len(p.input_states) if p.step_map is not None else 0)


def kept_of(p: PlannedPopulation) -> int:
    """Numbers that are kept of every step of a training batch."""
    return 0 if p.step_map is None else p.step_map.record.kept
