"""How the work on each population is cut into tasks, and the feedback slots that follow from it.

Nothing here depends on the number of threads, nor on how wide vectors are: the order of every sum,
and with it the last digit of every result, is always the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genn_delays.backends.native.threads import CHUNKS
from genn_delays.backends.native.vectors import lanes_of, line_of
from genn_delays.planning.plan import Plan

TASKS = 32
"""Tasks that a backward pass over a population is cut into, if it is large enough: more parts of
the batch would keep more threads busy, but each part has gradients of its own, which must be read
again."""
PART, SHARE = 8, 4
"""Large batches have more: one part for so many trials where synapses are few, and else one task
for so many, so that 64 threads find work in a batch of 256."""
BAND = 8
"""Lines of neurons that one task takes where they tell spikes about their arrival: the sum of what
they say stays in the cache."""
LIGHT = 16384
"""Up to so many synapses onto a population, all of them stay in the second-level cache beside what
a trial sends: then one task takes all blocks of a trial, and what was sent is read once."""


@dataclass(frozen=True)
class Layout:
    """The tasks of every population.

    Attributes:
        band: blocks that a task takes, by population.
        chunks: parts of the batch, by population.
        slot: first feedback slot of each projection, -1 for none. A slot is what one band of
            postsynaptic neurons tells about the arrival times of a population's spikes. Inputs
            need none; inside a component the engine sums without.
        slots: of each population.
    """

    band: tuple[int, ...]
    chunks: tuple[int, ...]
    slot: tuple[int, ...]
    slots: tuple[int, ...]


def blocks_of(plan: Plan, k: int) -> int:
    """Vectors of neurons of population ``k``."""
    return -(-plan.populations[k].size // lanes_of(plan))


def rows_of(plan: Plan) -> tuple[int, int]:
    """Steps before the trial, and in all, of the row of an input that sends often.

    Before the trial are zeros, at least as many as the largest delay has steps and one more.
    """
    line = line_of(plan)
    before = min(plan.max_delay_steps, plan.steps) + 1
    before, steps = (-(-n // line) * line for n in (before, plan.steps))
    return before, before + steps


def layout_of(plan: Plan, synapses: Sequence[int]) -> Layout:
    """The layout for projections with these numbers of synapses."""
    tasks = [_tasks(plan, k, synapses) for k in range(len(plan.populations))]
    slot, slots = [], [0] * len(plan.populations)
    for p in plan.projections:
        if not _feeds_back(plan, p.pre, p.internal):
            slot.append(-1)
            continue
        slot.append(slots[p.pre])
        slots[p.pre] += -(-blocks_of(plan, p.post) // tasks[p.post][0])
    band, chunks = zip(*tasks, strict=True)
    return Layout(band, chunks, tuple(slot), tuple(slots))


def _feeds_back(plan: Plan, pre: int, internal: bool) -> bool:
    return not plan.populations[pre].is_input and not internal


def _tasks(plan: Plan, k: int, synapses: Sequence[int]) -> tuple[int, int]:
    """Band and chunks of population ``k``."""
    blocks, batch = blocks_of(plan, k), plan.batch_size
    lines = -(-plan.populations[k].size // line_of(plan))
    onto = [(p, n) for p, n in zip(plan.projections, synapses, strict=True) if p.post == k]
    if any(c.recurrent and k in c.populations for c in plan.components):
        return blocks, min(CHUNKS, batch)  # the same for all members
    if sum(n for _, n in onto) <= LIGHT:
        return blocks, min(max(CHUNKS, batch // PART), batch)
    fed = any(_feeds_back(plan, p.pre, p.internal) for p, _ in onto)
    band = min(BAND, lines) if fed else 1
    tasks = max(1, min(CHUNKS, batch, max(TASKS, batch // SHARE) // -(-lines // band)))
    return min(blocks, band * line_of(plan) // lanes_of(plan)), tasks
