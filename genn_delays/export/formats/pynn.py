"""PyNN: a script for its backend NEST, with the cell IF_curr_exp.

With cm = tau_m in numbers, weights and currents have the unit of V. A projection of both signs is
two, because PyNN takes weights of one sign for a receptor. In NEST all begins one step late: a
spike of step 0 would have to be sent at 0, where no generator fires.
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

NAMES = {
    "C_m": "cm",
    "tau_m": "tau_m",
    "E_L": "v_rest",
    "V_reset": "v_reset",
    "V_th": "v_thresh",
    "I_e": "i_offset",
    "t_ref": "tau_refrac",
    "tau_syn_ex": "tau_syn_E",
    "tau_syn_in": "tau_syn_I",
}
"""PyNN's name of a parameter of NEST."""


class Pynn(Script):
    """PyNN 0.13 with NEST."""

    name = "pynn"
    modules = ("pyNN", "nest", "brian2", "neo", "quantities")
    taken = RESERVED | frozenset(("SHIFT", "longest", "sim"))
    loses = (
        "graded input",
        TRAINING,
    )

    def check(self, description: Description) -> None:
        for p in description.neurons:
            self._model(p, description)

    def _model(self, p: DescribedPopulation, description: Description) -> Model:
        part, model = f"population {p.name!r}", model_of(p, description)
        if p.tail:
            raise self.refuse(part, "nothing tells it when its tail begins")
        if p.bias is not None:
            raise self.refuse(part, "its cells have no bias")
        if isinstance(model, str):
            raise self.refuse(part, model)
        if moves_alone(p.planned):
            raise self.refuse(part, "it does not rest without input, and begins late in NEST")
        if model.name != "iaf_psc_exp":
            raise self.refuse(
                part, "it is no IF_curr_exp, which is what PyNN offers; take nest or brian2"
            )
        return model

    def view(self, description: Description) -> dict[str, Any]:
        models = {p.name: self._model(p, description) for p in description.neurons}
        return {
            "made_anew": True,
            "graded": False,
            "texts": {
                p.name: {
                    NAMES[name]: number(values[0])
                    if is_uniform(values)
                    else f'ARRAYS["{p.identifier}.{NAMES[name]}"]'
                    for name, values in models[p.name].values.items()
                    if name in NAMES
                }
                for p in description.neurons
            },
            "longest": max(
                (int(q.steps.max()) for q in description.projections.values() if len(q)),
                default=1,
            ),
            "recorded": [p for p in description.neurons if not p.is_spiking],
        }

    def values(self, description: Description, p: DescribedPopulation) -> dict[str, np.ndarray]:
        values = self._model(p, description).values.items()
        return {NAMES[n]: v for n, v in values if n in NAMES and not is_uniform(v)}

    def synapses(self, description: Description, q: DescribedProjection) -> dict[str, np.ndarray]:
        columns = super().synapses(description, q)
        model = self._model(description.populations[q.post], description)
        if q.target in model.gain:
            columns["weight"] = columns["weight"] * model.gain[q.target][q.columns]
        return columns
