"""Whether all ranks have the same network, by a hash of all that training changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import CORE
from genn_delays.declaration.ties import Shared
from genn_delays.parallel.ranks import Ranks

REMEDY = (
    "the last checkpoint stays\nall machines need the same data, packages and kind of processor; "
    "callbacks, which rank 0 alone calls, may not change the network"
)


def check_agreement(ranks: Ranks, network: Network, counters: Mapping[str, Any], when: str) -> None:
    """Raise RankError, which names them, where ranks differ in the network or the counters.

    Args:
        counters: the state of the trainer, as a mapping; ``seconds`` may differ.
        when: begins the message: "after epoch 3".
    """
    if ranks.count > 1:
        digest = fingerprint(network, counters)
        ranks.check_same("network", digest, when=when, remedy=REMEDY)


def fingerprint(network: Network, counters: Mapping[str, Any]) -> str:
    """BLAKE2b of all columns of synapses, groups and units, and of the counters but ``seconds``."""
    digest = hashlib.blake2b(digest_size=16)
    for name, projection in network.projections.items():
        table = projection.synapses
        core = {column: getattr(table, column) for column in CORE}
        for part in (core, table.state, projection.potential):
            _add(digest, name, part)
        for parameter, tie in sorted(table.ties.items()):
            if isinstance(tie, Shared):  # what it keeps of groups without a synapse, and moments
                for part in (tie.numbers.columns, tie.numbers.state):
                    _add(digest, f"{name}/shared {parameter}", part)
    for name, population in network.populations.items():
        for part in (population.units.columns, population.units.state):
            _add(digest, name, part)
    tally = dict(counters["tally"])
    tally.pop("seconds")
    _add(digest, "spikes", tally.pop("spikes"))
    digest.update(json.dumps({**counters, "tally": tally}, sort_keys=True).encode())
    return digest.hexdigest()


def _add(digest: hashlib.blake2b, owner: str, columns: Mapping[str, np.ndarray]) -> None:
    for name in sorted(columns):
        column = np.ascontiguousarray(columns[name])
        digest.update(f"{owner}/{name} {column.dtype.str} {column.shape};".encode())
        digest.update(column.data)
