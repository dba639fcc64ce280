"""What of a training step only one thread can do, and how quick that lets many threads be.

    python benchmarks/serial.py

A step of row A of :mod:`rows` under EventProp with 256 trials: forward pass, loss, backward pass,
Adam, load. Calls into the engine are shared by its threads; what is left, Python and numpy, is
counted as serial. All of it is measured on one thread, in processor time, and printed with the
speed-up that Amdahl's law allows. Memory, which cores share, is not in it. Writes
benchmarks/results/serial.json.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import numpy as np
import record
import rows
from ours import Ours

import genn_delays as gd
from genn_delays.backends.native.threads import Team

THREADS = (2, 16, 64)
RESULTS = record.RESULTS / "serial.json"
Times = dict[str, list[float]]


@contextmanager
def engine_time() -> Iterator[list[float]]:
    """Within this, processor time spent in the engine, one entry per call."""
    found: list[float] = []
    run = Team.run

    def timed(team: Team, function: Callable[[], int]) -> list[int]:
        start = time.process_time()
        try:
            return run(team, function)
        finally:
            found.append(time.process_time() - start)

    Team.run = timed
    try:
        yield found
    finally:
        Team.run = run


def step(side: Ours, times: Times) -> None:
    """One training step; seconds of each part, in the engine and outside of it."""

    def part(name: str, work: Callable[[], Any]) -> Any:
        with engine_time() as inside:
            start = time.process_time()
            result = work()
            spent = time.process_time() - start
        times[f"{name}, engine"].append(sum(inside))
        times[f"{name}, serial"].append(spent - sum(inside))
        return result

    outputs = part("forward", side.forward)
    _, drive = part("loss", lambda: gd.losses.CrossEntropy()(outputs, side.labels))
    gradients = part("backward", lambda: side.simulation.backward(drive))
    part("optimiser", lambda: side.optimiser.step(side.network, gradients))
    part("load", lambda: side.simulation.load(side.network))


def speed_up(serial: float, threads: int) -> float:
    """Amdahl (1967)."""
    return 1.0 / (serial + (1.0 - serial) / threads)


@click.command()
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1))
@click.option("--row", default="A", show_default=True, type=click.Choice(list(rows.ROWS)))
@click.option("--trials", default=256, show_default=True, type=click.IntRange(1))
def main(repeats: int, row: str, trials: int) -> None:
    """Measure, print the table and write it."""
    side = Ours(rows.ROWS[row], threads=1, trials=trials)
    times: Times = defaultdict(list)
    side.step()
    for _ in range(repeats):
        step(side, times)
    side.simulation.close()
    medians = {name: float(np.median(spent)) for name, spent in times.items()}
    whole = sum(medians.values())
    serial = sum(spent for name, spent in medians.items() if name.endswith("serial")) / whole
    click.echo("| part | ms | share |\n|---|---|---|")
    for name, spent in medians.items():
        if spent:
            click.echo(f"| {name} | {1e3 * spent:.2f} | {spent / whole:.2%} |")
    allowed = {f"{n}": speed_up(serial, n) for n in THREADS}
    says = ", ".join(f"{factor:.1f} on {n}" for n, factor in allowed.items())
    click.echo(f"\nserial {serial:.2%}; allows a speed-up of {says} threads")
    found = {"row": row, "trials": trials, "seconds": times, "serial": serial, "allows": allowed}
    record.write(RESULTS, record.about(repeats) | found)


if __name__ == "__main__":
    main()
