"""Time a whole training with delay kernels that narrow, against the same in PyTorch.

    python benchmarks/dcls.py

The published networks of rows C and D of :mod:`rows`, with the schedule of sigma of
``experiments/dcls/``: from 12 to 0.23 steps over a quarter of the epochs, compressed to few short
epochs, and ended by an evaluation. The sides take turns epoch by epoch in one process. Wall
clock and processor time, which other work on the machine disturbs less. Writes
benchmarks/results/dcls.json and prints the table. Needs torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import record
import rows
import torch
from ours import Ours
from pytorch_dense import Baseline

from genn_delays.support.cores import available_cores
from genn_delays.training.narrowing import Narrowing

SCHEDULE = Narrowing(final=rows.NARROW, share=0.25, start=12.0)


class OurTraining(Ours):
    """The training of this package."""

    def epoch(self, epoch: int, epochs: int, batches: int) -> None:
        """One epoch, kernels as wide as they are in it."""
        SCHEDULE.apply(self.network, epoch, epochs)
        self.simulation.load(self.network)
        for _ in range(batches):
            self.step()

    def evaluate(self) -> None:
        """With rounded delays and the running averages."""
        self.simulation.forward(self.batch, training=False)


class Theirs(Baseline):
    """The training in PyTorch."""

    def epoch(self, epoch: int, epochs: int, batches: int) -> None:
        """One epoch, kernels as wide as they are in it."""
        self.model.model.spread("gaussian", SCHEDULE.width(rows.NARROW, epoch, epochs))
        for _ in range(batches):
            self.step()

    def evaluate(self) -> None:
        """With rounded positions and the running averages."""
        self.model.model.eval()
        with torch.no_grad():
            self.model.model(self.batch)
        self.model.model.train()


def spent(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - wall, "processor_s": time.process_time() - processor}


def train(name: str, batch: int, epochs: int, batches: int, threads: int) -> dict[str, Any]:
    """Both trainings, in turns; engines are built and everything is warm before."""
    row = replace(rows.ROWS[name], batch=batch)
    sides = {
        "ours": OurTraining(row, "surrogate_narrow", threads=threads),
        "pytorch": Theirs(row, "published"),
    }
    torch.set_num_threads(threads)
    for side in sides.values():
        side.epoch(0, epochs, 1)
        side.evaluate()
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for epoch in range(epochs):
        for key, side in sides.items():
            found[key].append(spent(lambda s=side, e=epoch: s.epoch(e, epochs, batches)))
    for key, side in sides.items():
        found[key].append(spent(side.evaluate))
    about = {"batch": batch, "epochs": epochs, "batches": batches, "threads": threads}
    return about | {"sides": found}


def total(found: dict[str, Any], side: str, clock: str) -> float:
    """Seconds of a whole training."""
    return sum(one[clock] for one in found["sides"][side])


@click.command()
@click.option("--rows", "chosen", default="C,D", show_default=True)
@click.option("--batch", type=click.IntRange(1), help="trials; by default those of the row")
@click.option("--epochs", default=20, show_default=True, type=click.IntRange(4))
@click.option("--batches", default=2, show_default=True, help="of an epoch", type=click.IntRange(1))
@click.option("--threads", type=click.IntRange(1), help="of both; by default one per core")
def main(chosen: str, batch: int | None, epochs: int, batches: int, threads: int | None) -> None:
    """Train on every row and print the table."""
    about: dict[str, Any] = record.about(1) | {"rows": {}}
    print("| row | this package s | PyTorch s | ratio | ratio of processor time |")
    print("|---|---|---|---|---|")
    for name in chosen.split(","):
        size = batch or rows.ROWS[name].batch
        found = train(name, size, epochs, batches, threads or available_cores())
        about["rows"][name] = found
        ours, theirs = (total(found, side, "wall_s") for side in ("ours", "pytorch"))
        work = [total(found, side, "processor_s") for side in ("ours", "pytorch")]
        cells = f"{ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} | {work[1] / work[0]:.1f}"
        print(f"| {name} | {cells} |", flush=True)
        record.write(record.RESULTS / "dcls.json", about)


if __name__ == "__main__":
    main()
