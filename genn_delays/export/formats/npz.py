"""npz: numpy arrays of everything, for programs of one's own.

populations, sizes, projections, pre, post, target, lag, max_delay     the parts, by name
identifiers                          what the arrays of each projection begin with
IDENTIFIER.pre, .post, .weight       a value per synapse, in the order of (pre, post)
IDENTIFIER.delay, .steps             ms, as learnt; steps from a spike to its arrival
IDENTIFIER.tau_mem, ...              a value per unit of a population; .bias where it has one
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genn_delays.export.base import TRAINING, Format, Writer
from genn_delays.export.description import Description


class Npz(Format):
    """A file of numpy arrays, which ``numpy.load`` reads."""

    name = "npz"
    suffix = ".npz"
    loses = ("what neurons do in a step: the file beside it names them", TRAINING)

    def check(self, description: Description) -> None:
        """Nothing: arrays hold any network."""

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        arrays = arrays_of(description)

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)

        return {main: write}


def arrays_of(description: Description) -> dict[str, np.ndarray]:
    """All arrays by name."""
    populations, projections = description.populations, description.projections.values()
    found = {
        "populations": _texts(populations),
        "sizes": np.array([p.size for p in populations.values()], np.int64),
        "projections": _texts(q.name for q in projections),
        "identifiers": _texts(q.identifier for q in projections),
        "pre": _texts(q.pre for q in projections),
        "post": _texts(q.post for q in projections),
        "target": _texts(q.target for q in projections),
        "lag": np.array([q.lag for q in projections], np.int64),
        "max_delay": np.array([q.max_delay for q in projections], np.float64),
    }
    for q in projections:
        columns = {"pre": q.rows, "post": q.columns, "weight": q.weight}
        columns |= {"delay": q.delay, "steps": q.steps}
        found |= {f"{q.identifier}.{name}": column for name, column in columns.items()}
    for p in description.neurons:
        values = dict(p.parameters) if p.bias is None else {**p.parameters, "bias": p.bias}
        found |= {f"{p.identifier}.{name}": column for name, column in values.items()}
    return found


def _texts(names: object) -> np.ndarray:
    return np.array(list(names), dtype=np.str_)  # type: ignore[call-overload]
