"""Kinds of dynamics: populations that differ only in numbers share one model, and its code."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.plan import Plan

M = TypeVar("M")
Models = tuple[tuple[M, ...], dict[int, M]]
"""The distinct models of a plan, and the model of each population that has dynamics."""


@dataclass(frozen=True)
class Entry:
    """A structurally nonzero entry of a matrix; ``k`` is its index among the constants."""

    row: int
    column: int
    k: int


def nonzero(array: np.ndarray) -> tuple[tuple[int, int], ...]:
    """(row, column) of the entries that are not 0 in the matrix of every unit, (units, n, m)."""
    return tuple((int(i), int(j)) for i, j in np.argwhere(np.any(array != 0, axis=0)))


def whole_bits(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Whole numbers as constants of type ``dtype``: their bits, read as ``whole`` in the engine.

    Every step of a trial is told from the next, which float32 does up to 2^24 only.
    """
    return values.astype(f"i{dtype.itemsize}").view(dtype)


def distinct_models(
    plan: Plan,
    signature: Callable[[PlannedPopulation], Hashable],
    make: Callable[[int, PlannedPopulation], M],
) -> Models[M]:
    """One model for all populations of one signature.

    Args:
        signature: equal for populations whose code is the same.
        make: the model of that index, from the first population it is used by.
    """
    distinct: dict[Hashable, M] = {}
    by_population = {}
    for k, population in enumerate(plan.populations):
        if population.is_input:
            continue
        key = signature(population)
        if key not in distinct:
            distinct[key] = make(len(distinct), population)
        by_population[k] = distinct[key]
    return tuple(distinct.values()), by_population
