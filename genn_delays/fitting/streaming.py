"""gd.stream: a model that hears its input as it comes, in chunks of any size."""

from __future__ import annotations

import numpy as np

from genn_delays.backends.reference.stepping import Stepper
from genn_delays.declaration.neurons import Input
from genn_delays.fitting.model import Model
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.planning.timing import time_to_steps
from genn_delays.support.checks import extremes, is_number
from genn_delays.support.display import Shown
from genn_delays.support.errors import DataError, PlanError
from genn_delays.support.limits import check_size


def stream(model: Model) -> Stream:
    """A stream through a model, at its beginning.

    Raises:
        PlanError: its network has several inputs.
    """
    return Stream(model)


class Stream(Shown):
    """A model in the middle of its input.

    After a whole trial its outputs are those of :meth:`Model.outputs`. Before, they are those of a
    trial that ends now; later, those of the last steps, as many as a trial has.

    Attributes:
        outputs: of the steps so far, float64, (units,), or (steps, units) of a trace; NaN before
            the first step is complete.
    """

    def __init__(self, model: Model) -> None:
        recipe, network = model.recipe, model.network
        inputs = [name for name, p in network.populations.items() if isinstance(p.neuron, Input)]
        if len(inputs) > 1:
            raise PlanError(f"a stream has one input, and the network has {inputs}; use predict()")
        self._plan: Plan = make_plan(
            network,
            gradient=recipe.gradient,
            readout=recipe.readout,
            dt=recipe.dt,
            steps=recipe.steps,
            precision=recipe.precision,
            discretisation=recipe.discretisation,
        )
        self._model = model
        self._input = next(k for k, p in enumerate(self._plan.populations) if p.is_input)
        self._read = self._plan.readout_population
        self.reset()

    def _facts(self) -> dict[str, object]:
        return {"until": f"{self._until:g} ms", "model": self._model}

    def reset(self) -> None:
        """Begin again, as at the start of a trial."""
        plan = self._plan
        units = plan.populations[self._read].size
        check_size(8.0 * plan.steps * units, "what a stream keeps of its readout", error=PlanError)
        self._stepper = Stepper(plan, self._model.network)
        self._window = np.zeros((plan.steps, units))
        self._until = 0.0
        self._waiting = [np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)]
        self.outputs = np.full(units, np.nan)

    @property
    def time(self) -> float:
        """Where the stream is: the end of the last complete step, in ms."""
        return self._stepper.step * self._plan.dt

    def feed(
        self,
        times: np.ndarray,
        units: np.ndarray,
        until: float,
        values: np.ndarray | None = None,
    ) -> np.ndarray:
        """Go on to a time, with all events before it that have not been given yet.

        Args:
            times, units: of the events; in ms from the beginning of the stream, in any order.
            until: ms from the beginning; a step that is not complete by then waits for the next
                call.
            values: of graded input.

        Returns:
            ``outputs``.

        Raises:
            DataError: events outside [the last ``until``, ``until``) or the population; nothing of
                this call was taken.
        """
        if not (is_number(until) and until >= self._until):
            raise DataError(
                f"until={until!r}; give a time in ms, the stream is at {self._until:g} ms already"
            )
        arrived = self._checked(times, units, until, values)
        self._waiting = [np.concatenate(pair) for pair in zip(self._waiting, arrived, strict=True)]
        self._until = float(until)
        end = int(time_to_steps(np.array([self._until]), self._plan.dt)[0])
        while self._stepper.step < end:
            self._advance()
        if self._stepper.step:
            self.outputs = self._read_window()
        return self.outputs

    def predict(self) -> int:
        """Class of ``outputs``.

        Raises:
            DataError: no step is complete yet, or the model has no classes.
        """
        predicted = self._model.recipe.loss.predict(self.outputs[None])
        if predicted is None or predicted.ndim != 1 or not self._stepper.step:
            raise DataError("no class: the first step is not complete, or the model has none")
        return int(predicted[0])

    def _checked(
        self, times: np.ndarray, units: np.ndarray, until: float, values: np.ndarray | None
    ) -> list[np.ndarray]:
        """Step, unit and value of new events, once they are found to be possible."""
        time, unit = np.asarray(times), np.asarray(units)
        events = Events(time, unit, np.zeros(time.shape, np.int64), 1, values)
        p = self._plan.populations[self._input]
        low, high = extremes(events.time)
        if len(events) and not self._until <= low <= high < until:
            raise DataError(
                f"events at {low:g} to {high:g} ms; this call takes those from {self._until:g} to "
                f"{until:g} ms"
            )
        if len(events) and events.unit.max() >= p.size:
            raise DataError(f"an event names unit {events.unit.max()}; {p.name!r} has {p.size}")
        value = np.ones(len(events)) if events.value is None else events.value
        return [time_to_steps(events.time, self._plan.dt).astype(np.int64), events.unit, value]

    def _advance(self) -> None:
        """One step, with the events that wait for it."""
        plan, stepper = self._plan, self._stepper
        step, unit, value = self._waiting
        now = step == stepper.step
        sent = np.zeros((1, plan.populations[self._input].size), plan.dtype)
        np.add.at(sent[0], unit[now], value[now].astype(plan.dtype))
        self._waiting = [array[~now] for array in self._waiting]
        stepper.advance({self._input: sent})
        voltage = plan.readout.reads == "voltage"
        state = plan.populations[self._read].threshold_state
        row = stepper.before[self._read][0, :, state] if voltage else stepper.sent[self._read][0]
        self._window[(stepper.step - 1) % plan.steps] = row

    def _read_window(self) -> np.ndarray:
        """What the readout makes of the steps of the window, in their order."""
        plan, done = self._plan, self._stepper.step
        seen = self._window[:done] if done < plan.steps else np.roll(self._window, -done, axis=0)
        observed = observed_of(plan, seen[None])
        return plan.readout.forward(observed, plan.dt)[0]


def observed_of(plan: Plan, history: np.ndarray) -> np.ndarray:
    """What a readout reads, from voltages or spikes, (trials, steps, units)."""
    if plan.readout.reads == "voltage":
        return history
    if plan.readout.reads == "spike_count":
        return history.sum(axis=1, dtype=np.float64)
    fired = history > 0
    first = np.where(fired.any(axis=1), fired.argmax(axis=1), plan.steps)
    return first * plan.dt
