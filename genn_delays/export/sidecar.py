"""The file beside an export: what the format does not hold, as JSON with the same name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.declaration.neurons import Equations
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
)
from genn_delays.support.version import __version__

FORMAT, VERSION = "genn-delays export", 1
ROUNDING = "steps = lag + rint(delay / dt) + later, rint half to even; done by genn-delays, once"
STEP = (
    "x <- P x",
    "what arrives in this step is added to the input states",
    "readouts sample",
    "V >= threshold is a spike of this step, and x <- R x + r",
)


@dataclass(frozen=True)
class Sidecar:
    """What is written beside an export.

    Attributes:
        content: plain values.
    """

    content: dict[str, Any]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")


def sidecar_of(description: Description, target: str, loses: tuple[str, ...]) -> Sidecar:
    """That of a description.

    Args:
        target: name of the format.
        loses: what the format never holds.
    """
    readout = description.readout
    return Sidecar(
        {
            "format": FORMAT,
            "version": VERSION,
            "genn-delays": __version__,
            "target": target,
            "loses": list(loses),
            "dt": description.dt,
            "discretisation": description.discretisation,
            "step": list(STEP),
            "rounding": ROUNDING,
            "folded": "batch normalisation is in weights and biases; kernels, dropout: left out",
            "trial": description.trial,
            "readout": None if readout is None else type(readout).__name__,
            "reads": description.read,
            "populations": {n: _population(p) for n, p in description.populations.items()},
            "projections": {
                n: _projection(q, description.is_dense(q))
                for n, q in description.projections.items()
            },
        }
    )


def _population(p: DescribedPopulation) -> dict[str, Any]:
    found: dict[str, Any] = {"identifier": p.identifier, "size": p.size, "neuron": p.kind}
    if p.is_input:
        return found
    planned = p.planned
    parameters = {name: _short(np.asarray(v)) for name, v in p.neuron.values().items()}
    if isinstance(p.neuron, Equations):
        found["equations"] = p.neuron.texts()
    return found | {
        "parameters": parameters,
        "states": list(planned.states),
        "inputs": list(p.input_state_names),
        "reset": _reset(p),
        "refractory_steps": _short(planned.refractory),
        "bias": None if p.bias is None else _short(p.bias),
        "later": p.offset,
        "tail": p.tail,
    }


def _reset(p: DescribedPopulation) -> str | None:
    """In words; formats without one of their own read it back."""
    if not p.is_spiking:
        return None
    kept = np.unique(
        p.planned.reset_matrix[:, p.planned.threshold_state, p.planned.threshold_state]
    )
    words = {(0.0,): "to a value", (1.0,): "by an amount"}
    return words.get(tuple(kept.tolist()), "mixed")


def _projection(q: DescribedProjection, dense: bool) -> dict[str, Any]:
    return {
        "identifier": q.identifier,
        "pre": q.pre,
        "post": q.post,
        "target": q.target,
        "synapses": len(q),
        "dense": dense,
        "lag": q.lag,
        "max_delay": q.max_delay,
    }


def _short(values: np.ndarray) -> Any:
    """One number where all are alike, else the list."""
    flat = np.atleast_1d(values)
    return flat[0].item() if np.all(flat == flat[:1]) else flat.tolist()
