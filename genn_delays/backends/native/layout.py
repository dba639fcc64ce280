"""How the work on a population is cut into tasks, and the feedback slots that follow from it.

Nothing here depends on the number of threads: the order of every sum, and with it the last digit
of every result, is the same for any number.
"""

from __future__ import annotations

from genn_delays.backends.native.codegen import lanes_of
from genn_delays.plan import Plan

CHUNKS = 8
"""Most parts of a batch that sum their gradients apart."""
TASKS = 32
"""Tasks that a pass over a population is cut into, if it is large enough: more parts of the batch
would keep more threads busy, but each part has gradients of its own, which must be read again."""
BAND = 8
"""Blocks that one task takes where they tell spikes about their arrival: the sum of what they say
stays in the cache."""


def blocks_of(plan: Plan, k: int) -> int:
    """Vectors of neurons of population ``k``."""
    return -(-plan.populations[k].size // lanes_of(plan.dtype))


def feeds_back(plan: Plan, post: int) -> bool:
    """True where synapses onto this population have arrival gradients to sum over its neurons."""
    return any(
        q.post == post and not q.internal and not plan.populations[q.pre].is_input
        for q in plan.projections
    )


def tasks_of(plan: Plan, k: int) -> tuple[int, int]:
    """(blocks of a band, parts of the batch) for the passes over population ``k``."""
    blocks = blocks_of(plan, k)
    chunks = min(CHUNKS, plan.batch_size)
    if any(c.recurrent and k in c.populations for c in plan.components):
        return blocks, chunks
    band = min(BAND, blocks) if feeds_back(plan, k) else 1
    bands = -(-blocks // band)
    return band, max(1, min(chunks, TASKS // bands))


def feedback_slots(plan: Plan) -> tuple[list[int], list[int]]:
    """First feedback slot of each projection (-1: none), and slots of each population.

    A slot is what one band of postsynaptic neurons tells about the arrival times of a population's
    spikes. Inputs need none; inside a component the engine sums without.
    """
    first, used = [], [0] * len(plan.populations)
    for p in plan.projections:
        if plan.populations[p.pre].is_input or p.internal:
            first.append(-1)
            continue
        first.append(used[p.pre])
        used[p.pre] += -(-blocks_of(plan, p.post) // tasks_of(plan, p.post)[0])
    return first, used
