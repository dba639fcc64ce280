"""Operations of a training step counted, the time they would take at best, and the time they take.

    python benchmarks/ceiling.py

``ceiling.c`` measures on one core what an operation costs at best, with its data in the first-level
cache. Counted are the synaptic events of the rows of :mod:`rows` under EventProp: a spike that
arrives, or a vector of 16 steps where an input is kept as a row. Passes run on one thread. A second
table has the milliseconds that each call into the engine takes, and the optimiser and the load.
Writes benchmarks/results/ceiling.json and prints both.
"""

from __future__ import annotations

import time
from collections import defaultdict
from ctypes import c_double
from pathlib import Path

import click
import numpy as np
import record
import rows
from ours import Ours

from genn_delays.backends.native.engine import Engine
from genn_delays.declaration.network import Projection
from genn_delays.support.compiler import load

OPERATIONS = ("add", "gather", "multiply_add", "stream")
RESULTS = record.RESULTS / "ceiling.json"


def costs() -> dict[str, float]:
    """Nanoseconds of each operation on one core."""
    library = load(Path(__file__).with_suffix(".c").read_text(encoding="utf-8"))
    found = {}
    for name in OPERATIONS:
        function = getattr(library, name)
        function.restype = c_double
        found[name] = function()
    return found


def events_of(side: Ours, projection: Projection) -> float:
    """Synaptic events of a projection per trial, in the last batch."""
    fan_out = np.bincount(projection.synapses.pre, minlength=projection.pre.size)
    sent = side.simulation.spike_counts(projection.pre.name)
    return float((sent * fan_out).sum() / len(sent))


def counted(row: rows.Row, side: Ours, cost: dict[str, float]) -> dict[str, float]:
    """Events and vectors of a trial, and milliseconds of both passes at best."""
    events = vectors = 0.0
    for projection in side.network.projections.values():
        as_rows = not row.spikes or row.spikes * 8 >= row.sizes[0] * row.steps
        if projection.pre.name == "input" and as_rows:
            vectors += len(projection.synapses) * -(-row.steps // 16)
        else:
            events += events_of(side, projection)
    forward = events * cost["add"] + vectors * cost["multiply_add"]
    # going back, a vector holds eight pairs
    backward = events * cost["gather"] + 2 * vectors * cost["multiply_add"]
    found = {"events": events, "vectors": vectors}
    return found | {"forward_best_ms": 1e-6 * forward, "backward_best_ms": 1e-6 * backward}


def measured(side: Ours, repeats: int) -> dict[str, float]:
    """Milliseconds per trial of both passes on one thread, medians."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        outputs = side.simulation.forward(side.batch)
        middle = time.perf_counter()
        side.simulation.backward(outputs)
        times.append((middle - start, time.perf_counter() - middle))
    forward, backward = 1e3 * np.median(times[1:], axis=0) / side.batch.trials
    return {"forward_ms": float(forward), "backward_ms": float(backward)}


def by_call(side: Ours, repeats: int) -> dict[str, float]:
    """Milliseconds per trial of each call into the engine, and of what follows; medians."""
    spent: dict[str, list[float]] = defaultdict(list)
    run = Engine._run

    def timed(self, function, *what, **options):
        start = time.perf_counter()
        result = run(self, function, *what, **options)
        spent[function.__name__].append(time.perf_counter() - start)
        return result

    Engine._run = timed
    try:
        for _ in range(repeats):
            _, gradients = side.gradients()
            for name, work in (
                ("optimiser", lambda g=gradients: side.optimiser.step(side.network, g)),
                ("load", lambda: side.simulation.load(side.network)),
            ):
                start = time.perf_counter()
                work()
                spent[name].append(time.perf_counter() - start)
    finally:
        Engine._run = run
    trials = side.batch.trials
    return {name: 1e3 * sum(times) / repeats / trials for name, times in spent.items()}


@click.command()
@click.option("--repeats", default=7, show_default=True)
@click.option("--rows", "chosen", default="A,B64,B512,C,D,D99", show_default=True)
def main(repeats: int, chosen: str) -> None:
    """Count, measure, print the table and write it."""
    cost, found = costs(), {}
    for name, spent in cost.items():
        click.echo(f"{name}: {spent:.3f} ns")
    click.echo("| row | events | vectors | forward ms | at best | backward ms | at best |")
    click.echo("|---|---|---|---|---|---|---|")
    for name in chosen.split(","):
        row = rows.ROWS[name]
        side = Ours(row, threads=1)
        found[name] = line = measured(side, repeats) | counted(row, side, cost)
        found[name]["calls_ms"] = by_call(side, repeats)
        click.echo(
            f"| {name} | {line['events']:,.0f} | {line['vectors']:,.0f} "
            f"| {line['forward_ms']:.3f} | {line['forward_best_ms']:.3f} "
            f"| {line['backward_ms']:.3f} | {line['backward_best_ms']:.3f} |"
        )
        side.simulation.close()
    calls = list(dict.fromkeys(call for line in found.values() for call in line["calls_ms"]))
    click.echo(f"\n| ms per trial | {' | '.join(found)} |\n|{'---|' * (len(found) + 1)}")
    for call in calls:
        cells = (f"{line['calls_ms'].get(call, 0.0):.4f}" for line in found.values())
        click.echo(f"| {call} | {' | '.join(cells)} |")
    record.write(RESULTS, record.about(repeats) | {"cost_ns": cost, "rows": found})


if __name__ == "__main__":
    main()
