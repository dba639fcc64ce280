"""What synapses share, and delays by distance, as they stand in a file.

PARAMETER                       ``weight`` or ``delay``
PARAMETER/columns, state        of the numbers of its groups: a data set per column
PARAMETER/keys                  the group of every pair; without it each synapse has one, in the
                                state of its table
PARAMETER                       of delays by distance: attribute speed, and nothing else
"""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np

from genn_delays.declaration.distance import Distance, Placed
from genn_delays.declaration.parts import Population
from genn_delays.declaration.synapses import LEARNABLE, SynapseTable
from genn_delays.declaration.ties import Shared, Tie
from genn_delays.declaration.units import UnitTable, positions_of
from genn_delays.experiment.column_file import read_columns, write_columns
from genn_delays.support.hdf5 import Group


def write_ties(group: h5py.Group, ties: Mapping[str, Tie]) -> None:
    """Write the ties of a table into an empty group."""
    for parameter, tie in sorted(ties.items()):
        member = group.create_group(parameter)
        if isinstance(tie, Placed):
            member.attrs["speed"] = tie.distance.speed
        elif isinstance(tie, Shared):
            if tie.keys is not None:
                member["keys"] = tie.keys
            write_columns(member.create_group("columns"), tie.numbers.columns)
            write_columns(member.create_group("state"), tie.numbers.state)


def read_ties(
    group: Group, table: SynapseTable, pre: Population, post: Population
) -> dict[str, Tie]:
    """The ties of a table that has been read with its state.

    Raises:
        CheckpointError: a part is missing or is not what it should be.
    """
    found: dict[str, Tie] = {}
    if unknown := set(group.members) - set(LEARNABLE):
        raise group.damaged(f"ties {min(unknown)!r}, not of {LEARNABLE}")
    for parameter in (name for name in LEARNABLE if name in group):
        member = group.group(parameter)
        if "speed" in member.attributes:
            found[parameter] = _read_placed(member, parameter, pre, post)
        else:
            found[parameter] = _read_shared(member, parameter, table)
    return found


def _read_placed(group: Group, parameter: str, pre: Population, post: Population) -> Placed:
    coordinates = len(positions_of(pre.units)), len(positions_of(post.units))
    if parameter != "delay" or not coordinates[0] or coordinates[0] != coordinates[1]:
        raise group.damaged(f"takes {parameter}s from positions with {coordinates} coordinates")
    speed = group.number("speed", np.finfo(np.float64).tiny, float(np.finfo(np.float64).max))
    return Placed(Distance(speed), pre.units, post.units)


def _read_shared(group: Group, parameter: str, table: SynapseTable) -> Shared:
    size = len(group.group("columns").column(parameter))
    columns = {parameter: group.group("columns").column(parameter, size, "f").astype(np.float64)}
    numbers = UnitTable(size, columns, state=read_columns(group.group("state"), size))
    keys = group.array("keys", "iu") if "keys" in group else None
    tie = Shared(parameter, keys, numbers)
    if keys is None:
        _check(group, table.state.get(tie.column), (len(table),), size)
    else:
        wide = (table.pre_size, table.post_size)
        fits = keys.ndim == 2 and all(n in (1, m) for n, m in zip(keys.shape, wide, strict=True))
        _check(group, keys, keys.shape if fits else wide, size)
    return tie


def _check(group: Group, keys: np.ndarray | None, shape: tuple[int, ...], size: int) -> None:
    """Raise CheckpointError unless keys are groups that there are."""
    right = keys is not None and keys.shape == shape and keys.dtype.kind in "iu"
    if keys is None or not right or not np.all((keys >= 0) & (keys < size)):
        raise group.damaged(f"has keys that are not groups below {size}, of shape {shape}")
