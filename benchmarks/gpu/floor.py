"""What a batch cannot take less than on an H100, counted from the model: no device is needed.

Three bounds, each as if the others were nothing: launches one after the other; every number moved
once to or from the memory; and every number that is not next to its neighbour's moved as the
32 bytes around it, as where nothing is found in the second-level cache. Spikes of hidden neurons
are those of the embedded engine on a few trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import rows

import genn_delays as gd
from genn_delays.backends.genn.declaration import Declaration
from genn_delays.backends.genn.memory import size_of
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan
from gpu.networks import BATCH, CASES, TRIALS, Case, declaration

MEMORY = 3.3e12
"""Bytes per second of an H100's memory, as its maker states it."""
SHARED = 132 * 128 * 1.755e9
"""Bytes per second of the shared memory: processors, bytes a cycle, cycles a second."""
LAUNCH = 3e-6
"""Seconds between kernels that wait for each other."""
LAUNCHES = 4
"""Kernels of a step; see gpu.resources."""
SECTOR = 32
COUNTED = 4
"""Trials that hidden spikes are counted in."""


@dataclass(frozen=True)
class Floor:
    """Of a batch; bytes and seconds."""

    visits: float
    least: float
    scattered: float
    gradients: float
    launches: float

    def seconds(self) -> dict[str, float]:
        """By bound, of an epoch."""
        batches = TRIALS / BATCH
        return {
            "launches": batches * self.launches * LAUNCH,
            "bytes": batches * self.least / MEMORY,
            "sectors": batches * self.scattered / MEMORY,
            "shared": batches * 8.0 * self.visits / SHARED,
        }


def sent(case: Case, network: Network) -> dict[str, float]:
    """Events of each population in a batch."""
    batch = rows.events(case.row, COUNTED)
    options: dict[str, Any] = {"gradient": case.gradient, "backend": "native"}
    found = {}
    with gd.compile(network, steps=case.row.steps, batch_size=COUNTED, **options) as simulation:
        simulation.forward(batch)
        for p in simulation.plan.populations:
            spikes = len(batch) if p.is_input else simulation.spike_counts(p.name).sum()
            found[p.name] = float(spikes) * BATCH / COUNTED
    return found


def floor(case: Case) -> Floor:
    """Count a network."""
    network = case.network()
    plan = case.plan(network, BATCH)
    model, events = declaration(plan, network), sent(case, network)
    schedule = schedule_of(plan)
    steps = schedule.forward + schedule.backward + 3
    surrogate = plan.gradient.name == "surrogate"
    forward, backward, synapses = 0.0, 0.0, 0
    for q in plan.projections:
        table = network.projections[q.name].synapses
        each = np.bincount(table.pre, minlength=table.pre_size).mean()
        pre = plan.populations[q.pre]
        forward += events[pre.name] * each
        # under the surrogate rule hidden neurons visit their synapses in every step
        always = surrogate and not pre.is_input
        backward += (BATCH * plan.steps * pre.size if always else events[pre.name]) * each
        synapses += len(table)
    gradients = 4.0 * 2 * synapses * BATCH * 2  # set to 0, and read for their sums
    neurons = float(_neurons(model, plan) * steps)
    least = 8.0 * forward + (8.0 + 16.0) * backward + gradients + neurons
    scattered = 2.0 * SECTOR * (forward + backward) + 16.0 * backward + gradients + neurons
    return Floor(forward + backward, least, scattered, gradients, LAUNCHES * steps)


def _neurons(model: Declaration, plan: Plan) -> int:
    """Bytes that a step reads and writes of all neurons."""
    sizes = (
        n.size * sum(2 * size_of(v.type, model) for v in n.snippet.variables) for n in model.neurons
    )
    return plan.batch_size * sum(sizes)


def main() -> None:
    """Print the table of docs/gpu.md."""
    print(
        "| network | synapses visited, 10^9 a batch | bytes, GB a batch | of them gradients | "
        "launches s | bytes s | sectors s | shared memory s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, case in CASES.items():
        found = floor(case)
        times = [f"{seconds:.2f}" for seconds in found.seconds().values()]
        cells = [f"{found.visits / 1e9:.2f}", f"{found.least / 1e9:.1f}"]
        cells += [f"{found.gradients / 1e9:.2f}", *times]
        print("| " + " | ".join([name, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
