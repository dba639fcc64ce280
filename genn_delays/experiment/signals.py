"""Signals during a run: stop after the current batch, once.

SIGINT and SIGTERM come from users and systems, SIGUSR1 and SIGUSR2 from batch systems before a time
limit.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class Stopped(BaseException):
    """A signal came where there is no batch to wait for.

    Not an Exception, so that no handler of ordinary errors swallows it.
    """


class StopSignals:
    """Context manager that turns the first signal into a request and ignores the others.

    A second signal must not cut short the checkpoint that the first one caused.

    Args:
        kept: a signal that comes before there is anything to request is kept for that, as where
            :class:`Stopped` could leave other processes waiting.

    Attributes:
        request: what the first signal calls; while it is None, :class:`Stopped` is raised.
        received: the signal that came, or None.
    """

    def __init__(self, kept: bool = False) -> None:
        self.kept = kept
        self.request: Callable[[], None] | None = None
        self.received: int | None = None

    def hand_to(self, request: Callable[[], None]) -> None:
        """From now on the first signal calls this; one that was kept does so at once."""
        self.request = request
        if self.received is not None:
            request()

    @property
    def exit_code(self) -> int:
        """128 + signal, as shells report it: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + (self.received or 0)

    def __enter__(self) -> StopSignals:
        self._before = {number: signal.signal(number, self._handle) for number in CAUGHT}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            return
        self.received = number
        if self.request is not None:
            self.request()
        elif not self.kept:
            raise Stopped
