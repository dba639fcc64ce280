"""Numbers of the neurons of a population with a step map, from their present parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.step_maps.step_map import StepMap


@dataclass(frozen=True, eq=False)
class UnitNumbers:
    """Numbers of the neurons of a population with a step map.

    Attributes:
        constants: (n, constants).
        changes: d collected / d parameter of each learnt parameter, (n, collected).
    """

    constants: np.ndarray
    changes: dict[str, np.ndarray]


def unit_numbers(
    step_map: StepMap, neuron: Neuron, learn: tuple[str, ...], size: int
) -> UnitNumbers:
    """The numbers of a neuron with its present parameters."""
    changes = {}
    for parameter in learn:
        by = neuron.change(parameter, size)
        constants = step_map.constants.derivative(neuron, parameter, size)
        c = step_map.collected
        changes[parameter] = np.concatenate(
            [
                constants[:, list(c.constants)],
                *(by.reset_matrix[:, i, j, None] for i, j in c.matrix),
                by.reset_offset[:, list(c.offset)],
                *([by.threshold[:, None]] if c.threshold else []),
                by.initial[:, list(c.initial)],
            ],
            axis=1,
        )
    return UnitNumbers(step_map.constants.values(neuron, size), changes)
