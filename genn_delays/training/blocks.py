"""Work on long columns row by row: in blocks that stay in the cache, shared among threads.

numpy lets other threads run during each operation. No row knows of another one, so results depend
neither on the blocks nor on the threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import numpy as np

from genn_delays.support.cores import available_cores

BLOCK = 1 << 14
"""Rows of a block: six float64 columns of it fit in a second-level cache of 1 MB."""
SCRATCH = 3


def in_blocks(work: Callable[[slice, np.ndarray], None], rows: int) -> None:
    """Call ``work`` with slices that cover all rows, and scratch of its own for each.

    Args:
        work: takes the slice and float64 scratch, shape (SCRATCH, rows of the slice): memory
            that is used again is much quicker than fresh memory.
        rows: length of the columns.
    """
    starts = range(0, rows, BLOCK)
    threads = min(available_cores(), len(starts) // 2)  # one block is not worth a thread

    def share(thread: int) -> None:
        scratch = np.empty((SCRATCH, min(rows, BLOCK)))
        for start in starts[thread :: max(threads, 1)]:
            block = slice(start, min(start + BLOCK, rows))
            work(block, scratch[:, : block.stop - start])

    others = [_pool().submit(share, thread) for thread in range(1, threads)]
    try:
        share(0)
    finally:  # an interrupt must not leave threads at work on columns that change
        wait(others)
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(available_cores(), thread_name_prefix="blocks")


# a child process inherits the pool but none of its threads
os.register_at_fork(after_in_child=_pool.cache_clear)
