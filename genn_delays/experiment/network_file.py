"""A network as a group of an HDF5 file: declaration, synapses, units and all that is attached.

    .                    seed
    populations/N        name, size, neuron, dropout, tail (ms), learn, normalise
    populations/N/parameters        a dataset per parameter of the neuron
    populations/N/equations         where the neuron is written as text
    populations/N/units             bounds, tied; columns/ and state/: a dataset per column
    projections/N        name, pre, post, learn, lag, max_delay (ms); pre, post, weight, delay (ms);
                         target, where post has several input states
    projections/N/kernel            kind, sigma, current (steps), further fields of a kind of the
                                    user's own; where there is a delay kernel
    projections/N/ties/PARAMETER    of a weight or delay that is tied; see ``tie_file.py``
    projections/N/state             a dataset per further column, optimiser moments included
    projections/N/potential         a dataset per array that rewiring keeps

Classes are named as in ``class_names.py``; lists and mappings are JSON text. Version 1 of
checkpoints had no options of populations, no units, lag or kernel, and the neuron's parameters
beside its name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

import h5py
import numpy as np

from genn_delays.declaration import neurons
from genn_delays.declaration.kernels import KERNELS, DelayKernel
from genn_delays.declaration.network import LEARNABLE, Network, Population, Projection
from genn_delays.declaration.synapses import CORE, SynapseTable
from genn_delays.experiment.class_names import find, name_of
from genn_delays.experiment.column_file import (
    read_columns,
    read_normalisation,
    read_units,
    write_columns,
)
from genn_delays.experiment.tie_file import read_ties, write_ties
from genn_delays.rewiring.signs import POSITIVE
from genn_delays.rewiring.soft_deep_r import THETA
from genn_delays.support.checks import is_number
from genn_delays.support.errors import CheckpointError, NetworkError
from genn_delays.support.hdf5 import Group

NEURONS: dict[str, type[neurons.Neuron]] = {
    name: kind for name in neurons.__all__ if isinstance(kind := getattr(neurons, name), type)
}


def check_names(network: Network) -> None:
    """Raise CheckpointError where a class could not be found again, before anything is trained."""
    for population in network.populations.values():
        _neuron_name(population)
    for projection in network.projections.values():
        if projection.kernel is not None:
            _kernel_values(projection.kernel, projection.name)


def write_network(group: h5py.Group, network: Network) -> None:
    """Write a network into an empty group.

    Raises:
        CheckpointError: a neuron or delay kernel that could not be found again.
        NetworkError: synapses that are not in order.
    """
    group.attrs["seed"] = network.seed
    populations = group.create_group("populations")
    for number, population in enumerate(network.populations.values()):
        _write_population(populations.create_group(str(number)), population)
    projections = group.create_group("projections")
    for number, projection in enumerate(network.projections.values()):
        _write_projection(projections.create_group(str(number)), projection)


def read_network(group: Group, version: int) -> Network:
    """The network of a group.

    Args:
        version: of the checkpoint, 1 or 2.

    Raises:
        CheckpointError: a part is missing or is not what it should be, or a neuron that is not
            known here.
        NetworkError: values that no network can have.
    """
    network = Network(group.whole("seed"))
    for member in group.group("populations").numbered():
        _read_population(member, network, version)
    for member in group.group("projections").numbered():
        projection = _read_projection(member, network, version)
        if projection.name in network.projections:
            raise member.damaged(f"has the name {projection.name!r} of another projection")
        network.projections[projection.name] = projection
    return network


def _write_population(group: h5py.Group, population: Population) -> None:
    normalise = None if population.normalise is None else asdict(population.normalise)
    group.attrs.update(
        name=population.name,
        size=population.size,
        neuron=_neuron_name(population),
        dropout=population.dropout,
        tail=population.tail,
        learn=json.dumps(population.learn),
        normalise=json.dumps(normalise),
    )
    neuron = population.neuron
    if isinstance(neuron, neurons.Equations):
        group.attrs["equations"] = json.dumps(neuron.texts())
    parameters = {name: np.asarray(value) for name, value in neuron.values().items()}
    write_columns(group.create_group("parameters"), parameters)
    units = group.create_group("units")
    table = population.units
    units.attrs.update(bounds=json.dumps(table.bounds), tied=json.dumps(sorted(table.tied)))
    write_columns(units.create_group("columns"), table.columns)
    write_columns(units.create_group("state"), table.state)


def _read_population(group: Group, network: Network, version: int) -> None:
    name, size = group.text("name"), group.whole("size", 1)
    where = f"population {name!r}"
    kind = find(group.text("neuron"), NEURONS, neurons.Neuron, "neuron", where)
    stored = group if version == 1 else group.group("parameters")
    texts = group.json("equations") if issubclass(kind, neurons.Equations) else None
    neuron = _read_neuron(stored, kind, size, texts)
    if version == 1:
        network.add_population(name, neuron, size)
        return
    declared = network.add_population(
        name,
        neuron,
        size,
        normalise=read_normalisation(group),
        dropout=group.number("dropout"),
        tail=group.number("tail"),
    )
    units, learn = read_units(group.group("units"), size), group.names("learn")
    missing = sorted({*learn, *declared.units.columns} - set(units.columns))
    if missing:
        raise group.damaged(f"has no column {missing[0]!r} of its units")
    for constant in set(neuron.bounded) & set(units.columns):
        if not np.all(units.columns[constant] != 0):
            raise group.damaged(f"has {constant!r} that is 0")
    for constant in set(neuron.positive) & set(units.columns):
        if not np.all(units.columns[constant] > 0):
            raise group.damaged(f"has {constant!r} that is not > 0")
    units.check(where)
    network.populations[name] = replace(declared, units=units, learn=learn)


def _read_neuron(group: Group, kind: type[neurons.Neuron], size: int, texts: Any) -> neurons.Neuron:
    # tolist() of a scalar is the plain number, or truth value, that it was
    parameters = {}
    for name in group.members:
        value = group.array(name, "biuf")
        if value.shape not in ((), (size,)):
            raise group.damaged(f"has {name!r} of shape {value.shape} for {size} units")
        parameters[name] = value if value.ndim else value.tolist()
    try:
        if texts is not None:
            refractory = parameters.pop("refractory", 0.0)
            return neurons.Equations(**texts, parameters=parameters, refractory=refractory)
        return kind(**parameters)
    except (TypeError, ValueError, NetworkError) as error:
        raise group.damaged(f"does not make a neuron {kind.__name__} ({error})") from None


def _write_projection(group: h5py.Group, projection: Projection) -> None:
    table = projection.synapses
    table.check_order(f"projection {projection.name!r}")
    group.attrs.update(
        name=projection.name,
        pre=projection.pre.name,
        post=projection.post.name,
        learn=json.dumps(projection.learn),
        lag=projection.lag,
        max_delay=table.max_delay,
    )
    if projection.target is not None:
        group.attrs["target"] = projection.target
    write_columns(group, {column: getattr(table, column) for column in CORE})
    write_columns(group.create_group("state"), table.state)
    write_columns(group.create_group("potential"), projection.potential)
    if table.ties:
        write_ties(group.create_group("ties"), table.ties)
    if projection.kernel is not None:
        values = _kernel_values(projection.kernel, projection.name)
        group.create_group("kernel").attrs.update(values)


def _read_projection(group: Group, network: Network, version: int) -> Projection:
    name = group.text("name")
    pre, post = (_end(group, end, network) for end in ("pre", "post"))
    table = SynapseTable(
        *(group.column(column, kinds="iu") for column in CORE[:2]),
        *(group.column(column, finite=False) for column in CORE[2:]),
        max_delay=group.number("max_delay", 0.0, float(np.finfo(np.float64).max)),
        pre_size=pre.size,
        post_size=post.size,
        where=f"projection {name!r}",
    )
    if not all(np.array_equal(getattr(table, end), group.column(end)) for end in CORE[:2]):
        raise group.damaged("has synapses out of order")  # and state that is not sorted with them
    table.state = read_columns(group.group("state"), len(table))
    if "ties" in group:
        table.ties = read_ties(group.group("ties"), table, pre, post)
    learn = group.names("learn")
    if not set(learn) <= set(LEARNABLE):
        raise group.damaged(f"learns {learn}, not of {LEARNABLE}")
    inputs, target = post.neuron.input_states, None
    if len(inputs) > 1:
        target = group.text("target")
        if target not in inputs:
            raise group.damaged(f"has target {target!r}, not of {inputs}")
    if version == 1:
        return Projection(name, pre, post, table, learn)
    kernel = _read_kernel(group.group("kernel"), name) if "kernel" in group else None
    potential = _read_potential(group.group("potential"), pre.size * post.size)
    lag = group.whole("lag", 0, 1)
    return Projection(name, pre, post, table, learn, lag, kernel, potential, target)


def _end(group: Group, end: str, network: Network) -> Population:
    """The population at one end of a projection."""
    name = group.text(end)
    if name not in network.populations:
        raise group.damaged(f"has {end} {name!r}, which is no population")
    population = network.populations[name]
    if end == "post" and isinstance(population.neuron, neurons.Input):
        raise group.damaged(f"has post {name!r}, an Input, which takes no synapses")
    return population


def _read_potential(group: Group, pairs: int) -> dict[str, np.ndarray]:
    lengths = {POSITIVE: 1, THETA: pairs}
    return {name: group.column(name, lengths.get(name)) for name in group.members}


def _read_kernel(group: Group, projection: str) -> DelayKernel:
    where = f"projection {projection!r}"
    kind = find(group.text("kind"), KERNELS, DelayKernel, "delay kernel", where)
    values = {field.name: group.number(field.name) for field in fields(kind)}
    return kind(**values)


def _kernel_values(kernel: DelayKernel, projection: str) -> dict[str, str | float]:
    """The kind of a delay kernel and its fields."""
    where = f"projection {projection!r}"
    values = {field.name: getattr(kernel, field.name) for field in fields(kernel)}
    for name, value in values.items():
        if not is_number(value):
            raise CheckpointError(
                f"{where}: {type(kernel).__name__}({name}={value!r}): a checkpoint keeps the "
                "numbers of a delay kernel only"
            )
    return {"kind": name_of(type(kernel), KERNELS, where), **values}


def _neuron_name(population: Population) -> str:
    return name_of(type(population.neuron), NEURONS, f"population {population.name!r}")
