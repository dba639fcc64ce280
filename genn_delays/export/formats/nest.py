"""NEST: a script that makes the network with NEST's own neurons, where one takes the same steps.

NEST stamps a spike with the end of its step: a spike of step t has the time (t + 1) dt. A network
with a bias begins one step later, because no generator of NEST fires at 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.export.base import TRAINING
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
    moves_alone,
)
from genn_delays.export.nest_models import Model, model_of
from genn_delays.export.script import RESERVED, Script, is_uniform, number


class Nest(Script):
    """NEST 3.10 and later."""

    name = "nest"
    modules = ("nest", "scipy")
    taken = RESERVED | {"nest"}
    loses = (TRAINING,)

    def check(self, description: Description) -> None:
        for p in description.neurons:
            self._model(p, description)
            if _first(description) and moves_alone(p.planned):
                raise self.refuse(
                    f"population {p.name!r}",
                    "it does not rest without input, and a network with a bias begins late in NEST",
                )

    def _model(self, p: DescribedPopulation, description: Description) -> Model:
        found = model_of(p, description)
        if isinstance(found, str):
            raise self.refuse(f"population {p.name!r}", found)
        if p.is_spiking and "V_reset" in found.values:
            high = found.values["V_reset"] >= found.values["V_th"]
            if np.any(high):
                raise self.refuse(
                    f"population {p.name!r}", "what a spike adds would bring V to its threshold"
                )
        return found

    def view(self, description: Description) -> dict[str, Any]:
        models = {p.name: self._model(p, description) for p in description.neurons}
        written = {p.name: _written(p, models[p.name]) for p in description.neurons}
        return {
            "made_anew": True,
            "graded": True,
            "models": models,
            "texts": {
                name: {
                    k: f'ARRAYS["{description.populations[name].identifier}.{k}"]'
                    if isinstance(v, np.ndarray)
                    else v
                    for k, v in of.items()
                }
                for name, of in written.items()
            },
            "receptors": {
                q.name: models[q.post].receptors[q.target] for q in description.projections.values()
            },
            "bias_receptor": {
                p.name: models[p.name].receptors[p.input_state_names[0]]
                for p in description.neurons
            },
            "recorded": [
                p for p in description.neurons if not p.is_spiking or description.reads(p.name)
            ],
            "tails": sorted(
                (p for p in description.neurons if p.tail), key=lambda p: p.offset - p.tail
            ),
            "first": _first(description),
        }

    def values(self, description: Description, p: DescribedPopulation) -> dict[str, np.ndarray]:
        model = self._model(p, description)
        written = _written(p, model).items()
        found = {name: values for name, values in written if isinstance(values, np.ndarray)}
        found |= {f"onto_itself_{k}": weight for k, weight in model.onto_itself.items()}
        if p.bias is not None:
            found["bias"] = p.bias * model.gain.get(p.input_state_names[0], np.ones(p.size))
        return found

    def synapses(self, description: Description, q: DescribedProjection) -> dict[str, np.ndarray]:
        columns = super().synapses(description, q)
        model = self._model(description.populations[q.post], description)
        if q.target in model.gain:
            columns["weight"] = columns["weight"] * model.gain[q.target][q.columns]
        columns["steps"] = columns["steps"] + model.waits
        return columns


def _first(description: Description) -> int:
    """Steps before the first of a trial."""
    return int(any(p.bias is not None for p in description.neurons))


def _written(p: DescribedPopulation, model: Model) -> dict[str, str | np.ndarray]:
    """Values as the script gives them to NEST: as text where all units are alike, else in arrays.

    NEST takes a list for one value per unit, and for those of a unit that are a list only where
    another parameter is given per unit: C_m always is then.
    """
    if all(map(is_uniform, model.values.values())):
        return {name: _text(values[0]) for name, values in model.values.items()}
    return {
        name: _text(values[0])
        if is_uniform(values) and values.ndim == 1 and name != "C_m"
        else values
        for name, values in model.values.items()
    }


def _text(value: Any) -> str:
    return number(value) if np.ndim(value) == 0 else f"[{', '.join(map(number, value))}]"
