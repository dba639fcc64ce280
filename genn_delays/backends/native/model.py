"""Kinds of dynamics: populations that differ only in numbers share one model, and its code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

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


@dataclass(frozen=True, kw_only=True)
class NeuronModel:
    """The structure of one kind of dynamics, without its numbers, whatever the gradient rule.

    Attributes:
        threshold: index of the threshold among the constants.
        holds: units may be refractory; the steps of that, as bits of a whole number, are the last
            constant.
        constants: how many constants a unit has.
    """

    index: int
    label: str
    states: int
    input_state: int
    threshold_state: int
    spiking: bool
    threshold: int
    holds: bool
    constants: int


def structure(
    index: int, p: PlannedPopulation, patterns: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Arguments of a model: those of every NeuronModel, and the entries of each pattern by name.

    Args:
        patterns: which entries of a matrix have a constant, in the order of these.
    """
    k, entries = 0, {}
    for name, pattern in patterns.items():
        places = np.argwhere(pattern)
        entries[name] = tuple(Entry(int(i), int(j), k + n) for n, (i, j) in enumerate(places))
        k += len(places)
    step = "" if p.step_map is None else f"; step map {p.step_map.kind}"
    return {
        "index": index,
        "label": f"model {index}: states {', '.join(p.states)}{step}; first used by {p.name!r}",
        "states": len(p.states),
        "input_state": p.input_state,
        "threshold_state": p.threshold_state,
        "spiking": p.is_spiking,
        "threshold": k,
        "holds": p.holds,
        "constants": k + 1 + p.holds,
        **entries,
    }


def nonzero(array: np.ndarray) -> np.ndarray:
    """Which entries are not 0 in the matrix of every unit, (units, n, m) -> (n, m)."""
    return np.any(array != 0, axis=0)


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
