"""Seconds of each kernel in some training steps, by GeNN's own clock, and of the steps.

GeNN waits for every kernel that it times, so the steps take longer than those of gpu.table.
"""

from __future__ import annotations

import argparse
import os
import time
from tempfile import TemporaryDirectory
from typing import Any

import rows

import genn_delays as gd
from genn_delays.backends.genn import compiler
from genn_delays.backends.genn import model as names
from genn_delays.support.cache import VARIABLE
from gpu.networks import ADAM, BATCH, CASES
from gpu.table import train

NAME = "700-256-256-20, delays to 64"
KERNELS = ("neuron_update_time", "presynaptic_update_time")
UPDATES = (names.CLEAR, names.CLEAR_GRADIENTS, names.REDUCE, names.ADAM)


def timed(declaration: Any, backend: str, name: str) -> Any:
    """A model whose kernels GeNN times."""
    model = names.make_model(declaration, backend, name)
    model.timing_enabled = True
    return model


def seconds(model: Any) -> dict[str, float]:
    """What GeNN has counted so far."""
    found = {name: getattr(model, name) for name in KERNELS}
    return found | {name: model.get_custom_update_time(name) for name in UPDATES}


def main() -> None:
    """Print a table."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--backend", default="genn-cuda")
    given.add_argument("--size", type=int, default=BATCH, help="trials of a batch")
    given.add_argument("--batches", type=int, default=3)
    args = given.parse_args()
    compiler.make_model = timed
    case, network = CASES[NAME], CASES[NAME].network()
    batch, labels = rows.events(case.row, args.size), rows.labels(case.row, args.size)
    options: dict[str, Any] = {"backend": args.backend, "adam": ADAM, "batch_size": args.size}
    with TemporaryDirectory() as cache:
        os.environ[VARIABLE] = cache
        with gd.compile(network, steps=case.row.steps, **options) as simulation:
            train(simulation, batch, labels)
            simulation.fetch(network)
            before, start = seconds(simulation.model), time.perf_counter()
            for _ in range(args.batches):
                train(simulation, batch, labels)
            simulation.fetch(network)
            whole = time.perf_counter() - start
            found = seconds(simulation.model)
    print(f"{NAME}, {args.size} trials, {args.backend}: s per batch")
    for name, spent in found.items():
        print(f"| {name} | {(spent - before[name]) / args.batches:.4f} |")
    print(f"| whole step, timed | {whole / args.batches:.4f} |")


if __name__ == "__main__":
    main()
