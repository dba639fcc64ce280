"""A network as a group of an HDF5 file: declaration, synapses, units and all that is attached.

    .                    seed
    populations/N        name, size, neuron, dropout, tail (ms), learn, normalise
    populations/N/parameters        a dataset per parameter of the neuron
    populations/N/units             bounds, tied; columns/ and state/: a dataset per column
    projections/N        name, pre, post, learn, lag, max_delay (ms); pre, post, weight, delay (ms)
    projections/N/kernel            kind, sigma, current (steps); where there is a delay kernel
    projections/N/state             a dataset per further column, optimiser moments included
    projections/N/potential         a dataset per array that rewiring keeps

Lists and mappings are JSON text. Version 1 of checkpoints had no options of populations, no
units, lag or kernel, and the neuron's parameters beside its name.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import h5py
import numpy as np

from genn_delays import neurons
from genn_delays.column_file import read_columns, read_normalisation, read_units
from genn_delays.errors import CheckpointError, suggest
from genn_delays.hdf5 import Group
from genn_delays.kernels import KERNELS, DelayKernel
from genn_delays.limits import check_size
from genn_delays.network import LEARNABLE, Network, Population, Projection
from genn_delays.rewiring.signs import POSITIVE
from genn_delays.rewiring.soft_deep_r import THETA
from genn_delays.synapses import CORE, SynapseTable

UNIT = 64
"""Bytes at least of a unit: its parameters, each in float64."""


def write_network(group: h5py.Group, network: Network) -> None:
    """Write a network into an empty group.

    Raises:
        CheckpointError: a neuron or delay kernel that could not be found again.
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
        neuron=neuron_name(population),
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


def _read_population(group: Group, network: Network, version: int) -> None:
    name, size = group.text("name"), group.whole("size", 1)
    check_size(size * UNIT, f"population {name!r}", error=CheckpointError)
    kind = find_neuron(group.text("neuron"), name)
    stored = group if version == 1 else group.group("parameters")
    neuron = _read_neuron(stored, kind, size)
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
    for constant in set(neuron.time_constants) & set(units.columns):
        if not np.all(units.columns[constant] > 0):
            raise group.damaged(f"has {constant!r} that is not > 0")
    units.check(f"population {name!r}")
    network.populations[name] = replace(declared, units=units, learn=learn)


def _read_neuron(group: Group, kind: type[neurons.Neuron], size: int) -> neurons.Neuron:
    # tolist() of a scalar is the plain number, or truth value, that it was
    parameters = {}
    for name in group.members:
        value = group.array(name, "biuf")
        if value.shape not in ((), (size,)):
            raise group.damaged(f"has {name!r} of shape {value.shape} for {size} units")
        parameters[name] = value if value.ndim else value.tolist()
    try:
        return kind(**parameters)
    except (TypeError, ValueError) as error:
        raise group.damaged(f"does not make a neuron {kind.__name__} ({error})") from None


def _write_projection(group: h5py.Group, projection: Projection) -> None:
    table = projection.synapses
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
        kernel = projection.kernel
        kind = _kernel_name(kernel, projection.name)
        group.create_group("kernel").attrs.update(
            kind=kind, sigma=kernel.sigma, current=kernel.current
        )


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
    learn = group.names("learn")
    if not set(learn) <= set(LEARNABLE):
        raise group.damaged(f"learns {learn}, not of {LEARNABLE}")
    if version == 1:
        return Projection(name, pre, post, table, learn)
    kernel = _read_kernel(group.group("kernel"), name) if "kernel" in group else None
    potential = _read_potential(group.group("potential"), pre.size * post.size)
    lag = group.whole("lag", 0, 1)
    return Projection(name, pre, post, table, learn, lag, kernel, potential)


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
    kind = group.text("kind")
    if kind not in KERNELS:
        hint = suggest(kind, KERNELS)
        raise CheckpointError(f"projection {projection!r}: unknown delay kernel {kind!r}; {hint}")
    return KERNELS[kind](group.number("sigma"), group.number("current"))


def _kernel_name(kernel: DelayKernel, projection: str) -> str:
    for name, kind in KERNELS.items():
        if type(kernel) is kind:
            return name
    raise CheckpointError(
        f"projection {projection!r}: a checkpoint cannot name the delay kernel "
        f"{type(kernel).__name__}; use one of {', '.join(KERNELS)}"
    )


def _write_columns(group: h5py.Group, columns: Mapping[str, np.ndarray]) -> None:
    for name, values in columns.items():
        group[name] = values


def neuron_name(population: Population) -> str:
    """How a checkpoint names a kind of neuron: ``"LIF"``, or ``"module:Class"`` if the user's.

    Raises:
        CheckpointError: it could not be found again, as when defined inside a function.
    """
    kind = type(population.neuron)
    if getattr(neurons, kind.__name__, None) is kind:
        return kind.__name__
    name = f"{kind.__module__}:{kind.__qualname__}"
    find_neuron(name, population.name)
    return name


def find_neuron(name: str, population: str) -> type[neurons.Neuron]:
    """The kind of neuron that :func:`neuron_name` named.

    Raises:
        CheckpointError: there is none, with the nearest or how to make it importable.
    """
    module, _, qualname = name.rpartition(":")
    if not module:
        if name not in neurons.__all__:
            hint = suggest(name, neurons.__all__)
            raise CheckpointError(f"population {population!r}: unknown neuron {name!r}; {hint}")
        return getattr(neurons, name)
    try:
        kind: Any = importlib.import_module(module)
        for part in qualname.split("."):
            kind = getattr(kind, part)
    except Exception as error:  # a module may raise anything while it is imported
        raise CheckpointError(
            f"population {population!r}: a checkpoint cannot find neuron {qualname!r} ({error}); "
            "define it at the top of a module that Python can import"
        ) from None
    if not (isinstance(kind, type) and issubclass(kind, neurons.Neuron)):
        raise CheckpointError(f"population {population!r}: {name!r} is not a neuron")
    return kind
