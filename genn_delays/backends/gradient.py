"""What a backward pass returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Gradient:
    """Gradients of one projection, aligned with its synapse table, summed over the batch.

    Where synapses share a value, each of them has the gradient of that value: the sum over its
    group.

    Attributes:
        weight: dL/dw, float64, shape (synapses,).
        delay: dL/dd in 1/ms, float64, shape (synapses,).
    """

    weight: np.ndarray
    delay: np.ndarray


class Gradients(dict[str, Gradient]):
    """A :class:`Gradient` per projection name.

    Attributes:
        units: by population, dL/d of each learnt column of its ``units``, float64, (units,); for
            time constants in 1/ms, for positions through the delays that follow from them. Where
            one value is learnt for all units, every entry is its whole gradient.
    """

    def __init__(
        self,
        projections: Mapping[str, Gradient],
        units: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    ) -> None:
        super().__init__(projections)
        self.units = {name: dict(columns) for name, columns in (units or {}).items()}
