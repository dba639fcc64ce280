"""The life of a simulation: where it stands, and that one caller at a time is at work on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from genn_delays.support.errors import BackendError, PlanError


class Stage(Enum):
    """What a simulation holds."""

    BROKEN = auto()
    """Parts of a network at most: nothing was loaded yet, or a load() did not come to its end."""
    LOADED = auto()
    """A network, and no batch."""
    EVALUATED = auto()
    """A batch that was run in evaluation: nothing to go back over."""
    FORWARD = auto()
    """A batch that was run in training."""
    BACKWARD = auto()
    """That batch and its adjoints."""
    CLOSED = auto()
    """Nothing."""


class Life:
    """Stage of a simulation, and the lock that keeps a second thread out of its buffers.

    Attributes:
        stage: changed by the simulation as it goes.
    """

    def __init__(self) -> None:
        self.stage = Stage.BROKEN
        self._lock = threading.Lock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """For the time of one call.

        Raises:
            BackendError: the simulation is closed, or another call has not come to its end.
        """
        if not self._lock.acquire(blocking=False):
            raise BackendError(
                "this simulation is at work in another thread; "
                "compile one for each thread, or let one thread make all calls"
            )
        try:
            if self.stage is Stage.CLOSED:
                raise BackendError("this simulation is closed; compile the network again")
            yield
        finally:
            self._lock.release()

    def require_network(self) -> None:
        """Raise BackendError where there is no whole network to run."""
        if self.stage is Stage.BROKEN:
            raise BackendError("the last load() did not come to its end; load the network again")

    def require_batch(self) -> None:
        """Raise PlanError where there is no batch to go back over."""
        if self.stage not in (Stage.FORWARD, Stage.BACKWARD):
            raise PlanError("backward() follows forward() in training; run a batch first")

    def require_adjoints(self) -> None:
        """Raise PlanError where no batch has been gone back over."""
        if self.stage is not Stage.BACKWARD:
            raise PlanError(
                "correlation() follows backward() and comes before load(); "
                "go back over a batch first"
            )
