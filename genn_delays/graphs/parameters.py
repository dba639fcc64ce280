"""The parameters of a reasoner with what the optimiser remembers of them, as flat columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genn_delays.graphs.reasoner import Reasoner
from genn_delays.support.checks import all_finite
from genn_delays.support.errors import TrainingError
from genn_delays.training.update_rules import Rule


class Column:
    """One parameter, a table of its own for the update rules.

    Attributes:
        value: flat, float64.
        shape: of the parameter.
        state: columns of the update rule, by name.
    """

    def __init__(self, value: np.ndarray) -> None:
        self.shape = value.shape
        self.value = np.array(value, np.float64).ravel()
        self.state: dict[str, np.ndarray] = {}

    def attach(self, name: str, fill: float = 0.0) -> np.ndarray:
        """The column ``name`` of the rule, made with ``fill`` if it is not there yet."""
        if name not in self.state:
            self.state[name] = np.full(len(self.value), fill)
        return self.state[name]


class Parameters:
    """All parameters of a reasoner, by name.

    Attributes:
        columns: by the names of :meth:`Reasoner.shapes`.
    """

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self.columns = {name: Column(value) for name, value in values.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        """The parameter in its shape; what is written to it stays."""
        column = self.columns[name]
        return column.value.reshape(column.shape)

    def copy(self) -> Parameters:
        """The values, without what an optimiser remembers."""
        return Parameters({name: self[name] for name in self.columns})

    def update(self, rule: Rule, gradients: Mapping[str, np.ndarray]) -> None:
        """One step of an update rule.

        Raises:
            TrainingError: a gradient is not finite; nothing was changed.
        """
        for name, gradient in gradients.items():
            if not all_finite(gradient):
                raise TrainingError(
                    f"the gradient of {name!r} is not finite; lower the learning rate"
                )
        for name, gradient in gradients.items():
            rule.update(self.columns[name], "value", gradient.ravel())


def draw(reasoner: Reasoner, seed: int) -> Parameters:
    """First values: queries normal, all else uniform within 1 / sqrt(inputs), as in PyTorch."""
    rng = np.random.default_rng([seed, 0])
    inputs = {"hidden_weight": 2, "hidden_bias": 2, "score_weight": 2, "score_bias": 2}
    values: dict[str, Any] = {}
    for name, shape in reasoner.shapes().items():
        if name == "query":
            values[name] = rng.standard_normal(shape)
        else:
            bound = (inputs.get(name, 1) * reasoner.neurons) ** -0.5
            values[name] = rng.uniform(-bound, bound, shape)
    return Parameters(values)
