"""Results of :mod:`genn_delays.analysis.grouping`: units and layers against shuffled synapses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from genn_delays.analysis.chance import Chance, at_least, benjamini_hochberg
from genn_delays.analysis.plane import COLUMNS

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Layer:
    """All units of a projection together.

    Attributes:
        units: that have the statistic.
        observed, chance: its mean over them, as it is and shuffled.
        effect, z: means over them.
        p: of the mean over units: how often that of shuffled units is at least as large.
        significant: share of the units with q <= 0.05.
    """

    units: int
    observed: float
    chance: float
    effect: float
    z: float
    p: float
    significant: float


@dataclass(frozen=True, eq=False)
class Grouping:
    """One statistic of one projection against one way of shuffling; arrays have a value per unit.

    Attributes:
        statistic: ``"moran_weight"``, ``"moran_sign"``, ``"nearest"``, ``"run_across"`` or
            ``"run_along"``.
        shuffled: ``"weights"`` or ``"delays"``.
        chance: observed values against shuffled ones.
        effect: 0 as by chance, 1 where all is grouped.
        q: p values corrected over units.
        layer: all units together.
    """

    statistic: str
    shuffled: str
    chance: Chance
    effect: np.ndarray
    q: np.ndarray
    layer: Layer


@dataclass(frozen=True, eq=False)
class Groupings:
    """All statistics of one projection.

    Attributes:
        projection: its name.
        tests: those that have a value in some unit.
        synapses: of each postsynaptic unit, without those of weight 0, int64.
        zero: synapses of weight 0, in all units.
        channels: what says which channel a unit belongs to.
        ordered: whether channels have an order.
        channel_width: of a neighbourhood, in units of channels; None without an order.
        delay_width: ms; None without delays.
        permutations: of each unit.
        seed: they were drawn with.
    """

    projection: str
    tests: tuple[Grouping, ...]
    synapses: np.ndarray
    zero: int
    channels: str
    ordered: bool
    channel_width: float | None
    delay_width: float | None
    permutations: int
    seed: int

    def __getitem__(self, key: tuple[str, str]) -> Grouping:
        """By statistic and what is shuffled; KeyError where it has no value here."""
        for test in self.tests:
            if (test.statistic, test.shuffled) == key:
                return test
        raise KeyError(key)


def compared(column: int, chances: list[Chance], sums: np.ndarray) -> Grouping:
    """The results of a column of orders.

    Args:
        column: of COLUMNS.
        chances: of each unit, with all columns.
        sums: over units of each order, the one they are in first, (orders, columns).
    """
    what, statistic = COLUMNS[column]
    values = {f.name: [getattr(c, f.name)[column] for c in chances] for f in fields(Chance)}
    chance = Chance(**{name: np.array(value) for name, value in values.items()})
    effect, q = _effect(chance), benjamini_hochberg(chance.p)
    units = int(np.count_nonzero(~np.isnan(chance.observed)))
    means = sums[:, column] / max(units, 1)
    layer = Layer(
        units=units,
        observed=float(means[0]),
        chance=float(means[1:].mean()),
        effect=_mean(effect),
        z=_mean(chance.z),
        p=float(at_least(means[0], means[1:])),
        significant=float(np.count_nonzero(q <= SIGNIFICANT)) / max(units, 1),
    )
    return Grouping(statistic, what, chance, effect, q, layer)


def _effect(chance: Chance) -> np.ndarray:
    effect = np.full(chance.observed.shape, np.nan)
    room = 1.0 - chance.mean
    return np.divide(chance.observed - chance.mean, room, out=effect, where=room > 0)


def _mean(values: np.ndarray) -> float:
    """Over what is a number; NaN of nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
