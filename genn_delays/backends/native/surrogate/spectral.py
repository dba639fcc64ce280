"""Wide delay kernels as products of spectra: sizes of the transforms, and taps as few numbers.

A kernel of many taps costs a multiplication per tap, step and synapse; between the spectra of both
sides it is one complex product per frequency and pair, whatever the number of taps. The taps of a
synapse are a vector over all delays there are, and those of one kernel lie in a space of few
dimensions: ``basis`` is an orthonormal set whose span has all of them but for what float32 cannot
hold, and a synapse keeps the coordinates of its taps. As functions of the delay these are
polynomials, whose derivatives are those of the taps that are used. Where either would need too many
numbers, and in float64, the coordinates are the exact taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev

from genn_delays.backends.native.shapes import Shapes
from genn_delays.backends.native.surrogate.codegen import BLOCK, MOST, TAPS, TOGETHER, WIDE
from genn_delays.backends.native.vectors import lanes_of, line_of, vector_bytes
from genn_delays.declaration.kernels import DelayKernel, taps_of
from genn_delays.planning.dynamics import PlannedProjection
from genn_delays.planning.plan import Plan

PART = 24 << 20
"""Bytes of spectra up to which groups of trials are worked on together."""
LONGEST = 1024
"""Steps of the longest transform."""
GRID = 8
"""Delays per step that a basis is made for."""
MOST_POWERS = 100
"""Terms of a series up to which it is quicker than the taps themselves."""


@dataclass(frozen=True, eq=False)
class Spectral:
    """How one projection is taken through spectra.

    Attributes:
        length: steps of a transform, even, without prime factors above 5.
        kept: steps of a segment.
        segments: that a trial is cut into.
        basis: (rank, taps), orthonormal rows.
        series: (terms, rank), Chebyshev series of the coordinates over the delays; None where
            the basis is that of the exact taps.
    """

    length: int
    kept: int
    segments: int
    basis: np.ndarray
    series: np.ndarray | None

    @property
    def rank(self) -> int:
        """Numbers that stand for the taps of a synapse."""
        return len(self.basis)

    @property
    def frequencies(self) -> int:
        """Of the spectrum of a real row."""
        return self.length // 2 + 1

    @cached_property
    def roots(self) -> np.ndarray:
        """exp(-2 pi i k / length) as pairs, (length, 2)."""
        return pairs(np.exp(-2j * np.pi * np.arange(self.length) / self.length))

    @cached_property
    def spectra(self) -> np.ndarray:
        """Of the basis, as pairs, (frequencies, rank, 2)."""
        return pairs(np.fft.rfft(self.basis, self.length, axis=1).T)

    @cached_property
    def both_series(self) -> np.ndarray:
        """Of the coordinates and of their derivatives by the delay in steps, (terms, 2, rank)."""
        assert self.series is not None
        slope = np.zeros_like(self.series)
        slope[:-1] = chebyshev.chebder(self.series) * (2.0 / (self.basis.shape[1] - 1))
        return np.ascontiguousarray(np.stack([self.series, slope], axis=1))


def whole(first: np.ndarray, taps: np.ndarray, largest: int) -> np.ndarray:
    """Taps (synapses, count) from these delays on, among all delays there are."""
    if taps.shape[1] == largest + 1:
        return taps
    spread: np.ndarray = np.zeros((len(taps), largest + 1))
    np.put_along_axis(spread, first[:, None] + np.arange(taps.shape[1]), taps, axis=1)
    return spread


def pairs(values: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs (re, im) in a last axis of their own."""
    return np.ascontiguousarray(np.stack([values.real, values.imag], axis=-1))


def spectral_of(
    plan: Plan, index: int, synapses: int, kernel: DelayKernel | None
) -> Spectral | None:
    """How to take a projection through spectra; None where walking tap by tap costs less.

    Args:
        synapses: how many there are.
        kernel: as wide as it is now; None where delays are rounded.
    """
    p = plan.projections[index]
    if kernel is None or p.internal or not synapses:
        return None
    walked = taps_of(np.zeros(1), kernel, plan.dt, p.max_delay_steps, plan.dtype).count
    if walked <= TAPS:
        return None
    taps = p.max_delay_steps + 1
    sizes = [plan.populations[k].size for k in (p.pre, p.post)]
    lengths = [n for n in _lengths() if n > taps]
    found = [(_segments(plan, n, taps) * _work(sizes, n), n) for n in lengths]
    if not found:
        return None
    work, length = min(found)
    groups = -(-plan.batch_size // lanes_of(plan))
    made = taps * (length + 2) * sizes[0] * sizes[1] / (groups * lanes_of(plan))
    if work + made > 0.8 * synapses * walked * plan.steps:
        return None
    basis, series = basis_of(kernel, plan, p)
    return Spectral(length, length - taps + 1, _segments(plan, length, taps), basis, series)


def _lengths() -> list[int]:
    powers = [2**k for k in range(4, 11)]
    return sorted(n for q in (1, 3, 5) for n in (q * power for power in powers) if n <= LONGEST)


def _segments(plan: Plan, length: int, taps: int) -> int:
    return -(-plan.steps // (length - taps + 1))


def _work(sizes: list[int], length: int) -> float:
    """Multiplications of one segment in one pass: of products, and of transforms."""
    return 2.0 * (length + 2) * sizes[0] * sizes[1] + 2.0 * sum(sizes) * length * np.log2(length)


def basis_of(
    kernel: DelayKernel, plan: Plan, p: PlannedProjection
) -> tuple[np.ndarray, np.ndarray | None]:
    """Orthonormal rows, (rank, taps), and the series of coordinates in terms of them.

    As many as bring the error of every tap, at delays between those it is made from too, below the
    precision of float32 times the largest tap; half of it for either.
    """
    taps, rows = p.max_delay_steps + 1, np.eye(p.max_delay_steps + 1)
    if plan.dtype is not np.float32 or taps > MOST:
        return rows, None
    exact = _exact(kernel, np.linspace(0.0, taps - 1.0, 2 * GRID * (taps - 1) + 1), taps)
    allowed = 0.5 * float(np.finfo(np.float32).eps) * exact.max()
    directions = np.linalg.svd(exact[::2], full_matrices=False)[2]
    for rank in range(1, taps * 3 // 4):
        some = directions[:rank]
        if np.abs(exact @ some.T @ some - exact).max() <= allowed:
            rows = some
            break
    for degree in range(4, MOST_POWERS, 4):
        place = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
        nodes = _exact(kernel, (place + 1.0) / 2.0 * (taps - 1), taps) @ rows.T
        series = chebyshev.chebvander(place, degree).T @ nodes * (2.0 / (degree + 1))
        series[0] /= 2.0
        found = chebyshev.chebval(np.linspace(-1.0, 1.0, len(exact)), series).T
        if np.abs((found - exact @ rows.T) @ rows).max() <= allowed:
            return rows, series
    return np.eye(taps), None


def _exact(kernel: DelayKernel, delay: np.ndarray, taps: int) -> np.ndarray:
    made = kernel.taps(delay, taps - 1, float(np.finfo(np.float64).eps))
    return whole(made.first, made.weight, taps - 1)


def groups_in_part(plan: Plan, spectrals: dict[int, Spectral]) -> int:
    """Groups of trials whose spectra are there at once, as even as they can be."""
    groups = -(-plan.batch_size // lanes_of(plan))
    most = max(sum(_places(plan, k, one, 2)) for k, one in spectrals.items()) // 2
    parts = -(-groups * most * vector_bytes(plan) // PART)
    return -(-groups // min(parts, groups))


def spectra_shapes(plan: Plan, spectrals: dict[int, Spectral]) -> Shapes:
    """Spectra of both sides of a projection, one after the other in the same place."""
    if not spectrals:
        return {}
    groups = groups_in_part(plan, spectrals)
    places = [_places(plan, k, one, groups) for k, one in spectrals.items()]
    sides = zip(("pre_spectra", "post_spectra"), zip(*places, strict=True), strict=True)
    return {name: ((max(sizes), lanes_of(plan)), plan.dtype) for name, sizes in sides}


def _places(plan: Plan, index: int, one: Spectral, groups: int) -> list[int]:
    """Vectors of the spectra of both sides."""
    p = plan.projections[index]
    columns = 2 * (-(-groups * one.segments // 2))
    sizes = [plan.populations[k].size | 1 for k in (p.pre, p.post)]
    return [2 * one.frequencies * columns * size for size in sizes]


def row_of(plan: Plan, index: int) -> int:
    """Pre units, in whole lines of the cache."""
    line = line_of(plan)
    return -(-plan.populations[plan.projections[index].pre].size // line) * line


def spectral_shapes(plan: Plan, index: int, synapses: int, one: Spectral) -> Shapes:
    """Coordinates of every synapse and, mixed with weights, of every pair."""
    real, each = plan.dtype, (synapses, one.rank)
    posts = plan.populations[plan.projections[index].post].size
    return {
        "share": (each, real),
        "slope": (each, real),
        "mixed": ((one.rank, posts, row_of(plan, index)), real),
        "basis": ((one.frequencies, one.rank, 2), real),
        "roots": ((one.length, 2), real),
    }


def spectral_scratch(plan: Plan, index: int, one: Spectral) -> int:
    """Most bytes that a thread needs; see templates/surrogate/spectra and products."""
    row, posts = row_of(plan, index), plan.populations[plan.projections[index].post].size
    numbers = (
        2 * TOGETHER * WIDE * max(row, posts),
        (2 * TOGETHER + one.rank) * BLOCK * row,
        (3 * one.length + plan.steps) * lanes_of(plan),
    )
    return max(numbers) * np.dtype(plan.dtype).itemsize
