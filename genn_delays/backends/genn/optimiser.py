"""Adam on the device: the same numbers as the host's, without a transfer per batch.

Parameters and moments are kept in double precision, as in the synapse table, beside the weights
and rounded delays that the simulation reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genn_delays.backends.genn import model as names
from genn_delays.backends.genn.synapses import ProjectionBuffers, raw_view
from genn_delays.backends.learning import AdamRule
from genn_delays.declaration.network import LEARNABLE, Network
from genn_delays.planning.plan import Plan
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import PlanError, TrainingError, suggest

COLUMNS = {"first": "{}_adam_m", "second": "{}_adam_v", "age": "{}_adam_steps"}
"""Where the host's Adam keeps the same state in a synapse table."""


def learnt(plan: Plan, network: Network, adam: Mapping[str, AdamRule]) -> list[tuple[str, ...]]:
    """By projection, the parameters that the device updates.

    Raises:
        PlanError: ``adam`` names something that cannot be learnt.
    """
    for parameter in adam:
        if parameter not in LEARNABLE:
            raise PlanError(f"adam={{{parameter!r}: ...}}: {suggest(parameter, LEARNABLE)}")
    for projection in network.projections.values():
        for parameter in set(adam) & set(projection.learn) & set(projection.synapses.ties):
            raise PlanError(
                f"adam=: projection {projection.name!r} shares its {parameter} among synapses, "
                "which the host's optimiser updates; leave adam= out"
            )
    for population in network.populations.values():
        if adam and population.learn != population.learn_in_engine:
            raise PlanError(
                f"adam=: population {population.name!r} learns its position, which the host's "
                "optimiser does; leave adam= out"
            )
    learn = [network.projections[p.name].learn for p in plan.projections]
    return [tuple(p for p in LEARNABLE if p in adam and p in allowed) for allowed in learn]


class DeviceAdam:
    """The custom updates of all parameters that learn, and their state while not loaded."""

    def __init__(
        self,
        plan: Plan,
        adam: Mapping[str, AdamRule],
        learn: list[tuple[str, ...]],
        projections: list[ProjectionBuffers],
    ) -> None:
        self.plan, self.adam, self.projections = plan, adam, projections
        self.learning = [(k, what) for k, parameters in enumerate(learn) for what in parameters]
        self.updates: dict[tuple[int, str], Any] = {}
        self.state: dict[tuple[int, str], dict[str, np.ndarray]] = {}

    def load(self, network: Network) -> None:
        """Take parameters and moments from the tables; without moments Adam starts afresh."""
        for k, parameter in self.learning:
            table = network.projections[self.plan.projections[k].name].synapses
            state = {"parameter": getattr(table, parameter).copy()}
            for name, column in COLUMNS.items():
                found = table.state.get(column.format(parameter))
                state[name] = np.zeros(len(table)) if found is None else found.copy()
            self.state[k, parameter] = state
        self.largest = {
            k: network.projections[self.plan.projections[k].name].synapses.max_delay
            for k, _ in self.learning
        }
        if self.updates:
            self._push()

    def attach(self, model: Any) -> None:
        """Use the custom updates of a model that has just been loaded."""
        self.updates = {
            (k, what): model.custom_updates[f"projection{k}_{what}_adam"]
            for k, what in self.learning
        }
        self._push()

    def _push(self) -> None:
        for key, update in self.updates.items():
            for name, values in self.state[key].items():
                raw_view(update.vars[name])[self.projections[key[0]].position] = values
                update.vars[name].push_to_device()
            for name in ("beta1", "beta2", "eps", "weight_decay"):
                update.set_dynamic_param_value(name, getattr(self.adam[key[1]], name))
            update.set_dynamic_param_value("largest", self.largest[key[0]])
            update.set_dynamic_param_value("grid", self.plan.dt)

    def step(self, model: Any, factors: Mapping[str, float]) -> None:
        """Update every parameter; ``factors`` on the learning rate of weight and delay."""
        for (_, parameter), update in self.updates.items():
            rate = self.adam[parameter].lr * factors[parameter]
            update.set_dynamic_param_value("lr", rate)
        model.custom_update(names.ADAM)

    def save(self) -> None:
        """Bring parameters and moments to the host, and the weights that run with them."""
        for (k, parameter), update in self.updates.items():
            buffers = self.projections[k]
            for name in self.state[k, parameter]:
                update.vars[name].pull_from_device()
                self.state[k, parameter][name] = raw_view(update.vars[name])[buffers.position]
            buffers.set(parameter, self.state[k, parameter]["parameter"])

    def fetch(self, network: Network) -> None:
        """Write parameters and moments into the tables of the network.

        Raises:
            TrainingError: NaN or infinity; nothing is written.
        """
        self.save()
        for (k, parameter), state in self.state.items():
            if not all(map(all_finite, state.values())):
                name = self.plan.projections[k].name
                raise TrainingError(
                    f"what projection {name!r} learnt as its {parameter} holds NaN or infinity; "
                    "lower the learning rate, or ease it in"
                )
        for (k, parameter), state in self.state.items():
            table = network.projections[self.plan.projections[k].name].synapses
            getattr(table, parameter)[:] = state["parameter"]
            for name, column in COLUMNS.items():
                table.attach(column.format(parameter))[:] = state[name]
