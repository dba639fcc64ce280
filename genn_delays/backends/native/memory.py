"""How much memory a plan needs on the native backend, before anything is built."""

from __future__ import annotations

from genn_delays.backends.native.rules import rule_for
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan


def estimate(
    plan: Plan,
    network: Network,
    *,
    threads: int,
    events_per_trial: float = 0.0,
    graded: bool = False,
    spikes_per_neuron: float = 0.0,
) -> dict[str, int]:
    """Bytes by part: ``"spikes"``, ``"voltages"``, ``"synapses"``, ``"scratch"``.

    ``"states"`` are those that training keeps of populations with a step map.

    Args:
        plan, network: what will be run.
        threads: each has scratch of its own.
        events_per_trial: input events, all input populations together.
        graded: input events carry values.
        spikes_per_neuron: the room that the busiest block of neurons needs, per trial; the
            engine starts with room for 32 and makes more on demand. The surrogate rule keeps
            every step, whatever happens in it.
    """
    return rule_for(plan).estimate(
        plan,
        network,
        threads=threads,
        events_per_trial=events_per_trial,
        graded=graded,
        spikes_per_neuron=spikes_per_neuron,
    )
