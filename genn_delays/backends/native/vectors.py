"""How wide the vectors of the engine are: as wide as the processor's, or as the user says."""

from __future__ import annotations

import os
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np

from genn_delays.planning.plan import Plan
from genn_delays.support.compiler import find_compiler, target
from genn_delays.support.errors import BackendError

VARIABLE = "GENN_DELAYS_VECTOR_BYTES"
"""Environment variable that overrides the width, for all engines built from then on."""
WIDTHS = (16, 32, 64)
"""Bytes of a vector that there is code for."""
ROW = 16 * 1024
"""Bytes of a row of the surrogate rule up to which wider vectors are the faster ones, measured."""
LINE = 64
"""Bytes that rows are rounded up to, whatever the width: a line of the cache."""


_chosen: WeakKeyDictionary[Plan, int] = WeakKeyDictionary()
"""An engine keeps its width, whatever the environment says later."""


def vector_bytes(plan: Plan) -> int:
    """Bytes of the vectors of a plan's engine.

    Raises:
        BackendError: the environment asks for a width that there is no code for.
    """
    if plan not in _chosen:
        _chosen[plan] = asked_bytes() or _best(plan)
    return _chosen[plan]


def asked_bytes() -> int | None:
    """The width that the environment asks for; None where it leaves the choice.

    Raises:
        BackendError: there is no code for it.
    """
    asked = os.environ.get(VARIABLE)
    if asked not in (None, *map(str, WIDTHS)):
        allowed = ", ".join(map(str, WIDTHS))
        raise BackendError(f"the environment sets {VARIABLE}={asked!r}; give one of {allowed}")
    return int(asked) if asked else None


def lanes_of(plan: Plan) -> int:
    """Neurons, or trials, that are updated together."""
    return vector_bytes(plan) // np.dtype(plan.dtype).itemsize


def line_of(plan: Plan) -> int:
    """Numbers that fill a line of the cache: rows are rounded up to whole ones."""
    return LINE // np.dtype(plan.dtype).itemsize


def widest_bytes() -> int:
    """Bytes of the widest vectors of the processor that the compiler targets."""
    return _widest(tuple(_compiler()))


def _best(plan: Plan) -> int:
    """As wide as the processor's vectors, where rows of a vector per step are not too long.

    The surrogate rule goes along such rows, a few at a time: of 1,000 steps they stay in the cache
    with 32 bytes a step, and with 64 they do not. A trial lies in each of its lanes: a few trials
    need no more of them.
    """
    widest = widest_bytes()
    if plan.gradient.name != "surrogate":
        return widest
    needed = plan.batch_size * np.dtype(plan.dtype).itemsize
    widest = min([widest, *(width for width in WIDTHS if width >= needed)])
    return min(widest, 32) if plan.steps * widest > ROW else widest


def _compiler() -> list[str]:
    """The compiler, [] without one: a plan can be looked at where it cannot be built."""
    try:
        return find_compiler()
    except BackendError:
        return []


@cache
def _widest(command: tuple[str, ...]) -> int:
    macros = target(command).macros if command else frozenset()
    if not command or "__AVX512DQ__" in macros:
        return 64
    return 32 if "__AVX__" in macros else 16
