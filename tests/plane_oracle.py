"""Statistics of the plane of channel and delay, slow and obvious."""

from __future__ import annotations

import itertools

import numpy as np

MASK = (1 << 64) - 1


def order(seed: int, number: int, n: int) -> np.ndarray:
    """Order ``number`` of n things, by Fisher and Yates on splitmix64."""
    state = (seed + number * 0xD1342543DE82EF95) & MASK

    def drawn() -> int:
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    state = drawn()
    found = list(range(n))
    if number:
        for i in range(n - 1, 0, -1):
            j = ((drawn() >> 32) * (i + 1)) >> 32
            found[i], found[j] = found[j], found[i]
    return np.array(found)


def statistics(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """All of one arrangement, from matrices of all pairs."""
    n, sign = len(x), np.sign(weight)
    across, along = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    kernel = np.maximum(1 - across, 0) * np.maximum(1 - along, 0)
    np.fill_diagonal(kernel, 0.0)
    distance = across + along
    np.fill_diagonal(distance, np.inf)
    alike = sign[:, None] == sign
    same = np.where(alike, distance, np.inf).min(axis=1)
    other = np.where(alike, np.inf, distance).min(axis=1)
    return {
        "moran_weight": moran(kernel, weight),
        "moran_sign": moran(kernel, sign),
        "nearest": float(np.mean((same < other) + 0.5 * (same == other))),
        "run_across": stays(sign),  # x ascends
        "run_along": stays(sign[np.lexsort((np.arange(n), y))]),
    }


def moran(kernel: np.ndarray, values: np.ndarray) -> float:
    z = values - values.mean()
    if not kernel.sum() or not z.any():
        return 0.0
    return len(z) / kernel.sum() * (z @ kernel @ z) / (z @ z)


def stays(sign: np.ndarray) -> float:
    """From the number of runs."""
    return 1 - (len(list(itertools.groupby(sign))) - 1) / (len(sign) - 1)
