"""The synapses of each sign: how many there are, and their weights and delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.training.state import Metrics

TRAIN = "train"


def by_sign(network: Network) -> dict[str, dict[str, dict[str, Any]]]:
    """By projection that has synapses, then ``"excitatory"`` (weight > 0) and ``"inhibitory"``.

    Each says how many ``synapses``, and, where there are some, ``weight_mean``, ``weight_sd``,
    ``delay_mean`` and ``delay_sd`` (ms). Synapses of weight 0 are in neither.
    """
    tables = {name: p.synapses for name, p in network.projections.items()}
    return {
        name: {
            "excitatory": _of(table, table.weight > 0),
            "inhibitory": _of(table, table.weight < 0),
        }
        for name, table in tables.items()
        if len(table)
    }


def with_signs(metrics: Mapping[str, Metrics], network: Network) -> dict[str, Metrics]:
    """The metrics of an epoch, those of training with the synapses of each sign at its end."""
    told = replace(metrics[TRAIN], signs=by_sign(network))
    return {split: told if split == TRAIN else seen for split, seen in metrics.items()}


def _of(table: SynapseTable, chosen: np.ndarray) -> dict[str, Any]:
    weight, delay = table.weight[chosen], table.delay[chosen]
    if not len(weight):
        return {"synapses": 0}
    return {
        "synapses": len(weight),
        "weight_mean": float(weight.mean()),
        "weight_sd": float(weight.std()),
        "delay_mean": float(delay.mean()),
        "delay_sd": float(delay.std()),
    }
