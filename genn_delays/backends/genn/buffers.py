"""What the host keeps of one population: its arrays on the device, and what goes in and out.

Arrays span the whole batch, whether its trials run side by side (CUDA) or in turn (CPU).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.backends.genn.equations import constants_of
from genn_delays.backends.genn.insertion import merge
from genn_delays.backends.genn.snippets import NeuronSnippet, type_of
from genn_delays.backends.genn.step_map import suffix_of
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.events import Events
from genn_delays.planning.plan import Plan

INITIAL_SPIKES = 64
"""Room for spikes of a neuron and trial on a new tape; it grows on demand."""


class PopulationBuffers:
    """Arrays of one population.

    Attributes:
        room: spikes of each neuron and trial that the tape can hold.
        events: events of the whole batch that there is room for.
        constants: values of the equations by name, (n,); see :func:`constants_of`.
        tied: learnt parameters that all units share.
    """

    def __init__(self, plan: Plan, k: int, snippet: NeuronSnippet) -> None:
        self.plan, self.population, self.snippet = plan, plan.populations[k], snippet
        self.size = self.population.size
        self.constants = constants_of(self.population)
        self.room = min(plan.steps, INITIAL_SPIKES)
        self.events = 0
        nothing = np.zeros(0)
        self.given = Events(nothing, nothing, nothing, trials=0)
        self.group: Any = None
        self.tied: frozenset[str] = frozenset()

    def change(self, current: PlannedPopulation, tied: frozenset[str]) -> None:
        """Take over a population of which parameters were learnt."""
        self.population, self.tied = current, tied
        self.constants |= constants_of(current)
        self.send_constants()

    def send_constants(self) -> None:
        """To the device, where a model is loaded."""
        if self.group is not None:
            for name in self.snippet.constants:
                variable = self.group.vars[name]
                variable.view[:] = self.constants[name].astype(self.dtype(type_of(name)))
                variable.push_to_device()

    def lengths(self) -> dict[str, int]:
        """Elements of each array."""
        units = self.plan.batch_size * self.size
        known = {
            "EventStart": units + 1,
            "EventStep": self.events,
            "EventValue": self.events,
            "Voltage": units * self.plan.steps,
            "VoltageGradient": units * self.plan.steps,
            "TapeStep": units * self.room,
            "TapeRelease": units * self.room,
            "Held": units * self.plan.steps,
            "StepWeight": self.plan.steps,
        }
        tape = {f"Tape_{s}": units * self.room for s in self.population.states}
        for suffix in map(suffix_of, range(len(self.population.input_states) or 1)):
            known[f"Adjoint{suffix}"] = units * self.plan.steps
            known[f"Tape_Arrived{suffix}"] = units * self.room
        known |= {f"Start_{s}": units * self.plan.steps for s in self.population.states} | tape
        return {name: max(known.get(name, units), 1) for name, _ in self.snippet.arrays}

    def dtype(self, kind: str) -> np.dtype:
        """numpy type of a GeNN type."""
        return np.dtype(self.plan.dtype if kind == "scalar" else kind.removesuffix("_t"))

    def prepare(self, group: Any) -> None:
        """Say what GeNN is to allocate, before the model is loaded."""
        kinds = dict(self.snippet.arrays)
        for name, length in self.lengths().items():
            values: np.ndarray | None = np.zeros(length, self.dtype(kinds[name]))
            if name == "StepWeight":
                values = self.plan.readout.weights(self.plan.steps, self.plan.dt)
            group.extra_global_params[name].set_init_values(values)
        for name in self.snippet.constants:
            values = self.constants[name].astype(self.dtype(type_of(name)))
            group.vars[name].set_init_values(values)

    def attach(self, group: Any) -> None:
        """Use the arrays of a model that has just been loaded; None lets go of them."""
        self.group = group
        if group is not None and "Room" in self.snippet.dynamic:
            group.set_dynamic_param_value("Room", self.room)

    def push(self, name: str, values: np.ndarray) -> None:
        """Write the beginning of an array, zero the rest, and send it to the device."""
        array = self.group.extra_global_params[name]
        array.view[: values.size] = values.ravel()
        array.view[values.size :] = 0
        array.push_to_device()

    def pull(self, name: str) -> np.ndarray:
        """An array as the device has it; a view that lives as long as the model is loaded."""
        array = self.group.extra_global_params[name]
        array.pull_from_device()
        return array.view

    def take(self, events: Events) -> None:
        """The input of a batch, and room for it."""
        self.given = events
        if len(events) > self.events:
            self.events = int(len(events) * 1.25)

    def insert(self) -> None:
        """Send the input of the batch to the device.

        Raises:
            DataError: an event lies outside the trial, the population or the batch.
        """
        names = ("EventStart", "EventStep", "EventValue")
        arrays = [self.group.extra_global_params[name] for name in names]
        count = merge(self.plan, self.population, self.given, *(array.view for array in arrays))
        arrays[0].push_to_device()
        for array in arrays[1:]:
            # the public push sends the room for more events as well
            array._array.push_slice_1d_to_device(0, count)

    def counts(self, trials: int) -> np.ndarray:
        """Spikes per trial and unit, int64."""
        cells = self.plan.batch_size * self.size
        counts = np.zeros(cells, np.int64)
        if self.population.is_input:
            place = self.given.trial.astype(np.int64) * self.size + self.given.unit
            counts = np.bincount(place, minlength=cells).astype(np.int64)
        elif self.population.is_spiking:
            counts = self.pull("TapeCount").astype(np.int64)
        shape = (self.plan.batch_size, self.size)
        return counts.reshape(shape)[:trials]

    def grow(self, trials: int) -> bool:
        """Make room for the longest train of spikes; True where the tape was too short for it."""
        if not self.population.is_spiking:
            return False
        longest = int(self.counts(trials).max(initial=0))
        if longest <= self.room:
            return False
        self.room = min(1 << (longest - 1).bit_length(), self.plan.steps)
        return True

    def spikes(self, trials: int) -> Events:
        """Spikes or input values of the last batch, sorted by (trial, unit, time)."""
        if self.population.is_input and trials:
            steps = (self.plan.dt, self.plan.steps, self.size, self.population.name)
            return self.given.on_grid(self.given.steps(*steps), self.plan.dt)
        counts = self.counts(trials)
        trial, unit = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), self.size)
        step = np.zeros(0)
        if self.population.is_spiking:
            tape = self.pull("TapeStep").reshape(-1, self.room)[: counts.size]
            step = tape[np.arange(self.room) < counts.reshape(-1, 1)]
        return Events(step * self.plan.dt, unit, trial, trials)

    def blown(self, trials: int) -> tuple[int, int] | None:
        """(step, unit) of the first state that is not finite."""
        if self.population.step_map is None:
            return None
        found = self.pull("Blown").reshape(-1, self.size)[:trials]
        _, unit = np.nonzero(found)
        steps = found[found > 0] - 1  # in the order of nonzero()
        return min(zip(steps.tolist(), unit.tolist(), strict=True), default=None)

    def unit_sums(self, trials: int) -> np.ndarray:
        """dL/d of ``step_map.collected``, summed over trials, float64, (n, collected)."""
        assert self.population.step_map is not None
        found = np.zeros((self.size, self.population.step_map.collected.count))
        for k in range(found.shape[1]):
            trial_sums = self.pull(f"Collected{k}").reshape(-1, self.size)[:trials]
            found[:, k] = trial_sums.sum(axis=0)
        return found

    def voltage(self, trials: int) -> np.ndarray:
        """Voltages before the reset, (trials, steps, n)."""
        return self.every_step("Voltage", trials)

    def output(self, trials: int) -> np.ndarray:
        """Sums of weighted voltages, (trials, n)."""
        return self.pull("Output").reshape(-1, self.size)[:trials].copy()

    def every_step(self, name: str, trials: int) -> np.ndarray:
        """An array with a value for each unit in every step, (trials, steps, n)."""
        shape = (self.plan.batch_size, self.plan.steps, self.size)
        return self.pull(name).reshape(shape)[:trials]

    def first_spike(self, trials: int) -> np.ndarray:
        """Step of each unit's first spike, or the steps of the trial, (trials, n)."""
        first = self.pull("TapeStep").reshape(-1, self.room)[: trials * self.size, 0]
        silent = self.counts(trials) == 0
        return np.where(silent, self.plan.steps, first.reshape(trials, self.size))
