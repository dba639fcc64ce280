"""What both gradient rules share on the embedded engine: its library, threads, and calls."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from ctypes import byref, c_int64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from genn_delays.backends.base import Simulation
from genn_delays.backends.native.codegen import real_of
from genn_delays.backends.native.structures import Shared
from genn_delays.backends.native.threads import Team
from genn_delays.backends.step_maps import blow_up_message
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan
from genn_delays.support.compiler import load
from genn_delays.support.errors import BackendError

REFUSED, OUT_OF_ORDER = 1, 3
"""Why the engine took no events: one lies outside (trial, population, batch); they are not sorted.
Threads may differ: where any finds them out of order, they are inserted again."""


class Engine(Simulation):
    """A network on the embedded engine.

    Attributes:
        shared: the structure that every call is given.
        populations, projections: buffers with a ``struct`` each, in the order of the plan.
    """

    shared: Shared
    populations: Sequence[Any]
    projections: Sequence[Any]

    def __init__(self, plan: Plan, source: str, threads: int | None) -> None:
        super().__init__(plan)
        self.library = load(source)
        self.team = Team(threads)

    @abstractmethod
    def _scalars(self) -> dict[str, float]:
        """The fields of the shared structure that are numbers of this rule."""

    def _check_states(self, component: Component) -> None:
        """Raise BackendError where a state of a population is not finite."""
        found = [(*at, k) for k in component.populations if (at := self.populations[k].blown())]
        if found:
            step, unit, k = min(found, key=lambda at: (at[0], at[2]))
            raise BackendError(blow_up_message(self.plan.populations[k], unit, step * self.plan.dt))

    def _run(self, function: Callable[..., int], *what: Any) -> int:
        """One call into the engine, every thread taking work from one counter.

        Returns:
            0, or REFUSED or OUT_OF_ORDER for events that could not be inserted.

        Raises:
            BackendError: no memory.
        """
        simulation, ticket = self._simulation, byref(c_int64(0))
        simulation.trials = self.trials
        for name, value in self._scalars().items():
            setattr(simulation, name, value)
        given = byref(simulation)
        codes = self.team.run(lambda: function(given, *what, ticket))
        allowed = (0, REFUSED, OUT_OF_ORDER) if function is self.library.insert_events else (0,)
        if any(code not in allowed for code in codes):
            raise BackendError("the native engine ran out of memory; use a smaller batch_size")
        return max(codes)

    @cached_property
    def _simulation(self) -> Any:
        """What every call is given; the structures of all buffers lie in it."""
        populations, projections = self.shared.arrays(self.populations, self.projections)
        return self.shared.ctypes(real_of(self.plan.dtype))(
            n_populations=len(populations),
            n_projections=len(projections),
            populations=populations,
            projections=projections,
        )

    def _held(self) -> int:
        """Bytes of the buffers of all populations and projections."""
        return sum(buffers.nbytes() for buffers in (*self.populations, *self.projections))

    def _close(self) -> None:
        self.team.close()
        self.populations, self.projections = [], []


@dataclass(frozen=True)
class Rule:
    """What the native backend has for one gradient rule.

    Attributes:
        simulation: makes the simulation of a plan, a network and a number of threads.
        render: the C source of a plan.
        estimate: see :func:`genn_delays.backends.native.memory.estimate`.
        check: raises PlanError where a plan cannot run here.
    """

    simulation: Callable[..., Engine]
    render: Callable[[Plan], str]
    estimate: Callable[..., dict[str, int]]
    check: Callable[[Plan], None]
