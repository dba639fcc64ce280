"""Arbor: a script with Arbor's lif_cell, for small networks.

A lif_cell has no synaptic current: its connections move V at once. So each synapse becomes J
connections, one for each step in which its current moves V,

    weight P_Vk exp(-j dt / tau_k) at step  arrival + 1 + j,        j = 0 .. J - 1,

until less than :data:`REST` of it is left. What a spike adds to a current is such a synapse of the
neuron onto itself. A millisecond of Arbor stands for a step, whatever that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.declaration.neurons import DiscreteReadout
from genn_delays.export.base import TRAINING
from genn_delays.export.currents import currents_of
from genn_delays.export.description import DescribedPopulation, DescribedProjection, Description
from genn_delays.export.script import RESERVED, Script
from genn_delays.support.errors import ExportError
from genn_delays.support.limits import check_size

REST = 2.0**-40
CONNECTION = 320
"""Bytes of a connection while the network is made, in Python and in Arbor 0.12.2."""


@dataclass(eq=False)
class Cells:
    """A population as lif_cells.

    Attributes:
        tau: of V in steps, (n,).
        first: what a weight moves V by at first, by input state, (n,).
        decay: from step to step, by input state, (n,).
        after: steps from an arrival to the first move.
        jumps: what a spike moves the unit's own V by in the next step, by state, (n,).
    """

    tau: np.ndarray
    first: dict[str, np.ndarray]
    decay: dict[str, np.ndarray]
    after: int
    jumps: dict[str, np.ndarray]

    def count(self, state: str) -> int:
        """J of a synapse to a state."""
        largest = float(self.decay[state].max())
        return 1 if largest == 0 else int(np.ceil(np.log(REST) / np.log(largest)))


class Arbor(Script):
    """Arbor 0.12 and later."""

    name = "arbor"
    modules = ("arbor",)
    taken = RESERVED | frozenset(("FIRST", "SIZE", "arbor", "own", "u"))
    loses = (
        "synapses as such: each is many connections, and not to be changed in the script",
        "digits of the weights: Arbor keeps them in float32",
        "graded input",
        TRAINING,
    )

    def check(self, description: Description) -> None:
        cells = {p.name: self._cells(p, description) for p in description.neurons}
        connections = sum(
            len(q) * cells[q.post].count(q.target) for q in description.projections.values()
        )
        connections += sum(
            description.populations[name].size * c.count(state)
            for name, c in cells.items()
            for state in c.jumps
        )
        check_size(
            float(CONNECTION * connections),
            f"arbor: {connections} connections, which {description.synapses} synapses become,",
            error=ExportError,
        )

    def _cells(self, p: DescribedPopulation, description: Description) -> Cells:
        part = f"population {p.name!r}"
        if p.tail:
            raise self.refuse(part, "nothing tells a cell when its tail begins")
        if p.bias is not None:
            raise self.refuse(part, "a cell has no bias")
        if np.any(p.planned.initial):
            raise self.refuse(part, "its state does not begin at 0")
        v, matrix = p.planned.threshold_state, p.planned.reset_matrix
        if p.is_spiking and (np.any(matrix[:, v, v]) or np.any(p.planned.reset_offset[:, v])):
            raise self.refuse(part, "a lif_cell is reset to 0")
        if isinstance(p.neuron, DiscreteReadout):
            return self._on_grid(p, part)
        currents = currents_of(p, description)
        if currents is not None and np.any(currents.drive):
            raise self.refuse(part, "a lif_cell has no constant drive")
        if currents is None or currents.voltage in p.input_state_names:
            raise self.refuse(
                part,
                f"no lif_cell is a {p.kind} neuron; it is a membrane with exponential currents",
            )
        propagator, states = p.neuron.propagator(p.size, description.dt, "exact"), p.planned.states
        moves = {n: propagator[:, v, states.index(n)] for n in currents.names}
        jumps = {
            name: moves[name] * currents.jump[:, k]
            for k, name in enumerate(currents.names)
            if np.any(currents.jump[:, k])
        }
        decay = np.exp(-description.dt / currents.taus)
        return Cells(
            tau=currents.tau / description.dt,
            first=moves,
            decay={name: decay[:, k] for k, name in enumerate(currents.names)},
            after=1,
            jumps=jumps,
        )

    def _on_grid(self, p: DescribedPopulation, part: str) -> Cells:
        kept, count = p.planned.propagator[:, 0, 0], len(p.planned.states)
        wiped = p.planned.reset_matrix[:, range(1, count), range(1, count)] != 1
        if p.is_spiking and np.any(wiped):
            raise self.refuse(part, "its spikes wipe input that waits")
        if np.any(kept <= 0) or np.any(kept >= 1):
            raise self.refuse(part, "its voltage does not decay exponentially")
        name, ones = p.input_state_names[0], np.ones(p.size)
        return Cells(-1 / np.log(kept), {name: ones}, {name: 0 * ones}, count - 1, {})

    def view(self, description: Description) -> dict[str, Any]:
        cells = {p.name: self._cells(p, description) for p in description.neurons}
        return {
            "made_anew": True,
            "graded": False,
            "cells": cells,
            "total": sum(p.size for p in description.populations.values()),
            "recorded": [p for p in description.neurons if not p.is_spiking],
        }

    def values(self, description: Description, p: DescribedPopulation) -> dict[str, np.ndarray]:
        cells = self._cells(p, description)
        found = {"tau": cells.tau}
        for state in cells.first:
            found |= {f"{state}.first": cells.first[state], f"{state}.decay": cells.decay[state]}
        found |= {f"{state}.jump": jump for state, jump in cells.jumps.items()}
        if p.planned.threshold is not None:
            found["threshold"] = p.planned.threshold
        if p.planned.holds:
            found["refractory"] = p.planned.refractory
        return found

    def synapses(self, description: Description, q: DescribedProjection) -> dict[str, np.ndarray]:
        columns = super().synapses(description, q)
        after = self._cells(description.populations[q.post], description).after
        return columns | {"steps": columns["steps"] + after}
