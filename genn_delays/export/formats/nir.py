"""NIR: a graph in which every synapse has its delay.

NIR has no sparse matrix, and a Delay is one value per element. So each neuron has a branch of its
own for each projection: a Delay of one value per presynaptic unit, a Linear of one row, and a
Linear of one column that adds the sum to the neuron. A graph of n to m units takes 2 n + m numbers
for each of the m neurons, as many again where several synapses join a pair.

Times are in seconds, as readers of NIR have them. ``w_in`` is tau_syn / dt, so that a step of
Euler's method adds the weight. The fields ``metadata`` keep what NIR has no place for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.declaration.neurons import DiscreteReadout
from genn_delays.export.base import TRAINING, Format, Writer
from genn_delays.export.currents import currents_of
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
)
from genn_delays.export.nir_branches import Branch, branches_of
from genn_delays.export.sidecar import sidecar_of
from genn_delays.support.errors import ExportError
from genn_delays.support.limits import check_size

KEY = "genn_delays"
"""Of the metadata of a graph."""


class Nir(Format):
    """NIR 1.0."""

    name = "nir"
    suffix = ".nir"
    loses = (
        "the time step, and the exact solution within it: readers take steps of Euler's method",
        "spikes at V >= threshold (NIR: >), a reset by an amount, the tail of a population",
        "which pairs are not joined: their weights are 0",
        TRAINING,
    )

    def check(self, description: Description) -> None:
        for p in description.neurons:
            _neuron(p, description)
            if p.bias is not None and not any(map(len, description.into(p.name))):
                raise _refused(p, "NIR adds a bias behind synapses, and nothing is joined to it")
        for q in description.projections.values():
            post = description.populations[q.post]
            if len(post.input_state_names) > 1:
                raise _refused(post, "its synapses go to several states, and NIR has one current")
            rows = 3 * len(branches_of(q, post.size))
            check_size(
                16.0 * rows * max(description.populations[q.pre].size, post.size),
                f"nir: projection {q.name!r}, whose every neuron has all {q.pre!r} units",
                error=ExportError,
            )

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        import nir  # an extra

        text = json.dumps(sidecar_of(description, self.name, self.loses).content)
        graph = graph_of(description, {KEY: text})

        def write(path: Path) -> None:
            with path.open("w+b") as file:
                nir.write(file, graph)

        return {main: write}


def graph_of(description: Description, metadata: dict[str, Any]) -> Any:
    """The NIRGraph of a network."""
    import nir  # an extra

    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    for p in description.populations.values():
        shape = np.array([p.size])
        nodes[p.identifier] = nir.Input(shape) if p.is_input else _neuron(p, description)
    biased: set[str] = set()
    for q in description.projections.values():
        _join(nodes, edges, q, description, biased)
    read = description.read or description.neurons[-1].name
    output = _unused("output", nodes)
    nodes[output] = nir.Output(np.array([description.populations[read].size]))
    edges.append((description.populations[read].identifier, output))
    return nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False)


def _join(
    nodes: dict[str, Any],
    edges: list[tuple[str, str]],
    q: DescribedProjection,
    description: Description,
    biased: set[str],
) -> None:
    """The branches of a projection."""
    import nir  # an extra

    pre, post = (description.populations[name] for name in (q.pre, q.post))
    for branch in branches_of(q, post.size):
        name = f"{q.identifier}_{branch.post}" + (f"_{branch.slot}" if branch.slot else "")
        names = [_unused(f"{name}_{what}", nodes) for what in ("delay", "weight", "to")]
        delay, weight, learnt = branch.spread(q, pre.size, description.dt)
        kept: dict[str, Any] = {"projection": q.identifier, "learnt": learnt}
        if len(branch.synapses) < pre.size:
            kept["joined"] = q.rows[branch.synapses]
        nodes[names[0]] = nir.Delay(delay, metadata=kept)
        nodes[names[1]] = nir.Linear(weight[None, :])
        nodes[names[2]] = _onto(branch, post, biased)
        edges += zip([pre.identifier, *names], [*names, post.identifier], strict=True)


def _onto(branch: Branch, post: DescribedPopulation, biased: set[str]) -> Any:
    """What adds the sum of a branch to its neuron; the first one of a population adds its bias."""
    import nir  # an extra

    column = np.zeros((post.size, 1))
    column[branch.post] = 1.0
    if post.bias is None or post.name in biased:
        return nir.Linear(column)
    biased.add(post.name)
    return nir.Affine(column, post.bias.copy())


def _neuron(p: DescribedPopulation, description: Description) -> Any:
    """The node of a population.

    Raises:
        ExportError: NIR has no such neuron.
    """
    import nir  # an extra

    if np.any(p.planned.refractory):
        raise _refused(p, "NIR has no refractory period")
    if isinstance(p.neuron, DiscreteReadout):
        return _on_grid(p, description.dt)
    currents = currents_of(p, description)
    if currents is None or len(currents.names) != 1 or np.any(currents.jump):
        raise _refused(p, "NIR has leaky membranes with one exponential current or none")
    if any(np.any(values) for values in currents.initial):
        raise _refused(p, "NIR has no initial state")
    if currents.voltage in p.input_state_names:
        raise _refused(p, "its input goes into V and not into its current")
    values = {
        "tau_mem": currents.tau / 1000.0,
        "tau_syn": currents.taus[:, 0] / 1000.0,
        "r": currents.gain[:, 0].copy(),
        "v_leak": currents.drive.copy(),
        "w_in": currents.taus[:, 0] / description.dt,
    }
    if not p.is_spiking:
        return nir.CubaLI(**values)
    reset = np.zeros(p.size) if currents.value is None else currents.value.copy()
    return nir.CubaLIF(**values, v_threshold=np.array(p.planned.threshold), v_reset=reset)


def _on_grid(p: DescribedPopulation, dt: float) -> Any:
    import nir  # an extra

    if len(p.planned.states) > 1:
        raise _refused(p, "NIR has no input that waits; give input_steps=0 and longer delays")
    tau = p.parameters["tau_mem"]
    values = {"tau": tau / 1000.0, "r": tau / dt, "v_leak": np.zeros(p.size)}
    if not p.is_spiking:
        return nir.LI(**values)
    threshold = np.array(p.planned.threshold)
    return nir.LIF(**values, v_threshold=threshold, v_reset=np.zeros(p.size))


def _unused(name: str, nodes: dict[str, Any]) -> str:
    while name in nodes:
        name += "_"
    return name


def _refused(p: DescribedPopulation, why: str) -> ExportError:
    return ExportError(f"nir cannot hold population {p.name!r} of {p.kind} neurons: {why}")
