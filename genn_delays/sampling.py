"""Which pairs of a projection are joined, and the initial value of each synapse."""

from __future__ import annotations

import numpy as np

from genn_delays.checks import is_number
from genn_delays.errors import NetworkError
from genn_delays.init import Constant, Initialiser

Values = Initialiser | float | np.ndarray


def sample_pairs(
    pre_size: int,
    post_size: int,
    density: float,
    pairs: tuple[np.ndarray, np.ndarray] | None,
    rng: np.random.Generator,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column index of every synapse."""
    total = pre_size * post_size
    if pairs is not None:
        if density != 1.0:
            raise NetworkError(f"{where}: give density or pairs, not both")
        rows, columns = (np.atleast_1d(np.asarray(index)) for index in pairs)
        if rows.shape != columns.shape or rows.ndim != 1 or not _whole(rows) or not _whole(columns):
            raise NetworkError(f"{where}: pairs are two lists of indices of one length")
        return rows, columns
    if not (is_number(density) and 0.0 <= density <= 1.0):
        raise NetworkError(f"{where}: density {density!r} given, must be in [0, 1]")
    if density == 1.0:
        chosen = np.arange(total)
    else:
        chosen = np.sort(rng.choice(total, size=round(density * total), replace=False))
    return np.divmod(chosen, post_size)


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
