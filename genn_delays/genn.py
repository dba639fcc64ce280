"""Networks of this package inside a ``pygenn.GeNNModel`` of the user's own.

    embedded = gd.genn.add_network(model, network, inputs={"input": my_group})
    embedded.populations["output"].vars["V"]     # GeNN's own groups, by the network's names

The groups only run forwards; they are made before ``model.build()``. Propagators and delay steps
follow ``model.dt``, so this is the network that was trained where both have the same dt. A spike
of step t arrives at step t + 1 + round(delay / dt), as in training. A network is folded first:
batch normalisation becomes weights and a bias current. A population behind a projection of lag 0
runs some steps later. See ``docs/embedding.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.declaration import SynapseGroup
from genn_delays.backends.genn.equations import constants_of
from genn_delays.backends.genn.model import add_neurons, add_synapses
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.backends.genn.step_map import suffix_of
from genn_delays.declaration.folding import fold
from genn_delays.declaration.network import Network, Projection
from genn_delays.experiment import checkpoint
from genn_delays.planning.gradients import Surrogate
from genn_delays.planning.plan import Plan, PlannedPopulation, make_plan
from genn_delays.planning.readouts import MeanVoltage
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import NetworkError, suggest


@dataclass(frozen=True, eq=False)
class Embedded:
    """GeNN's groups by the names that the network gives them; inputs are the user's groups.

    Attributes:
        offsets: by population, how many steps later than in training it does the same.
    """

    populations: dict[str, Any]
    projections: dict[str, Any]
    offsets: dict[str, int]


def add_network(
    model: Any,
    network: Network | Path | str,
    *,
    inputs: Mapping[str, Any],
    prefix: str = "",
    discretisation: str = "exact",
) -> Embedded:
    """Put a whole network into a GeNN model.

    Args:
        model: a ``pygenn.GeNNModel`` with its ``dt`` set, not yet built.
        network: a network, or the path of a checkpoint that holds one.
        inputs: by name of each Input population, the neuron group whose spikes take its place.
        prefix: of the names of all groups, for several networks in one model.
        discretisation: as in :func:`genn_delays.compile`.

    Raises:
        NetworkError: an input is missing, unknown or of another size.
        CheckpointError: the checkpoint cannot be read.
        BackendError: PyGeNN cannot be imported.
        PlanError: a state of a neuron has a name that GeNN code cannot have.
    """
    if not isinstance(network, Network):
        network = checkpoint.load(network).network
    network.check()
    network = _endless(fold(network))
    populations = _check_inputs(network, inputs)
    own = [name for name in network.populations if name not in populations]
    plan = _plan(network, own[-1], model.dt, discretisation)
    offsets = dict(zip(network.populations, schedule_of(plan).offsets, strict=True))
    planned = [p for p in plan.populations if not p.is_input]
    # all of them first: what is refused adds no group
    snippets = [codegen.embedded_neuron(p, offsets[p.name]) for p in planned]
    for p, snippet in zip(planned, snippets, strict=True):
        name = _name(model, prefix + p.name)
        populations[p.name] = add_neurons(model, name, p.size, snippet, _values(p, network))
    projections = {}
    for q, projection in zip(plan.projections, network.projections.values(), strict=True):
        pre, post = projection.pre.name, projection.post.name
        made = add_projection(
            model,
            projection,
            populations[pre],
            populations[post],
            name=prefix + projection.name,
            later=offsets[post] - offsets[pre],
        )
        made.post_target_var = f"Isyn{suffix_of(q.port)}"
        projections[projection.name] = made
    return Embedded(populations, projections, offsets)


def add_projection(
    model: Any,
    projection: Projection,
    source: Any,
    target: Any,
    *,
    name: str | None = None,
    postsynaptic: Any = None,
    later: int = 0,
) -> Any:
    """Put one projection with its weights and delays between two neuron groups.

    Args:
        model: a ``pygenn.GeNNModel`` with its ``dt`` set, not yet built.
        projection: of a network, trained or not.
        source, target: neuron groups of the sizes that the projection joins.
        name: of the synapse group, by default the projection's, as far as GeNN allows it.
        postsynaptic: what ``pygenn.init_postsynaptic`` returns; by default the weights arrive in
            the target's ``Isyn`` as they are, in the one step of their arrival.
        later: steps that the target runs behind the source, which spikes take as well. GeNN needs
            one for a projection of lag 0.

    Raises:
        NetworkError: a group has another size, the projection has no synapses, some out of range
            or out of order, or is not folded, or a spike would have to arrive in the step in
            which it is sent.
    """
    table, extra = projection.synapses, later + projection.lag - 1
    table.check(f"projection {projection.name!r}")
    _require_folded(projection)
    if extra < 0:
        raise NetworkError(
            f"projection {projection.name!r} has lag={projection.lag}, later={later} given: GeNN "
            f"delivers in the next step at the earliest; give later >= {1 - projection.lag} and "
            "take the target to run that many steps behind"
        )
    for end, group, size in (
        ("source", source, table.pre_size),
        ("target", target, table.post_size),
    ):
        if group.num_neurons != size:
            raise NetworkError(
                f"projection {projection.name!r}: the {end} group {group.name!r} has "
                f"{group.num_neurons} neurons, the projection joins {size}"
            )
    if not len(table):
        raise NetworkError(f"projection {projection.name!r} has no synapses; leave it out")
    largest = int(delay_to_steps(np.array(table.max_delay), model.dt))
    group = SynapseGroup(
        name=_name(model, name or projection.name),
        source=source.name,
        target=target.name,
        row=0,
        max_delay_steps=largest + extra,
        snippet=codegen.embedded_synapse(largest, extra),
    )
    values = {"w": table.weight, "d": delay_to_steps(table.delay, model.dt)}
    made = add_synapses(model, group, source, target, values, postsynaptic)
    made.set_sparse_connections(table.pre, table.post)
    return made


def set_weights(model: Any, group: Any, projection: Projection) -> None:
    """Put other weights and delays of the same synapses into a loaded model.

    Args:
        group: what :func:`add_projection` returned, or one of :attr:`Embedded.projections`.

    Raises:
        NetworkError: the projection joins other pairs than it did when it was added, or is not
            folded.
    """
    _require_folded(projection)
    table = projection.synapses
    table.check(f"projection {projection.name!r}")
    same = len(group.ind) == len(table) and (group.ind == table.post).all()
    if not same or (group.get_sparse_pre_inds() != table.pre).any():
        raise NetworkError(
            f"projection {projection.name!r} joins other pairs than when it was added; "
            "add it to a new model"
        )
    steps = delay_to_steps(table.delay, model.dt)
    for name, values in (("w", table.weight), ("d", steps)):
        group.vars[name].values = values
        group.vars[name].push_to_device()


def _endless(folded: Network) -> Network:
    """A folded network without tails: nothing here tells where a trial ends."""
    for name, population in folded.populations.items():
        folded.populations[name] = replace(population, tail=0.0)
    return folded


def _plan(network: Network, read: str, dt: float, discretisation: str) -> Plan:
    """The plan of a network that only runs forwards: every neuron there is has one."""
    return make_plan(
        network,
        gradient=Surrogate(),
        readout=MeanVoltage(population=read),
        dt=dt,
        steps=1,
        discretisation=discretisation,
    )


def _values(p: PlannedPopulation, network: Network) -> dict[str, np.ndarray]:
    """Constants of a population, and the state in which it begins."""
    start = dict(zip(p.states, p.initial.T, strict=True))
    columns = network.populations[p.name].units.columns
    return constants_of(p) | start | ({"Bias": columns["bias"]} if p.has_bias else {})


def _require_folded(projection: Projection) -> None:
    if projection.post.normalise is not None:
        raise NetworkError(
            f"projection {projection.name!r} ends in a batch normalisation, which GeNN's groups "
            "have not; take it from gd.fold(network)"
        )


def _check_inputs(network: Network, inputs: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: p for name, p in network.populations.items() if not p.neuron.states}
    for name in inputs:
        if name not in wanted:
            raise NetworkError(
                f"inputs: the network has no input {name!r}; {suggest(name, wanted)}"
            )
    for name, population in wanted.items():
        if name not in inputs:
            raise NetworkError(f"inputs: give the neuron group that stands for {name!r}")
        if inputs[name].num_neurons != population.size:
            raise NetworkError(
                f"inputs: group {inputs[name].name!r} has {inputs[name].num_neurons} neurons, "
                f"population {name!r} has {population.size}"
            )
    return dict(inputs)


def _name(model: Any, wanted: str) -> str:
    """A name that GeNN allows and that is free: letters, digits and underscores."""
    base = name = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "group"
    taken, count = {*model.neuron_populations, *model.synapse_populations}, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name
