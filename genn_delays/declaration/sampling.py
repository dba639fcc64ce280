"""Which pairs of a projection are joined, and the initial value of each synapse."""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.init import Constant, Initialiser
from genn_delays.declaration.synapses import SYNAPSE
from genn_delays.declaration.wiring import Density, Wiring
from genn_delays.support.errors import NetworkError
from genn_delays.support.limits import check_size

Values = Initialiser | float | np.ndarray


def sample_pairs(
    shape: tuple[int, int, int],
    density: float,
    wiring: Wiring | None,
    pairs: tuple[np.ndarray, np.ndarray] | None,
    rng: np.random.Generator,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column index of every synapse.

    Args:
        shape: (pre units, post units, synapses of each pair).
    """
    if pairs is None:
        rows, columns = _drawn(shape[:2], density, wiring, rng, where)
    elif density != 1.0 or wiring is not None:
        raise NetworkError(f"{where}: give pairs alone, without density or wiring")
    else:
        rows, columns = _listed(pairs, where)
    count = shape[2]
    check_size(
        SYNAPSE * len(rows) * count,
        f"{where} with {count} synapses for each of {len(rows)} pairs",
        error=NetworkError,
    )
    return np.repeat(rows, count), np.repeat(columns, count)


def _listed(pairs: tuple[np.ndarray, np.ndarray], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Row and column index of every pair that is given."""
    try:
        rows, columns = (np.atleast_1d(np.asarray(index)) for index in pairs)
    except (TypeError, ValueError):
        raise NetworkError(f"{where}: pairs are (pre indices, post indices)") from None
    if rows.shape != columns.shape or rows.ndim != 1 or not _whole(rows) or not _whole(columns):
        raise NetworkError(f"{where}: pairs are two lists of indices of one length")
    return rows, columns


def _drawn(
    sizes: tuple[int, int],
    density: float,
    wiring: Wiring | None,
    rng: np.random.Generator,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column index of every pair that the wiring joins."""
    if wiring is not None:
        if density != 1.0:
            raise NetworkError(f"{where}: give density or wiring, not both")
        if not isinstance(wiring, Wiring):
            raise NetworkError(f"{where}: wiring={wiring!r}; give gd.wiring.InDegree(20) or alike")
    try:
        return (wiring or Density(density)).pairs(*sizes, rng)
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None


def _whole(index: np.ndarray) -> bool:
    return index.size == 0 or index.dtype.kind in "iu"


def values_of(
    given: Values,
    what: str,
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    count: int,
    where: str,
) -> np.ndarray:
    """One float64 value per synapse from an initialiser, a number or an array.

    Args:
        shape: (pre units, post units, synapses of each pair) of a full projection.
        count: number of synapses.
    """
    if isinstance(given, Initialiser):
        return given.sample(rng, count)
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise NetworkError(
            f"{where}: {what} {given!r} is not a number, array or initialiser"
        ) from None
    if array.ndim == 0:
        return Constant(float(array)).sample(rng, count)
    full = (shape, shape[:2]) if shape[2] == 1 else (shape,)
    if array.shape in full and count == array.size:
        return array.ravel()
    if array.shape == (count,):
        return array
    raise NetworkError(
        f"{where}: {what} of shape {array.shape} for {count} synapses; "
        f"give ({count},) or, when full, {full[-1]}"
    )
