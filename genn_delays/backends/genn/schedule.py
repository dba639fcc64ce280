"""The clocks of a GeNN model: when each population runs its own step t.

GeNN delivers a spike in the next step at the earliest, so populations have the offsets of
:mod:`genn_delays.planning.schedule`. A spike then takes

    1 + extra + delay steps of the model,  extra = offset(post) - offset(pre) - (1 - lag) >= 0.

Going back, time is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

from genn_delays.planning.plan import Plan
from genn_delays.planning.schedule import offsets_of

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
    offsets = offsets_of(plan)
    extras = [offsets[q.post] - offsets[q.pre] - (1 - q.lag) for q in plan.projections]
    forward = plan.steps + max(offsets)
    backward = forward + BEFORE[plan.gradient.name]
    return Schedule(offsets, tuple(extras), forward, backward)
