"""Checkpoints: a network, its synapse tables and the state of its training in one HDF5 file.

The file holds the whole declaration, so that resuming, evaluating and embedding need no model
file, but for classes of the user's own, which it names (see ``class_names.py``): what defines them
is imported or registered before. It appears under its name whole or not at all; a run killed at
any moment leaves the checkpoint before.

    /             format, version; attributes: JSON text
    /network      see genn_delays/experiment/network_file.py
    /trainer      counters: JSON text; spikes/N: name, spikes per unit

Version 2 has what the surrogate rule needs of a network; version 1 is still read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from genn_delays.declaration.network import Network
from genn_delays.experiment.network_file import read_network, write_network
from genn_delays.support.errors import CheckpointError, NetworkError
from genn_delays.support.hdf5 import Group, read_hdf5
from genn_delays.support.hdf5_image import hdf5_image
from genn_delays.support.recording import replace, writing
from genn_delays.training.state import TrainerState

FORMAT, VERSION = "genn-delays checkpoint", 2
READABLE = (1, VERSION)
PARTS = ("attributes", "network", "trainer")
REMEDY = "use another checkpoint of the run, best.h5 or checkpoint.h5"


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
        CheckpointError: the file cannot be written, attributes JSON cannot hold, or a neuron or
            delay kernel that could not be found again.
        NetworkError: synapses that are not in order.
    """
    save_as([Path(path)], network, trainer_state, attributes)


def save_as(
    paths: Sequence[Path],
    network: Network,
    trainer_state: TrainerState | None = None,
    attributes: dict[str, Any] | None = None,
) -> None:
    """As :func:`save`, to each of these in turn: making the file takes longer than writing it."""
    try:
        text = json.dumps(attributes or {})
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {paths[0]}: attributes are not JSON: {error}") from None

    def fill(file: h5py.File) -> None:
        file.attrs.update(format=FORMAT, version=VERSION)
        file["attributes"] = text
        write_network(file.create_group("network"), network)
        if trainer_state is not None:
            _write_state(file.create_group("trainer"), trainer_state)

    with writing(paths[0]):
        image = hdf5_image(fill)
    for path in paths:
        replace(path, image)


def load(path: Path | str) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: missing, truncated, not a checkpoint, of another version, larger than
            the limit on memory, with anything that no network and no training leaves behind, or
            with a neuron that is not known here.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    root = read_hdf5(path, PARTS, error=CheckpointError, remedy=REMEDY)
    try:
        version = _check_format(root)
        attributes = root.json("attributes")
        if not isinstance(attributes, dict):
            raise root.damaged("has 'attributes' that are no mapping")
        network = read_network(root.group("network"), version)
        state = _read_state(root.group("trainer"), network) if "trainer" in root else None
    except (NetworkError, CheckpointError) as error:
        text = str(error).removeprefix(f"{path}: ")
        raise CheckpointError(f"checkpoint {path}: {text}") from None
    return Checkpoint(network, state, attributes)


def _check_format(root: Group) -> int:
    """The version of the format."""
    if "format" not in root.attributes or root.text("format") != FORMAT:
        raise CheckpointError("this HDF5 file is not a checkpoint of genn-delays; check the path")
    version = root.whole("version")
    if version not in READABLE:
        raise CheckpointError(
            f"format version {version}, but this release reads versions {READABLE}; "
            "use the release that wrote it"
        )
    return version


def _write_state(group: h5py.Group, state: TrainerState) -> None:
    mapping = state.to_mapping()
    spikes = mapping["tally"].pop("spikes")
    group["counters"] = json.dumps(mapping)
    members = group.create_group("spikes")
    for number, (name, counts) in enumerate(spikes.items()):
        members[str(number)] = counts
        members[str(number)].attrs["name"] = name


def _read_state(group: Group, network: Network) -> TrainerState:
    mapping, members = group.json("counters"), group.group("spikes")
    spikes = {}
    for number in map(str, range(len(members.members))):
        name = members.note(number, "name")
        if name not in network.populations:
            raise members.damaged(f"counts spikes of {name!r}, which is no population")
        spikes[name] = members.column(number, network.populations[name].size, kinds="i")
    if not isinstance(mapping, dict) or not isinstance(mapping.get("tally"), dict):
        raise group.damaged("has no 'tally' in its counters")
    try:
        return TrainerState.from_mapping(mapping | {"tally": mapping["tally"] | {"spikes": spikes}})
    except ValueError as error:
        raise group.damaged(f"has {error} in its counters") from None
