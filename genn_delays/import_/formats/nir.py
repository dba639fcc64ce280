"""NIR: a graph of populations with Delay, Linear, Affine and Scale nodes between them.

A graph that was written here says in ``metadata`` what NIR has no place for. Of another one, nodes
are neurons of this package where these take the same steps of Euler's method: CubaLIF and CubaLI
without resting and reset potentials become LIF and LeakyReadout, LIF and LI those of the grid.
Times are in seconds, and a weight of 0 is no synapse.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genn_delays.declaration.neurons import (
    LIF,
    DiscreteLIF,
    DiscreteReadout,
    Input,
    LeakyReadout,
    Neuron,
)
from genn_delays.export.formats.nir import KEY
from genn_delays.import_.base import Asked, Contents, FoundSynapses, Reader
from genn_delays.import_.found import FoundPopulation
from genn_delays.import_.nir_graph import Graph, Ways, text_of
from genn_delays.import_.sidecar import Sidecar
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import Group, read_hdf5

MS = 1000.0


class Nir(Reader):
    """A file of the library nir, which is not needed to read it."""

    name = "nir"
    suffix = ".nir"

    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        file = read_hdf5(main, ["node"])
        if "node" not in file or text_of(file.group("node"), "type") != "NIRGraph":
            raise DataError(f"{main}: not a graph of NIR; check the path")
        root = file.group("node")
        graph = Graph(root)
        metadata = root.group("metadata") if "metadata" in root else None
        if sidecar is None and metadata is not None and KEY in metadata:
            where = f"{main}: metadata {KEY!r}"
            sidecar = Sidecar(text_of(metadata, KEY), where, self.name)
        ours = sidecar is not None
        populations, gains = _populations(graph, asked, ours)
        return Contents(populations, _projections(graph, gains, ours), sidecar=sidecar)


def _populations(
    graph: Graph, asked: Asked, ours: bool
) -> tuple[list[FoundPopulation], dict[str, np.ndarray]]:
    """Populations, and what the weights onto each are multiplied by."""
    biases, gains = graph.biases(), {}
    found = []
    for name, size in graph.sizes.items():
        neuron, bias = None, biases.get(name)
        if not ours and name not in asked.neurons:
            neuron, gain = _neuron(graph.nodes.group(name), graph.kinds[name], asked.dt)
            if not np.allclose(gain, 1.0, rtol=1e-9, atol=0):
                gains[name] = gain
                bias = None if bias is None else bias * gain
        found.append(FoundPopulation(name, size, neuron, bias))
    return found, gains


def _neuron(group: Group, kind: str, dt: float | None) -> tuple[Neuron | None, np.ndarray]:
    """The neuron that takes the same steps, or None; and the gain of its weights."""
    one = np.ones(1)
    if kind == "Input":
        return Input(), one
    if dt is None:
        raise DataError(f"{group.source.path} does not hold the time step; give dt=, in ms")
    names = [name for name in group.members if name not in ("type", "metadata")]
    values = {name: group.column(name) for name in names}
    if any(np.any(values.get(name, 0.0)) for name in ("v_leak", "v_reset")):
        return None, one
    try:
        if kind in ("CubaLIF", "CubaLI"):
            taus = {name: values[name] * MS for name in ("tau_mem", "tau_syn")}
            gain = values["r"] * values.get("w_in", one) * dt / taus["tau_syn"]
            if kind == "CubaLI":
                return LeakyReadout(**taus), gain
            return LIF(**taus, threshold=values["v_threshold"]), gain
        tau = values["tau"] * MS
        gain = values["r"] * dt / tau
        if kind == "LI":
            return DiscreteReadout(tau), gain
        return DiscreteLIF(tau, threshold=values["v_threshold"]), gain
    except KeyError as missing:
        raise group.damaged(f"has no {missing}") from None


def _projections(
    graph: Graph, gains: dict[str, np.ndarray], ours: bool
) -> dict[str, FoundSynapses]:
    """Synapses by projection: that which metadata name, else by pre and post."""
    parts: dict[str, list[dict[str, np.ndarray]]] = {}
    ends: dict[str, tuple[str, str]] = {}
    for pre, post, ways in graph.joined():
        name = f"{pre}->{post}"
        if ours and ways.about is not None and "projection" in ways.about:
            name = text_of(ways.about, "projection")
        ends[name] = (pre, post)
        gain = gains.get(post, np.ones(1))
        parts.setdefault(name, []).append(_columns(ways, gain, ours))
    found = {}
    for name, several in parts.items():
        common = set.intersection(*(set(each) for each in several))
        columns = {k: np.concatenate([each[k] for each in several]) for k in common}
        arrival = columns.pop("arrival")
        found[name] = FoundSynapses(*ends[name], columns, arrival)
    return found


def _columns(ways: Ways, gain: np.ndarray, ours: bool) -> dict[str, np.ndarray]:
    kept, about = np.asarray(ways.weight != 0), ways.about if ours else None
    columns = {"pre": ways.unit, "post": ways.element, "arrival": ways.delay * MS}
    columns["weight"] = ways.weight
    if len(gain) > 1 or gain[0] != 1:
        columns["weight"] = ways.weight * gain[ways.element % len(gain)]
    if about is not None and "learnt" in about:
        learnt = about.column("learnt", finite=False)
        if len(ways.unit) and ways.unit.max() >= len(learnt):
            raise about.damaged("has 'learnt' for fewer units")
        columns["delay"] = learnt[ways.unit]
        kept = np.ones(len(kept), bool)
        if "joined" in about:
            kept = np.isin(ways.unit, about.column("joined", kinds="iu"))
    return {name: column[kept] for name, column in columns.items()}
