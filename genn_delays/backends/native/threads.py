"""A team of ordinary threads: ctypes releases the interpreter lock inside the engine."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from genn_delays.support.checks import is_count
from genn_delays.support.cores import available_cores
from genn_delays.support.errors import PlanError
from genn_delays.support.limits import check_size

CHUNKS = 8
"""Most parts of a batch that sum their gradients apart."""
STACK = 8 << 20
"""Bytes of address space that the system keeps for each thread."""


class Team:
    """Runs one function on every thread at once; the caller is one of the threads."""

    def __init__(self, threads: int | None) -> None:
        if threads is not None and not is_count(threads):
            raise PlanError(
                f"threads={threads!r}: must be a whole number >= 1, or None for all cores"
            )
        self.size = int(threads or available_cores())
        if threads is not None and threads > available_cores():
            check_size(STACK * self.size, f"threads={threads}: their stacks", error=PlanError)
        self._start()

    def _start(self) -> None:
        self._pool = ThreadPoolExecutor(self.size - 1) if self.size > 1 else None
        self._process = os.getpid()

    def run(self, function: Callable[[], int]) -> list[int]:
        """What the function returned on each thread."""
        if self._process != os.getpid():
            self._start()  # a forked process inherits the pool but none of its threads
        if self._pool is None:
            return [function()]
        others = [self._pool.submit(function) for _ in range(self.size - 1)]
        try:
            own = function()
        finally:  # an interrupt must not leave threads at work on buffers that change
            wait(others)
        return [own, *(other.result() for other in others)]

    def close(self) -> None:
        """End the threads."""
        if self._pool and self._process == os.getpid():
            self._pool.shutdown()
