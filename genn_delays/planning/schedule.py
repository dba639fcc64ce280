"""When each population runs its own step t where a spike arrives in the next step at the earliest.

A projection of lag 0 wants its spikes in the step in which they are sent, so its postsynaptic
population runs one step later: each population has an offset,

    offset(post) = max over incoming projections of offset(pre) + 1 - lag,      0 for inputs,

runs its step t at step t + offset, and is silent before. A spike then takes

    lag + delay + offset(post) - offset(pre) >= 1 + delay

steps. Within a loop lag is 1 and its populations share one offset.
"""

from __future__ import annotations

from genn_delays.planning.plan import Plan


def offsets_of(plan: Plan) -> tuple[int, ...]:
    """The offset of each population in steps; all are 0 where no projection has lag 0."""
    offsets = [0] * len(plan.populations)
    for component in plan.components:
        members = component.populations
        into = [q for q in plan.projections if q.post in members and not q.internal]
        start = max((offsets[q.pre] + 1 - q.lag for q in into), default=0)
        for k in members:
            offsets[k] = start
    return tuple(offsets)
