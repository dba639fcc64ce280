"""An event-exact simulation of networks of any neuron in continuous time, for finite differences.

No time grid: the flow is integrated by scipy's ``solve_ivp``, crossings are roots, arrivals and
releases have their own times. All perturbed copies of a network are one system of equations with
the same integration steps, so that what the integration misses cancels in a difference; every copy
has times of its own, by Newton's method from those of the first, which is the network itself.
Small and slow; it shares nothing with the package but the network and the symbols of its equations.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

import genn_delays as gd
from genn_delays.declaration.equations.functions import NUMPY

TOLERANCE, LONGEST, EPS = 1e-11, 0.5, 1e-5
Inputs = list[tuple[float, int]]


@dataclass
class Trial:
    """What happened, an entry per copy of the network.

    Attributes:
        area: integral of the voltage over the trial, (copies, n) by population.
        last: voltage at its end, likewise.
        spikes: times in ms, (copies,) each, by population and neuron.
        caused: spikes that an arrival caused, (population, unit, ms).
    """

    area: dict[str, np.ndarray] = field(default_factory=dict)
    last: dict[str, np.ndarray] = field(default_factory=dict)
    spikes: dict[str, list[list[np.ndarray]]] = field(default_factory=dict)
    caused: list[tuple[str, int, float]] = field(default_factory=list)


@dataclass
class Knob:
    """One number that differs in two of the copies.

    Attributes:
        group: name of a projection or population. what: ``"weight"``, ``"delay"`` or a parameter.
    """

    group: str
    what: str
    index: int
    value: float

    @property
    def eps(self) -> float:
        return EPS * max(0.01, abs(self.value))


class Cells:
    """A population: states and the integral of the voltage, (copies, n, S + 1)."""

    def __init__(self, population: gd.Population, copies: int, change) -> None:
        neuron, n = population.neuron, population.size
        self.n, self.count = n, len(neuron.states)
        self.v = neuron.states.index(neuron.threshold_state)
        self.inputs = [neuron.states.index(name) for name in neuron.input_states]
        self.free = np.ones(n)
        self.refractory = neuron.refractory_period(n)
        if isinstance(neuron, gd.Equations):
            given = neuron.parameters(n)
            values = {p: change(population.name, p, given[p]) for p in neuron.system.parameters}
            self._from_equations(neuron.system, values, (copies, n))
        else:
            self._from_matrices(neuron, (copies, n))
        self.x = np.concatenate([self.x, np.zeros((copies, n, 1))], axis=-1)

    def _from_equations(self, system, values: dict[str, np.ndarray], shape) -> None:
        names, size = list(system.parameters), self.count
        symbols = [*(sp.Symbol(s, real=True) for s in (*system.states, *names))]
        numbers = [values[name] for name in names]

        def numeric(expressions, dimensions):
            function = sp.lambdify(symbols, list(expressions), [NUMPY, "numpy"])

            def call(x):
                found = function(*np.moveaxis(x, -1, 0), *numbers)
                stacked = np.stack([np.broadcast_to(f, shape) for f in found], axis=-1)
                return stacked.reshape(*shape, *dimensions)

            return call

        nothing = np.zeros((*shape, size))
        self.flow = numeric(system.flow, (size,))
        self.x = numeric(system.initial, (size,))(nothing)
        self.matrix = numeric(system.reset_matrix, (size, size))(nothing)
        self.offset = numeric(system.reset_offset, (size,))(nothing)
        spikes = system.threshold is not None
        self.level = numeric([system.threshold], ())(nothing) if spikes else None

    def _from_matrices(self, neuron: gd.Neuron, shape) -> None:
        M, level = neuron.flow(self.n), neuron.threshold_value(self.n)
        self.flow = lambda x: np.einsum("nij,bnj->bni", M, x)
        self.x = np.zeros((*shape, self.count))
        self.matrix, self.offset = (np.stack([a] * shape[0]) for a in neuron.reset(self.n))
        self.level = None if level is None else np.stack([level] * shape[0])

    def speed(self, x: np.ndarray) -> np.ndarray:
        """dx/dt and the voltage, as the derivative of its integral."""
        f = self.flow(x[..., :-1])
        f[..., self.v] *= self.free
        return np.concatenate([f, x[..., self.v, None]], axis=-1)

    def above(self, x: np.ndarray) -> np.ndarray:
        """Voltage over the threshold of neurons that may spike, (copies, n)."""
        if self.level is None:
            return np.full(x.shape[:2], -np.inf)
        return np.where(self.free > 0, x[..., self.v] - self.level[: len(x)], -np.inf)

    def reset(self, unit: int) -> None:
        x = self.x[:, unit, :-1]
        self.x[:, unit, :-1] = (
            np.einsum("bij,bj->bi", self.matrix[:, unit], x) + self.offset[:, unit]
        )


class Simulation:
    """Copies of a network; see :func:`differences`."""

    def __init__(self, network: gd.Network, inputs: Inputs, knobs: list[Knob]) -> None:
        self.copies, self.knobs = 1 + 2 * len(knobs), knobs
        self.time = np.zeros(self.copies)
        self.cells, self.trial = {}, Trial()
        for name, p in network.populations.items():
            self.trial.spikes[name] = [[] for _ in range(p.size)]
            if not isinstance(p.neuron, gd.Input):
                self.cells[name] = Cells(p, self.copies, self._changed)
        self.outgoing: dict[tuple[str, int], list] = {}
        for name, projection in network.projections.items():
            s, post = projection.synapses, projection.post
            port = post.neuron.input_states.index(projection.target) if projection.target else 0
            weight = self._changed(name, "weight", s.weight)
            delay = self._changed(name, "delay", s.delay)
            for k in range(len(s)):
                line = self.outgoing.setdefault((projection.pre.name, int(s.pre[k])), [])
                line.append((post.name, int(s.post[k]), port, weight[:, k], delay[:, k]))
        self.queue, self.numbers = [], itertools.count()
        source = next(n for n in network.populations if n not in self.cells)
        for t, unit in inputs:
            self._later(np.full(self.copies, t), self._send, source, unit)

    def _changed(self, group: str, what: str, values: np.ndarray) -> np.ndarray:
        """The values of each copy, (copies, values)."""
        result = np.tile(np.asarray(values, float), (self.copies, 1))
        for k, knob in enumerate(self.knobs):
            if (knob.group, knob.what) == (group, what):
                result[1 + 2 * k, knob.index] += knob.eps
                result[2 + 2 * k, knob.index] -= knob.eps
        return result

    def run(self, duration: float) -> Trial:
        self._later(np.full(self.copies, duration), lambda: None)
        while np.any(self.time < duration):
            times, action, arguments = self.queue[0][2:]
            if self._integrate(times):  # else a spike came first, and may have queued others
                heapq.heappop(self.queue)
                action(*arguments)
        for name, c in self.cells.items():
            self.trial.area[name], self.trial.last[name] = c.x[..., -1], c.x[..., c.v]
        return self.trial

    def _later(self, times: np.ndarray, action, *arguments) -> None:
        heapq.heappush(self.queue, (times[0], next(self.numbers), times, action, arguments))

    def _integrate(self, times: np.ndarray) -> bool:
        """Go on to these times, or to a spike before them, which is handled; True for the first."""
        duration = (times - self.time)[:, None, None]
        assert duration.min() >= 0, "the order of events differs between copies; move an event"
        if duration.max() == 0.0:
            return True

        def rhs(_, y):
            return self._join([duration * c.speed(x) for c, x in self._split(y)])

        def highest(_, y):
            return max(c.above(x[:1]).max() for c, x in self._split(y))

        highest.terminal, highest.direction = True, 1
        found = solve_ivp(
            rhs,
            (0.0, 1.0),
            self._join([c.x for c in self.cells.values()]),
            method="DOP853",
            rtol=TOLERANCE,
            atol=TOLERANCE,
            max_step=LONGEST / duration.max(),
            events=highest,
        )
        assert found.success, found.message
        crossed = found.status == 1
        y, share = (found.y_events[0][0], found.t_events[0][0]) if crossed else (found.y[:, -1], 1)
        for c, x in self._split(y):
            c.x = x.copy()
        self.time = times if not crossed else self.time + share * duration[:, 0, 0]
        if crossed:
            self._cross()
        return not crossed

    def _cross(self) -> None:
        """Each copy to its own crossing, and the spike."""
        name = max(self.cells, key=lambda n: self.cells[n].above(self.cells[n].x[:1]).max())
        cells = self.cells[name]
        unit = int(cells.above(cells.x[:1])[0].argmax())
        for _ in range(4):
            slope = cells.speed(cells.x)[:, unit, cells.v]
            step = -cells.above(cells.x)[:, unit] / slope
            assert slope.min() > 0
            assert abs(step).max() < 0.02, "a crossing that a small change would undo"
            self._small_step(step)
        self._spike(name, unit)

    def _small_step(self, step: np.ndarray) -> None:
        """The classical rule of fourth order, a step per copy."""
        h = step[:, None, None]
        for c in self.cells.values():
            k1 = c.speed(c.x)
            k2 = c.speed(c.x + h / 2 * k1)
            k3 = c.speed(c.x + h / 2 * k2)
            k4 = c.speed(c.x + h * k3)
            c.x = c.x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        self.time = self.time + step

    def _spike(self, name: str, unit: int) -> None:
        cells = self.cells[name]
        cells.reset(unit)
        if cells.refractory[unit] > 0:
            cells.free[unit] = 0
            self._later(self.time + cells.refractory[unit], self._release, name, unit)
        assert np.all(cells.above(cells.x)[:, unit] < 0), "the reset leaves it above the threshold"
        self._send(name, unit)

    def _send(self, name: str, unit: int) -> None:
        self.trial.spikes[name][unit].append(self.time)
        for post, j, port, weight, delay in self.outgoing.get((name, unit), ()):
            self._later(self.time + delay, self._arrive, post, j, port, weight)

    def _arrive(self, name: str, unit: int, port: int, weight: np.ndarray) -> None:
        cells = self.cells[name]
        cells.x[:, unit, cells.inputs[port]] += weight
        over = cells.above(cells.x)[:, unit] >= 0
        assert over.all() == over.any(), "only some copies spike at an arrival"
        if over.any():
            self.trial.caused.append((name, unit, float(self.time[0])))
            self._spike(name, unit)

    def _release(self, name: str, unit: int) -> None:
        self.cells[name].free[unit] = 1

    def _split(self, y: np.ndarray):
        begin = 0
        for c in self.cells.values():
            size = c.x.size
            yield c, y[begin : begin + size].reshape(c.x.shape)
            begin += size

    @staticmethod
    def _join(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([part.ravel() for part in parts])


def differences(
    network: gd.Network, inputs: Inputs, duration: float, value
) -> tuple[Trial, dict[tuple[str, str], np.ndarray]]:
    """Central differences of a value by every weight, delay and learnt parameter.

    Args:
        inputs: (ms, unit) of the only input population. duration: ms.
        value: from a Trial to one number per copy.

    Returns:
        The trial, and differences by (projection or population, ``"weight"``, ``"delay"`` or
        parameter), an entry per synapse or unit.
    """
    columns = {
        (name, what): getattr(p.synapses, what)
        for name, p in network.projections.items()
        for what in ("weight", "delay")
    }
    for name, p in network.populations.items():
        if isinstance(p.neuron, gd.Equations):
            given = p.neuron.parameters(p.size)
            columns |= {(name, parameter): given[parameter] for parameter in p.learn}
    knobs = [Knob(*key, k, v) for key, values in columns.items() for k, v in enumerate(values)]
    trial = Simulation(network, inputs, knobs).run(duration)
    found = value(trial)
    eps = np.array([knob.eps for knob in knobs])
    slopes = iter((found[1::2] - found[2::2]) / (2 * eps))
    return trial, {key: np.array([next(slopes) for _ in values]) for key, values in columns.items()}
