"""gd.record: voltages, currents and spikes of any population, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.backends.checks import input_events
from genn_delays.backends.reference.stepping import Stepper
from genn_delays.declaration.network import Network
from genn_delays.fitting.checks import steps_of
from genn_delays.planning.events import Batch, Events
from genn_delays.planning.gradients import EventProp, GradientRule
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.planning.readouts import MeanVoltage, Readout
from genn_delays.support.errors import PlanError
from genn_delays.support.limits import check_size


@dataclass(frozen=True, eq=False)
class Recording:
    """What a population did in some trials.

    Attributes:
        time: of each step in ms, (steps,).
        voltage: what is compared with the threshold, before the reset, (trials, steps, units).
        current: the state that weights arrive in, with what arrived in that step, (trials, steps,
            units), or (trials, steps, units, inputs) where there are several.
        spikes: 1 where a spike left, graded input as it was given, (trials, steps, units).

    Inputs have spikes only; their other arrays have no units.
    """

    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    spikes: np.ndarray


def record(
    network: Network,
    batch: Batch,
    *populations: str,
    dt: float = 1.0,
    duration: float,
    gradient: GradientRule | None = None,
    readout: Readout | None = None,
    precision: str = "float32",
    discretisation: str = "exact",
) -> dict[str, Recording]:
    """Run trials as evaluation does, in numpy, and keep what populations do.

    Args:
        batch: events, see :meth:`Simulation.forward`.
        populations: names; by default all.
        dt: time step in ms.
        duration: of a trial in ms.
        gradient, readout, precision, discretisation: see :func:`genn_delays.compile`.

    Raises:
        NetworkError: no such population.
        DataError: events outside the trial or the population.
        PlanError: the recording would take more memory than the limit.
    """
    trials = max(e.trials for e in (batch.values() if isinstance(batch, Mapping) else [batch]))
    plan = make_plan(
        network,
        gradient=gradient or EventProp(),
        readout=readout or MeanVoltage(),
        dt=dt,
        steps=steps_of(duration, dt),
        batch_size=max(1, trials),
        precision=precision,
        discretisation=discretisation,
    )
    chosen = [plan.population_index(name) for name in populations or network.populations]
    events = input_events(plan, batch)
    kept = {k: _Kept(plan, k, trials) for k in chosen}
    stepper = Stepper(plan, network, trials)
    for sent in dense_steps(plan, events, trials):
        stepper.advance(sent)
        for one in kept.values():
            one.take(stepper)
    return {plan.populations[k].name: one.recording() for k, one in kept.items()}


def dense_steps(
    plan: Plan, events: Mapping[str, Events], trials: int
) -> Iterator[dict[int, np.ndarray]]:
    """What each input population sends, (trials, n) by its index, step by step."""
    sorted_events: dict[int, tuple[np.ndarray, ...]] = {}
    for k, p in enumerate(plan.populations):
        if p.is_input:
            one = events[p.name]
            step = one.steps(plan.dt, plan.steps, p.size, p.name)
            order = np.argsort(step, kind="stable")
            value = np.ones(len(one)) if one.value is None else one.value
            first = np.searchsorted(step[order], np.arange(plan.steps + 1))
            sorted_events[k] = (first, one.trial[order], one.unit[order], value[order])
    for t in range(plan.steps):
        sent = {}
        for k, (first, trial, unit, value) in sorted_events.items():
            here = slice(first[t], first[t + 1])
            sent[k] = np.zeros((trials, plan.populations[k].size), plan.dtype)
            np.add.at(sent[k], (trial[here], unit[here]), value[here].astype(plan.dtype))
        yield sent


class _Kept:
    """The arrays of one recording while they are filled."""

    def __init__(self, plan: Plan, k: int, trials: int) -> None:
        self.plan, self.k = plan, k
        self.p = p = plan.populations[k]
        units = 0 if p.is_input else p.size
        shape, ports = (trials, plan.steps, units), len(p.input_states)
        size = np.dtype(plan.dtype).itemsize
        needed = float(size * trials * plan.steps * p.size * (2 + ports))
        check_size(needed, f"the recording of population {p.name!r}", error=PlanError)
        self.voltage = np.zeros(shape, plan.dtype)
        self.current = np.zeros((*shape, ports), plan.dtype)
        self.spikes = np.zeros((trials, plan.steps, p.size), plan.dtype)

    def take(self, stepper: Stepper) -> None:
        """The step that has just been run."""
        t = stepper.step - 1
        self.spikes[:, t] = stepper.sent[self.k]
        if not self.p.is_input:
            before = stepper.before[self.k]
            self.voltage[:, t] = before[..., self.p.threshold_state]
            self.current[:, t] = before[..., list(self.p.input_states)]

    def recording(self) -> Recording:
        time: Any = np.arange(self.plan.steps) * self.plan.dt
        current = self.current[..., 0] if self.current.shape[-1] == 1 else self.current
        return Recording(time, self.voltage, current, self.spikes)
