"""Checkpoints: a network, its synapse tables and the state of its training in one HDF5 file.

The file holds the whole declaration, so that resuming, evaluating and embedding need no model
file. It appears under its name whole or not at all; a run killed at any moment leaves the
checkpoint before.

    /                      format, version; attributes: JSON text
    /network               seed
    /network/populations/N     name, size, neuron; a dataset per parameter
    /network/projections/N     name, pre, post, learn, max_delay (ms); pre, post, weight, delay (ms)
    /network/projections/N/state    a dataset per further column, optimiser moments included
    /trainer               counters: JSON text; spikes/N: name, spikes per unit
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from genn_delays import neurons
from genn_delays.cache import atomic_path
from genn_delays.errors import CheckpointError, NetworkError, suggest
from genn_delays.network import Network, Population, Projection
from genn_delays.synapses import CORE, SynapseTable
from genn_delays.training.state import TrainerState

FORMAT, VERSION = "genn-delays checkpoint", 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        network: with the weights, delays and per-synapse columns at the time of saving.
        trainer_state: where training stood; None in a file saved without it.
        attributes: what else was given to :func:`save`.
    """

    network: Network
    trainer_state: TrainerState | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


def save(
    path: Path | str,
    network: Network,
    trainer_state: TrainerState | None = None,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Write a checkpoint, replacing an older one of that name in one step.

    Args:
        network: with its synapse tables and everything attached to them, saved bit for bit.
        trainer_state: where training stands, to resume from.
        attributes: anything that JSON can hold: the configuration, metrics, versions.

    Raises:
        CheckpointError: the file cannot be written, attributes JSON cannot hold, or a neuron
            that could not be found again.
    """
    path = Path(path)
    try:
        text = json.dumps(attributes or {})
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path}: attributes are not JSON: {error}") from None
    try:
        with atomic_path(path) as temporary:
            with h5py.File(temporary, "w") as file:
                file.attrs.update(format=FORMAT, version=VERSION)
                file["attributes"] = text
                _write_network(file.create_group("network"), network)
                if trainer_state is not None:
                    _write_state(file.create_group("trainer"), trainer_state)
            _flush(temporary)
        _flush(path.parent)
    except OSError as error:
        raise CheckpointError(
            f"checkpoint {path} cannot be written: {error}; check the folder and its free space"
        ) from None


def load(path: Path | str) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: missing, truncated, not a checkpoint, of another version, with NaN in
            its weights, or with a neuron that is not known here.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    try:
        with h5py.File(path, "r") as file:
            _check_format(file)
            state = _read_state(file["trainer"]) if "trainer" in file else None
            attributes = json.loads(file["attributes"][()])
            return Checkpoint(_read_network(file["network"]), state, attributes)
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is truncated, damaged or not HDF5 ({_first_line(error)}); "
            "use another checkpoint of the run, best.h5 or checkpoint.h5"
        ) from None
    except (NetworkError, CheckpointError) as error:
        raise CheckpointError(f"checkpoint {path}: {error}") from None


def _check_format(file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise CheckpointError("this HDF5 file is not a checkpoint of genn-delays; check the path")
    version = int(file.attrs["version"])
    if version != VERSION:
        raise CheckpointError(
            f"format version {version}, but this release reads version {VERSION}; "
            "use the release that wrote it"
        )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if os.name != "posix":
        return  # other systems cannot open a folder
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _numbered(group: h5py.Group) -> Iterator[h5py.Group | h5py.Dataset]:
    """Members "0", "1", ... in order. Users' names may hold a slash, which HDF5 would split."""
    for number in range(len(group)):
        yield group[str(number)]


def _write_network(group: h5py.Group, network: Network) -> None:
    group.attrs["seed"] = network.seed
    populations = group.create_group("populations")
    for number, population in enumerate(network.populations.values()):
        member = populations.create_group(str(number))
        name = neuron_name(population)
        member.attrs.update(name=population.name, size=population.size, neuron=name)
        for parameter in fields(population.neuron):
            member[parameter.name] = np.asarray(getattr(population.neuron, parameter.name))
    projections = group.create_group("projections")
    for number, projection in enumerate(network.projections.values()):
        _write_projection(projections.create_group(str(number)), projection)


def _write_projection(group: h5py.Group, projection: Projection) -> None:
    table = projection.synapses
    group.attrs.update(
        name=projection.name,
        pre=projection.pre.name,
        post=projection.post.name,
        learn=json.dumps(projection.learn),
        max_delay=table.max_delay,
    )
    for column in CORE:
        group[column] = getattr(table, column)
    state = group.create_group("state")
    for name, values in table.state.items():
        state[name] = values


def _read_network(group: h5py.Group) -> Network:
    network = Network(int(group.attrs["seed"]))
    for member in _numbered(group["populations"]):
        name, size = str(member.attrs["name"]), int(member.attrs["size"])
        kind = find_neuron(str(member.attrs["neuron"]), name)
        # tolist() of a scalar is the plain number it was
        parameters = {k: v[()] if v.shape else v[()].tolist() for k, v in member.items()}
        network.add_population(name, kind(**parameters), size)
    for member in _numbered(group["projections"]):
        projection = _read_projection(member, network)
        network.projections[projection.name] = projection
    return network


def _read_projection(group: h5py.Group, network: Network) -> Projection:
    name = str(group.attrs["name"])
    pre = network.populations[group.attrs["pre"]]
    post = network.populations[group.attrs["post"]]
    try:
        table = SynapseTable(
            *(group[column][()] for column in CORE),
            max_delay=float(group.attrs["max_delay"]),
            pre_size=pre.size,
            post_size=post.size,
        )
    except NetworkError as error:
        raise NetworkError(f"projection {name!r}: {error}") from None
    table.state = {key: values[()] for key, values in group["state"].items()}
    return Projection(name, pre, post, table, tuple(json.loads(group.attrs["learn"])))


def _write_state(group: h5py.Group, state: TrainerState) -> None:
    mapping = state.to_mapping()
    spikes = mapping["tally"].pop("spikes")
    group["counters"] = json.dumps(mapping)
    members = group.create_group("spikes")
    for number, (name, counts) in enumerate(spikes.items()):
        members[str(number)] = counts
        members[str(number)].attrs["name"] = name


def _read_state(group: h5py.Group) -> TrainerState:
    mapping = json.loads(group["counters"][()])
    spikes = {str(member.attrs["name"]): member[()] for member in _numbered(group["spikes"])}
    mapping["tally"]["spikes"] = spikes
    return TrainerState.from_mapping(mapping)


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
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"population {population!r}: a checkpoint cannot find neuron {qualname!r} ({error}); "
            "define it at the top of a module that Python can import"
        ) from None
    if not (isinstance(kind, type) and issubclass(kind, neurons.Neuron)):
        raise CheckpointError(f"population {population!r}: {name!r} is not a neuron")
    return kind
