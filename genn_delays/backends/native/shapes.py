"""Arrays as data: what is allocated and what is estimated come from the same shapes."""

from __future__ import annotations

import math

import numpy as np

Shapes = dict[str, tuple[tuple[int, ...], type]]
"""By name, shape and type of an array."""


def empty(shapes: Shapes) -> dict[str, np.ndarray]:
    """Arrays that are not filled yet."""
    return {name: np.empty(shape, kind) for name, (shape, kind) in shapes.items()}


def zeros(shapes: Shapes) -> dict[str, np.ndarray]:
    """Arrays of zeros."""
    return {name: np.zeros(shape, kind) for name, (shape, kind) in shapes.items()}


def nbytes(shapes: Shapes) -> int:
    """Bytes of all of them."""
    return sum(math.prod(shape) * np.dtype(kind).itemsize for shape, kind in shapes.values())
