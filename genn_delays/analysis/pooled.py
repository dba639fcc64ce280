"""Over runs: each run, with its seed, counts once, however many units it has.

The units of one run learnt together from the same trials, so they are no independent repeats. Of
each run the mean over the units of a layer is taken; runs are compared with an effect of 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genn_delays.analysis.chance import sign_flips
from genn_delays.analysis.groupings import Groupings


@dataclass(frozen=True, eq=False)
class Pooled:
    """One statistic of one projection over runs.

    Attributes:
        projection, statistic, shuffled: see :class:`Groupings` and :class:`Grouping`.
        effects: mean effect of the units of each run that has the statistic, float64, (runs,).
        mean, sd: of these; sd with n - 1, NaN of one run.
        z: mean over runs of the mean z of the units.
        p_t: two-sided, of Student's t test against 0, which takes effects of runs for normal; NaN
            of one run.
        p_flip: two-sided, by flipping signs, which takes nothing of the kind: at least 2 / 2^runs.
    """

    projection: str
    statistic: str
    shuffled: str
    effects: np.ndarray
    mean: float
    sd: float
    z: float
    p_t: float
    p_flip: float


def pooled(runs: Sequence[Mapping[str, Groupings]]) -> tuple[Pooled, ...]:
    """Every statistic of every projection over runs.

    Args:
        runs: of each run, the results of :func:`grouping` by projection.
    """
    layers: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for run in runs:
        for name, groupings in run.items():
            for test in groupings.tests:
                key = (name, test.statistic, test.shuffled)
                layers.setdefault(key, []).append((test.layer.effect, test.layer.z))
    return tuple(_over_runs(*key, np.array(values)) for key, values in layers.items())


def _over_runs(projection: str, statistic: str, shuffled: str, values: np.ndarray) -> Pooled:
    effects, z = values[~np.isnan(values[:, 0])].T
    return Pooled(
        projection,
        statistic,
        shuffled,
        effects=effects,
        mean=float(effects.mean()) if len(effects) else float("nan"),
        sd=float(effects.std(ddof=1)) if len(effects) > 1 else float("nan"),
        z=float(z.mean()) if len(z) else float("nan"),
        p_t=_student(effects),
        p_flip=sign_flips(effects),
    )


def _student(values: np.ndarray) -> float:
    """Two-sided p value of a mean of 0; NaN of fewer than two values, or equal ones."""
    from scipy.special import stdtr  # takes long to import

    n = len(values)
    if n < 2 or not np.ptp(values):
        return float("nan")
    t = abs(values.mean()) / (values.std(ddof=1) / n**0.5)
    return float(2.0 * stdtr(n - 1, -t))
