"""What happens to the adjoint at a spike, and to what arrives with it, in plain numpy.

See gradients/eventprop.py for the equations.
"""

from __future__ import annotations

import numpy as np

from genn_delays.backends.reference.mapped import UnitSums, speed_of
from genn_delays.backends.reference.recorded import Recorded
from genn_delays.planning.dynamics import PlannedPopulation


class Jumping(Recorded):
    """The jumps of a backward pass over spikes.

    Attributes:
        min_slope: that of the gradient rule.
        before, arriving, since: of the forward pass, see :class:`EventPropSimulation`.
        shift: -da_in/dt by population, (steps, trials, n, ports).
        release: what the release of the latest spike not yet passed adds to the bracket of its
            jump, by population, (trials, n).
        kicked: what the jumps of this step added to the adjoint of the voltage, alike.
        sums: of what is learnt, by population with a step map.
    """

    min_slope: float
    before: list[np.ndarray]
    arriving: list[np.ndarray]
    since: list[np.ndarray]
    shift: list[np.ndarray]
    release: list[np.ndarray]
    kicked: list[np.ndarray]
    sums: dict[int, UnitSums]

    def _reset(self, p: PlannedPopulation, x: np.ndarray) -> np.ndarray:
        """R x + r."""
        matrix, offset = (a.astype(self.plan.dtype) for a in (p.reset_matrix, p.reset_offset))
        return np.einsum("nij,bnj->bni", matrix, x) + offset

    def _capture(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> None:
        """a_V V' where a neuron is released at the end of the flow of step t."""
        if not p.holds:
            return
        v = p.threshold_state
        speed, _ = speed_of(p, self.before[k][t])
        released = self.since[k][t] == p.refractory
        self.release[k] = np.where(released, a[..., v] * speed[..., v], self.release[k])

    def _jump(
        self,
        t: int,
        k: int,
        p: PlannedPopulation,
        a: np.ndarray,
        time_gradient: np.ndarray,
        voltage_gradient: np.ndarray,
    ) -> np.ndarray:
        """The saltation of the adjoint at spikes; see gradients/eventprop.py."""
        dtype, v = self.plan.dtype, p.threshold_state
        assert p.threshold is not None
        matrix, before, spiked = (
            p.reset_matrix.astype(dtype),
            self.before[k][t],
            self.sent[k][t] > 0,
        )
        arrived = spiked & (before[..., v] < p.threshold.astype(dtype))
        full = self._at_arrival(t, k, p)
        after = self._reset(p, np.where(arrived[..., None], full, before))
        speed, bend = speed_of(p, before)
        onward, _ = speed_of(p, after)
        onward[..., v] = np.where(p.refractory > 0, 0, onward[..., v])
        kink = onward - np.einsum("nij,bnj->bni", matrix, speed)
        # The gradient of the voltage is per step: per ms it is divided by dt.
        loss_kink = voltage_gradient * (before[..., v] - after[..., v]) / dtype(self.plan.dt)
        bracket = np.sum(kink * a, axis=-1) + self.release[k] - time_gradient - loss_kink
        self.release[k] = np.where(spiked, 0, self.release[k])
        moved = np.where(spiked & ~arrived, bracket / self._slope(p, before, speed, bend), 0)
        jumped = np.einsum("nij,bni->bnj", matrix, a)
        if p.step_map is not None:
            self._credit(t, k, p, arrived, bracket)
            self.sums[k].add_spikes(spiked, a, full, -moved)
        self.kicked[k] = moved
        jumped[..., v] += moved
        return np.where(spiked[..., None], jumped, a)

    def _at_arrival(self, t: int, k: int, p: PlannedPopulation) -> np.ndarray:
        """The state that was compared with the threshold: the flow's, and what arrived."""
        full = self.before[k][t].copy()
        for port, state in enumerate(p.input_states):
            full[..., state] += self.arriving[k][t][..., port]
        return full

    def _shift_sample(
        self, t: int, k: int, p: PlannedPopulation, voltage_gradient: np.ndarray
    ) -> None:
        """An arrival that jumps V and comes later is missing in the sample of its step."""
        for port, state in enumerate(p.input_states):
            if state == p.threshold_state:
                self.shift[k][t][..., port] += voltage_gradient / self.plan.dtype(self.plan.dt)

    def _credit(
        self, t: int, k: int, p: PlannedPopulation, arrived: np.ndarray, bracket: np.ndarray
    ) -> None:
        """A spike that arrivals caused moves with them; each has its share of what arrived."""
        for port, state in enumerate(p.input_states):
            if state == p.threshold_state:
                total = np.where(arrived, self.arriving[k][t][..., port], 1)
                shift = self.shift[k][t]
                shift[..., port] = np.where(arrived, bracket / total, shift[..., port])

    def _slope(
        self, p: PlannedPopulation, before: np.ndarray, speed: np.ndarray, bend: np.ndarray
    ) -> np.ndarray:
        """V' where the voltage crossed its threshold within the step, to second order."""
        dtype, v = self.plan.dtype, p.threshold_state
        threshold = np.asarray(p.threshold, dtype)
        squared = speed[..., v] ** 2 - 2 * bend * (before[..., v] - threshold)
        floor = dtype(self.min_slope) * (threshold - p.initial[:, v].astype(dtype))
        return np.sqrt(np.maximum(squared, floor**2))
