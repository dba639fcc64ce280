"""A network as a group of an HDF5 file: declaration, synapses, units and all that is attached.

    .                    seed
    populations/N        name, size, neuron, dropout, tail (ms), learn, normalise
    populations/N/parameters        a dataset per parameter of the neuron
    populations/N/units             bounds, tied; columns/ and state/: a dataset per column
    projections/N        name, pre, post, learn, lag, max_delay (ms); pre, post, weight, delay (ms)
    projections/N/kernel            kind, sigma, current (steps), further fields of a kind of the
                                    user's own; where there is a delay kernel
    projections/N/state             a dataset per further column, optimiser moments included
    projections/N/potential         a dataset per array that rewiring keeps

Classes are named as in genn_delays/class_names.py; lists and mappings are JSON text. Version 1 of
checkpoints had no options of populations, no units, lag or kernel, and the neuron's parameters
beside its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace

import h5py
import numpy as np

from genn_delays import neurons
from genn_delays.checks import is_number
from genn_delays.class_names import find, name_of
from genn_delays.errors import CheckpointError, NetworkError
from genn_delays.kernels import KERNELS, DelayKernel
from genn_delays.network import Network, Population, Projection
from genn_delays.synapses import CORE, SynapseTable
from genn_delays.units import BatchNorm, UnitTable

NEURONS: dict[str, type[neurons.Neuron]] = {
    name: getattr(neurons, name) for name in neurons.__all__
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


def read_network(group: h5py.Group, version: int) -> Network:
    """The network of a group.

    Args:
        version: of the checkpoint, 1 or 2.

    Raises:
        CheckpointError: a neuron that is not known here.
        NetworkError: values that no network can have.
        KeyError: a part is missing.
    """
    network = Network(int(group.attrs["seed"]))
    for member in numbered(group["populations"]):
        _read_population(member, network, version)
    for member in numbered(group["projections"]):
        projection = _read_projection(member, network, version)
        network.projections[projection.name] = projection
    return network


def numbered(group: h5py.Group) -> Iterator[h5py.Group | h5py.Dataset]:
    """Members "0", "1", ... in order. Users' names may hold a slash, which HDF5 would split."""
    for number in range(len(group)):
        yield group[str(number)]


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
    parameters = {f.name: np.asarray(getattr(neuron, f.name)) for f in fields(neuron)}
    _write_columns(group.create_group("parameters"), parameters)
    units = group.create_group("units")
    table = population.units
    units.attrs.update(bounds=json.dumps(table.bounds), tied=json.dumps(sorted(table.tied)))
    _write_columns(units.create_group("columns"), table.columns)
    _write_columns(units.create_group("state"), table.state)


def _read_population(group: h5py.Group, network: Network, version: int) -> None:
    name, size = str(group.attrs["name"]), int(group.attrs["size"])
    where = f"population {name!r}"
    kind = find(str(group.attrs["neuron"]), NEURONS, neurons.Neuron, "neuron", where)
    stored = group if version == 1 else group["parameters"]
    # tolist() of a scalar is the plain number, or truth value, that it was
    parameters = {k: v if v.ndim else v.tolist() for k, v in _read_columns(stored).items()}
    if version == 1:
        network.add_population(name, kind(**parameters), size)
        return
    normalise = json.loads(group.attrs["normalise"])
    declared = network.add_population(
        name,
        kind(**parameters),
        size,
        normalise=None if normalise is None else BatchNorm(**normalise),
        dropout=float(group.attrs["dropout"]),
        tail=float(group.attrs["tail"]),
    )
    units = _read_units(group["units"], size)
    units.check(where)
    learn = tuple(json.loads(group.attrs["learn"]))
    network.populations[name] = replace(declared, units=units, learn=learn)


def _read_units(group: h5py.Group, size: int) -> UnitTable:
    bounds = json.loads(group.attrs["bounds"])
    return UnitTable(
        size,
        columns=_read_columns(group["columns"]),
        bounds={name: (float(low), float(high)) for name, (low, high) in bounds.items()},
        tied=frozenset(json.loads(group.attrs["tied"])),
        state=_read_columns(group["state"]),
    )


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
    _write_columns(group, {column: getattr(table, column) for column in CORE})
    _write_columns(group.create_group("state"), table.state)
    _write_columns(group.create_group("potential"), projection.potential)
    if projection.kernel is not None:
        values = _kernel_values(projection.kernel, projection.name)
        group.create_group("kernel").attrs.update(values)


def _read_projection(group: h5py.Group, network: Network, version: int) -> Projection:
    name = str(group.attrs["name"])
    pre = network.populations[group.attrs["pre"]]
    post = network.populations[group.attrs["post"]]
    columns = {column: group[column][()] for column in CORE}
    try:
        table = SynapseTable(
            *columns.values(),
            max_delay=float(group.attrs["max_delay"]),
            pre_size=pre.size,
            post_size=post.size,
        )
    except NetworkError as error:
        raise NetworkError(f"projection {name!r}: {error}") from None
    if not all(np.array_equal(getattr(table, name), columns[name]) for name in ("pre", "post")):
        # the table has sorted them, but not what belongs to them
        raise NetworkError(f"projection {name!r}: its synapses are not in the order of (pre, post)")
    table.state = _read_columns(group["state"])
    learn = tuple(json.loads(group.attrs["learn"]))
    if version == 1:
        return Projection(name, pre, post, table, learn)
    kernel = _read_kernel(group["kernel"], name) if "kernel" in group else None
    potential = _read_columns(group["potential"])
    return Projection(name, pre, post, table, learn, int(group.attrs["lag"]), kernel, potential)


def _read_kernel(group: h5py.Group, projection: str) -> DelayKernel:
    where = f"projection {projection!r}"
    values = dict(group.attrs)
    kind = find(str(values.pop("kind")), KERNELS, DelayKernel, "delay kernel", where)
    return kind(**{name: float(value) for name, value in values.items()})


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


def _write_columns(group: h5py.Group, columns: Mapping[str, np.ndarray]) -> None:
    for name, values in columns.items():
        group[name] = values


def _read_columns(group: h5py.Group) -> dict[str, np.ndarray]:
    # a scalar is read as numpy's own, which has ndim and tolist() too
    return {name: values[()] for name, values in group.items()}
