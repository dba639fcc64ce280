"""An event-exact simulation of LIF networks in continuous time, for finite differences.

No time grid: threshold crossings are roots of the closed-form voltage, integrals of the voltage
are closed forms too. Small and slow; it shares nothing with the package but the network.
"""

from __future__ import annotations

import heapq
import math
from copy import copy

import numpy as np
from scipy.optimize import brentq

import genn_delays as gd


class Cell:
    """One neuron: V, I at time t, and the integral of V since 0; V is held until ``free``."""

    def __init__(
        self, tau_mem: float, tau_syn: float, threshold: float | None, refractory: float
    ) -> None:
        self.tau_mem, self.tau_syn, self.threshold = tau_mem, tau_syn, threshold
        self.refractory, self.free = refractory, 0.0
        self.V = self.I = self.t = self.area = 0.0
        self.version = 0

    def _parts(self) -> tuple[float, float]:
        slow = self.I * self.tau_syn / (self.tau_syn - self.tau_mem)
        return self.V - slow, slow

    def voltage(self, s: float) -> float:
        """V a time s after the last event."""
        fast, slow = self._parts()
        return fast * math.exp(-s / self.tau_mem) + slow * math.exp(-s / self.tau_syn)

    def advance(self, t: float) -> None:
        if self.t < self.free:
            self._hold(min(t, self.free))
        s = t - self.t
        V, I = self.voltage(s), self.I * math.exp(-s / self.tau_syn)  # noqa: E741
        self.area += self.tau_syn * (self.I - I) - self.tau_mem * (V - self.V)
        self.V, self.I, self.t = V, I, t
        self.version += 1

    def _hold(self, t: float) -> None:
        self.I *= math.exp(-(t - self.t) / self.tau_syn)
        self.area += self.V * (t - self.t)
        self.t = t

    def reset(self) -> None:
        self.V, self.free = 0.0, self.t + self.refractory

    def crossing(self) -> float:
        """Time of the next threshold crossing without further input; infinity for none."""
        if self.threshold is None:
            return math.inf
        if self.t < self.free:
            later = copy(self)
            later._hold(self.free)
            return later.crossing()
        fast, slow = self._parts()
        if slow == 0.0 or fast * slow >= 0.0:
            return math.inf
        ratio = -fast * self.tau_syn / (slow * self.tau_mem)
        peak = math.log(ratio) / (1 / self.tau_mem - 1 / self.tau_syn)
        if peak <= 0 or self.voltage(peak) < self.threshold:
            return math.inf
        return self.t + brentq(lambda s: self.voltage(s) - self.threshold, 0.0, peak, xtol=1e-14)


def simulate(network: gd.Network, inputs: list[tuple[float, int]], duration: float):
    """Run one trial of ``duration`` ms; inputs are (ms, unit) of the only input population.

    Returns:
        (cells by population, spike times by population and neuron).
    """
    cells, spikes = {}, {}
    for name, p in network.populations.items():
        spikes[name] = [[] for _ in range(p.size)]
        if isinstance(p.neuron, gd.Input):
            source = name
            continue
        q = p.neuron.parameters(p.size)
        level = q.get("threshold", [None] * p.size)
        period = q.get("refractory", [0.0] * p.size)
        values = zip(q["tau_mem"], q["tau_syn"], level, period, strict=True)
        cells[name] = [Cell(*z) for z in values]
    outgoing: dict[tuple[str, int], list] = {}
    for projection in network.projections.values():
        s = projection.synapses
        for i, j, w, d in zip(s.pre, s.post, s.weight, s.delay, strict=True):
            targets = outgoing.setdefault((projection.pre.name, int(i)), [])
            targets.append((projection.post.name, int(j), w, d))
    queue = [(t, 0, source, unit, 0.0) for t, unit in inputs]
    heapq.heapify(queue)
    while queue and queue[0][0] < duration:
        t, version, name, unit, weight = heapq.heappop(queue)
        if name == source or weight == 0.0:  # a spike leaves
            if name != source:
                cell = cells[name][unit]
                if cell.version != version:
                    continue  # input came before this predicted crossing
                cell.advance(t)
                cell.reset()
                _predict(queue, name, unit, cell)
            spikes[name][unit].append(t)
            for post, j, w, d in outgoing.get((name, unit), ()):
                if w != 0.0:
                    heapq.heappush(queue, (t + d, 0, post, j, w))
        else:  # a spike arrives
            cell = cells[name][unit]
            cell.advance(t)
            cell.I += weight
            _predict(queue, name, unit, cell)
    for population in cells.values():
        for cell in population:
            cell.advance(duration)
    return cells, spikes


def _predict(queue, name, unit, cell) -> None:
    t = cell.crossing()
    if t < math.inf:
        heapq.heappush(queue, (t, cell.version, name, unit, 0.0))


def finite_differences(network, evaluate, eps: float = 1e-6) -> dict[str, dict[str, np.ndarray]]:
    """Central differences of ``evaluate()`` with respect to every weight and delay."""
    result = {}
    for name, projection in network.projections.items():
        result[name] = {}
        for what in ("weight", "delay"):
            column = getattr(projection.synapses, what)
            slopes = np.zeros(len(column))
            for k, value in enumerate(column.copy()):
                column[k] = value + eps
                above = evaluate()
                column[k] = value - eps
                slopes[k] = (above - evaluate()) / (2 * eps)
                column[k] = value
            result[name][what] = slopes
    return result
