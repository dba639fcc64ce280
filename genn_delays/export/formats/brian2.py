"""Brian2: a script in which every neuron takes the same step.

A membrane with exponential currents is written as differential equations, which Brian2 solves
exactly too. Any other neuron is written as its step: the propagator, or the assignments of its
method, which Brian2 runs in the place of an integrator.

Brian2 tests thresholds before synapses deliver. Where input goes into a state that has no part in
the test, both orders give the same spikes. Else the script changes the schedule, and a spike takes
one step less.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.export.base import TRAINING
from genn_delays.export.brian2_groups import NAMES, written
from genn_delays.export.description import DescribedPopulation, Description
from genn_delays.export.names import identifiers
from genn_delays.export.script import Script, is_uniform


class Brian2(Script):
    """Brian2 2.9 and later."""

    name = "brian2"
    modules = ("brian2", "scipy", "sympy", "cython")
    taken = NAMES
    loses = (
        "graded input, and several events of a unit in one step: no SpikeGeneratorGroup has them",
        TRAINING,
    )

    def check(self, description: Description) -> None:
        """Nothing: whatever takes a step here can be written as one."""

    def view(self, description: Description) -> dict[str, Any]:
        groups = [written(p, description) for p in description.neurons]
        own = [*description.populations, *description.projections]
        used = {part.identifier for part in self.parts(description)} | self.taken
        recorders = [f"{name} {what}" for what in ("spikes", "voltage") for name in own]
        names = identifiers(recorders, used)
        return {
            "made_anew": False,
            "graded": False,
            "populations": groups,
            "direct": any(input_is_tested(p) for p in description.neurons),
            "recorded": [g for g in groups if not g.p.is_spiking or description.reads(g.p.name)],
            "spikes": {name: names[f"{name} spikes"] for name in own},
            "voltages": {name: names[f"{name} voltage"] for name in own},
            "states": {
                q.name: next(g for g in groups if g.p.name == q.post).state(q.target)
                for q in description.projections.values()
            },
        }

    def values(self, description: Description, p: DescribedPopulation) -> dict[str, np.ndarray]:
        group = written(p, description)
        named = group.numbers | {f"{name}_start": values for name, values in group.start()}
        return {name: values for name, values in named.items() if not is_uniform(values)}


def input_is_tested(p: DescribedPopulation) -> bool:
    """What arrives in a step decides on a spike in that step."""
    return p.is_spiking and p.planned.threshold_state in p.planned.input_states
