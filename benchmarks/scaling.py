"""How the training step of this package scales, how long an epoch takes and how long a start.

    python benchmarks/scaling.py

Curves start from row A of :mod:`rows` under EventProp and change one thing: trials of a batch,
input spikes, synapses, threads on as many cores; the largest delay is that of the B rows, at 32
trials. Weights change along, so that hidden neurons fire about as often everywhere. All points of a
curve take turns within every repeat. ``pass`` is forward pass, loss and backward pass; ``step``
also has the optimiser's update and the load. An epoch is 8,156 trials in batches of 256, as in
Meszaros, Knight and Nowotny (2025), from a few batches that are in memory. Starts are processes of
their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import record
import rows
from ours import Ours

from genn_delays.support.cores import available_cores

TRIALS, BATCH = 8156, 256
ROOT = Path(__file__).parents[1]
START = Path(__file__).parent / "start.py"
BASE = rows.ROWS["A"]
Points = dict[str, Callable[[], Ours]]


def with_spikes(spikes: int) -> rows.Row:
    """Row A with other input; what a neuron receives keeps its mean and its variance."""
    mean, deviation = BASE.args["weight_input"]
    share = spikes / BASE.spikes
    weight = {"weight_input": (mean / share, deviation / share**0.5)}
    return replace(BASE, spikes=spikes, args=dict(BASE.args) | weight)


def with_density(density: float) -> rows.Row:
    """Row A with a share of its synapses, and what neurons receive kept in the same way."""
    return replace(BASE, density=density, args=dict(BASE.args) | {"compensate": True})


def thread_counts() -> list[int]:
    """1, 2, 4 and so on, and all cores."""
    cores = available_cores()
    return sorted({2**k for k in range(cores.bit_length()) if 2**k <= cores} | {cores})


CURVES: dict[str, Points] = {
    "trials": {f"{n}": lambda n=n: Ours(BASE, trials=n) for n in (8, 16, 32, 64, 128)},
    "spikes": {f"{n}": lambda n=n: Ours(with_spikes(n)) for n in (1000, 2000, 4000, 8000, 16000)},
    "synapses": {
        f"{density:g}": lambda density=density: Ours(with_density(density))
        for density in (0.01, 0.03, 0.1, 0.3, 1.0)
    },
    "delay": {
        f"{longest}": lambda longest=longest: Ours(rows.ROWS[f"B{longest}"], trials=32)
        for longest in (64, 128, 256, 512)
    },
    "threads": {f"{n}": lambda n=n: Ours(BASE, threads=n) for n in thread_counts()},
}


def seconds(function: Callable[[], Any]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """Within this, all that the calling thread starts takes so many cores, the optimiser too."""
    every = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if count and every:
        os.sched_setaffinity(0, sorted(every)[:count])
    try:
        yield
    finally:
        if count and every:
            os.sched_setaffinity(0, every)


def curve(points: Points, repeats: int, *, cores: bool = False) -> dict[str, Any]:
    """Seconds at every point; with ``cores`` the name of a point is the number it may use."""
    sides = {name: make() for name, make in points.items()}
    found: dict[str, dict[str, Any]] = {}
    for name, side in sides.items():
        side.step()  # compiles, makes room for the spikes
        found[name] = {"pass_s": [], "step_s": [], "spikes": side.spikes()}
    for _ in range(repeats):
        for name, side in sides.items():
            with on_cores(int(name) if cores else None):
                found[name]["pass_s"].append(seconds(side.gradients))
                found[name]["step_s"].append(seconds(side.step))
    for side in sides.values():
        side.simulation.close()
    return found


class Epoch:
    """An epoch of a B row."""

    def __init__(self, longest: int) -> None:
        row = rows.ROWS[f"B{longest}"]
        self.side = Ours(row, trials=BATCH)
        self.rest = TRIALS % BATCH
        self.batches = [rows.events(row, BATCH, seed) for seed in range(4)]
        self.last = rows.events(row, self.rest, 4)
        self.side.step()

    def run(self) -> None:
        """Every batch of the epoch, the smaller last one too."""
        side, labels = self.side, self.side.labels
        for k in range(TRIALS // BATCH):
            side.batch = self.batches[k % len(self.batches)]
            side.step()
        side.batch, side.labels = self.last, labels[: self.rest]
        side.step()
        side.labels = labels


def epochs(repeats: int) -> dict[str, Any]:
    """Seconds of an epoch at the smallest and the largest delay."""
    sides = {f"{longest}": Epoch(longest) for longest in (64, 512)}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            found[name].append(seconds(side.run))
    return {name: {"epoch_s": times} for name, times in found.items()}


def _started(cache: Path, *command: str) -> dict[str, float]:
    environment = os.environ | {"GENN_DELAYS_CACHE": str(cache)}
    words = [sys.executable, str(START), *command]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def starts(repeats: int) -> dict[str, Any]:
    """First compilation with an empty cache, and ``genn-delays run`` with a full one."""
    first = {"B64 eventprop": [], "E eventprop": [], "C surrogate_narrow": []}
    cached: dict[str, list[float]] = {"first_batch_s": [], "data_s": []}
    config = str(ROOT / "experiments" / "yin_yang.yaml")
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        for repeat in range(repeats + 1):
            began = time.perf_counter()
            data = _started(folder / "cache", "run", config, str(folder / f"run{repeat}"))["data_s"]
            spent = time.perf_counter() - began
            if not repeat:  # this one has filled the cache
                continue
            cached["first_batch_s"].append(spent - data)
            cached["data_s"].append(data)
            for name, times in first.items():
                empty = folder / f"{name} {repeat}"
                times.append(_started(empty, "compile", *name.split())["compile_s"])
    return {"first_compile_s": first, "cached_run": cached}


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {
    **{
        name: lambda n, name=name, points=points: curve(points, n, cores=name == "threads")
        for name, points in CURVES.items()
    },
    "epoch": epochs,
    "start": starts,
}


def show(name: str, found: dict[str, Any]) -> None:
    """Print the medians of a part."""
    for point, row in found.items():
        times = row.items() if isinstance(row, dict) else [("", row)]
        medians = {key: np.median(row) for key, row in times if isinstance(row, list)}
        line = "  ".join(f"{key} {value:.4g}" for key, value in medians.items())
        click.echo(f"{name:9} {point:16} {line}")


@click.command()
@click.option("--parts", help=f"of {','.join(PARTS)}; by default all")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=record.RESULTS / "scaling.json",
    help="by default benchmarks/results/scaling.json",
)
def main(parts: str | None, repeats: int, output: Path) -> None:
    """Measure every part and write the results, after each part anew."""
    names = parts.split(",") if parts else list(PARTS)
    if unknown := set(names) - set(PARTS):
        raise click.ClickException(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    content = record.about(repeats) | {"parts": {}}
    for name in names:
        content["parts"][name] = found = PARTS[name](repeats)
        show(name, found)
        record.write(output, content)


if __name__ == "__main__":
    main()
