"""Steps and unit gradients of populations with a step map, in numpy."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.step_maps import blow_up_message
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.support.errors import BackendError


def flow_of(p: PlannedPopulation, x: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The state at the end of the flow of a step.

    Args:
        x: state before it, (trials, n, S).
        free: False for neurons that are refractory, (trials, n).
    """
    assert p.step_map is not None
    found = p.step_map.flow.run(_inputs(p, x, free))
    return _stacked(found, "y", x)


def pull_of(
    p: PlannedPopulation, x: np.ndarray, free: np.ndarray, a: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Back through the flow of a step.

    Args:
        x: state before the flow, (trials, n, S).
        a: adjoint after it, (trials, n, S).

    Returns:
        The adjoint before it; -da/dt of each input state, (trials, n, ports); and what the
        constants that are collected gain, (n, constants).
    """
    assert p.step_map is not None
    values = _inputs(p, x, free) | {f"a{k}": a[..., k] for k in range(a.shape[-1])}
    found = p.step_map.pull.run(values)
    ports = np.zeros((*a.shape[:2], len(p.input_states)), a.dtype)
    gains = np.zeros((*a.shape[:2], len(p.step_map.collected.constants)), a.dtype)
    gained = _stacked(found, "g", gains).sum(axis=0, dtype=np.float64)
    return _stacked(found, "b", a), _stacked(found, "q", ports), gained


def speed_of(p: PlannedPopulation, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dx/dt in 1/ms, (trials, n, S), and d^2/dt^2 of the thresholded state, (trials, n)."""
    dtype = x.dtype
    if p.step_map is None:
        flow = p.flow.astype(dtype)
        speed = np.einsum("nij,bnj->bni", flow, x)
        return speed, np.einsum("nj,bnj->bn", flow[:, p.threshold_state], speed)
    found = p.step_map.speed.run(_inputs(p, x, np.ones(x.shape[:2], bool)))
    bend = np.broadcast_to(found["bend"], x.shape[:2]).astype(dtype)
    return _stacked(found, "f", x), bend


def check_states(p: PlannedPopulation, x: np.ndarray, time: float) -> None:
    """Raise BackendError where a state is not finite any more.

    Args:
        time: ms.
    """
    blown = ~np.all(np.isfinite(x), axis=(0, 2))
    if np.any(blown):
        raise BackendError(blow_up_message(p, int(blown.argmax()), time))


class UnitSums:
    """dL/d of the numbers of ``step_map.collected`` of a population, float64, (n, collected)."""

    def __init__(self, p: PlannedPopulation) -> None:
        assert p.step_map is not None
        self.which = p.step_map.collected
        self.sums = np.zeros((p.size, self.which.count))

    def add_constants(self, gained: np.ndarray) -> None:
        """(n, constants)."""
        self.sums[:, : len(self.which.constants)] += gained

    def add_spikes(
        self, fired: np.ndarray, a: np.ndarray, x: np.ndarray, threshold: np.ndarray
    ) -> None:
        """What resets and thresholds gain at the spikes of a step.

        Args:
            fired: strength of each spike, (trials, n).
            a: adjoint after the reset. x: state before it, (trials, n, S).
            threshold: dL/d threshold of these spikes, (trials, n).
        """
        k = len(self.which.constants)
        terms = [fired * a[..., i] * x[..., j] for i, j in self.which.matrix]
        terms += [fired * a[..., i] for i in self.which.offset]
        terms += [threshold] if self.which.threshold else []
        for term in terms:
            self.sums[:, k] += term.sum(axis=0, dtype=np.float64)
            k += 1

    def add_initial(self, a: np.ndarray) -> None:
        """The adjoint at the beginning of the trial, (trials, n, S)."""
        count = len(self.which.initial)
        if count:
            self.sums[:, -count:] += a[..., list(self.which.initial)].sum(axis=0, dtype=np.float64)


def _inputs(p: PlannedPopulation, x: np.ndarray, free: np.ndarray) -> dict[str, np.ndarray]:
    constants = p.constants.astype(x.dtype)
    values = {f"x{k}": x[..., k] for k in range(x.shape[-1])}
    values |= {f"c{k}": constants[:, k] for k in range(constants.shape[1])}
    return values | {"free": free.astype(x.dtype)}


def _stacked(found: dict[str, np.ndarray], letter: str, like: np.ndarray) -> np.ndarray:
    result = np.empty_like(like)
    for k in range(like.shape[-1]):
        result[..., k] = found[f"{letter}{k}"]
    return result
