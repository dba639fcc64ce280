"""The clocks of a GeNN model: when each population runs its own step t.

GeNN delivers a spike in the next step at the earliest. A projection of lag 0 needs it in the
same step, so its postsynaptic population runs one step later: each population has an offset,

    offset(post) = max over incoming projections of offset(pre) + 1 - lag,      0 for inputs,

runs its step t at step t + offset of the model, and is silent before. A spike then takes

    1 + extra + delay steps of the model,  extra = offset(post) - offset(pre) - (1 - lag) >= 0.

Within a loop lag is 1 and its populations share one offset. Going back, time is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

from genn_delays.planning.plan import Plan

BEFORE = {"eventprop": 0, "surrogate": 1}
"""Steps before the trial that a rule goes back to: for the surrogate rule a difference over the
arrival of a spike of step 0 is complete one step before the trial."""


@dataclass(frozen=True)
class Schedule:
    """A time line of ``forward`` steps of the model and then ``backward`` ones.

    Attributes:
        offsets: of each population, in steps.
        extras: of each projection, steps of the model that a spike takes besides 1 and its delay.
    """

    offsets: tuple[int, ...]
    extras: tuple[int, ...]
    forward: int
    backward: int

    @property
    def rest(self) -> int:
        """A step outside both passes."""
        return self.forward + self.backward


def schedule_of(plan: Plan) -> Schedule:
    """The clocks of a plan; all offsets are 0 where no projection has lag 0."""
    offsets = [0] * len(plan.populations)
    for component in plan.components:
        members = component.populations
        into = [q for q in plan.projections if q.post in members and not q.internal]
        start = max((offsets[q.pre] + 1 - q.lag for q in into), default=0)
        for k in members:
            offsets[k] = start
    extras = [offsets[q.post] - offsets[q.pre] - (1 - q.lag) for q in plan.projections]
    forward = plan.steps + max(offsets)
    backward = forward + BEFORE[plan.gradient.name]
    return Schedule(tuple(offsets), tuple(extras), forward, backward)
