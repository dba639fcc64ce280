"""The networks of docs/gpu.md: those of Meszaros, Knight and Nowotny (2025, fig. 8) and others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import rows

import genn_delays as gd
from genn_delays.backends.genn.declaration import Declaration, declare
from genn_delays.backends.genn.synapses import row_of
from genn_delays.declaration.network import LEARNABLE, Network
from genn_delays.planning.gradients import GradientRule
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.training import Adam

TRIALS = 8156
"""Trials of an epoch."""
STEPS, BATCH = 1000, 256


@dataclass(frozen=True)
class Case:
    """A network and the rule that trains it.

    Attributes:
        timed: it is in the table of times.
    """

    row: rows.Row
    gradient: GradientRule = field(default_factory=gd.EventProp)
    timed: bool = True

    def network(self) -> Network:
        return rows.network(self.row)

    def plan(self, network: Network, batch: int) -> Plan:
        options: dict[str, Any] = {"gradient": self.gradient, "readout": gd.readouts.MeanVoltage()}
        return make_plan(network, dt=self.row.dt, steps=self.row.steps, batch_size=batch, **options)


CASES: dict[str, Case] = {
    "700-512-20, delays to 64": Case(replace(rows.ROWS["A"], max_delay=64)),
    "700-512-20, delays to 512": Case(replace(rows.ROWS["A"], max_delay=512)),
    "700-256-256-20, delays to 64": Case(replace(rows.ROWS["B64"], steps=STEPS)),
    "700-256-256-20, delays to 512": Case(replace(rows.ROWS["B512"], steps=STEPS)),
    "700-512-20, delays to 64, 1 % of the synapses": Case(
        replace(rows.ROWS["A"], max_delay=64, density=0.01), timed=False
    ),
    "700-512 recurrent-20, delays to 63": Case(rows.ROWS["E"], timed=False),
    "700-256-256-20, delays to 64, surrogate rule": Case(
        replace(rows.ROWS["B64"], steps=STEPS), gd.Surrogate(), timed=False
    ),
}

ADAM = {"weight": Adam(rows.RATE), "delay": Adam(rows.RATE_DELAY)}
"""What learns on the device in each of them."""


def declaration(plan: Plan, network: Network) -> Declaration:
    """The model as GeNN's CUDA backend builds it, with Adam on the device."""
    tables = [network.projections[p.name].synapses for p in plan.projections]
    room = [row_of(plan, k, table) for k, table in enumerate(tables)]
    learn = [
        tuple(what for what in LEARNABLE if what in network.projections[p.name].learn)
        for p in plan.projections
    ]
    return declare(plan, room, plan.batch_size, learn)
