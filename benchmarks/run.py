"""Time the training step of the native engine and record it: `make bench`.

Each row is measured in turn within every repeat, so that what else the machine does falls on all
rows alike; figures of one run may be compared with each other, not with those of another run.
Writes benchmarks/results/native.json and prints the table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import numpy as np

import genn_delays as gd
from genn_delays.backends import Simulation
from genn_delays.cores import available_cores
from genn_delays.environment import machine, versions

STEPS, SPIKES, BATCH = 1000, 8000, 32
RESULTS = Path(__file__).parent / "results" / "native.json"


def network(hidden: tuple[int, ...], max_delay: float, recurrent: bool = False) -> gd.Network:
    """700 inputs, hidden layers with delays, 20 outputs."""
    net = gd.Network(seed=1)
    last = net.add_population("input", gd.Input(), 700)
    for k, size in enumerate(hidden):
        layer = net.add_population(f"hidden{k}", gd.LIF(tau_mem=20.0, tau_syn=5.0), size)
        delay = gd.init.Uniform(0.0, max_delay)
        # about as many spikes in the hidden layers as trained networks have
        weight = gd.init.Normal(0.012 if k == 0 else 0.02, 0.01)
        net.connect(last, layer, weight=weight, delay=delay, max_delay=max_delay)
        if recurrent:
            weight = gd.init.Normal(0.0, 0.02)
            net.connect(layer, layer, weight=weight, delay=delay, max_delay=max_delay)
        last = layer
    output = net.add_population("output", gd.LeakyReadout(), 20)
    net.connect(last, output, weight=gd.init.Normal(0.0, 0.03))
    return net


ROWS: dict[str, Callable[[], gd.Network]] = {
    "700-512-20, delays to 63": lambda: network((512,), 63.0),
    "700-512-20, delays to 512": lambda: network((512,), 512.0),
    "700-256-256-20, delays to 64": lambda: network((256, 256), 64.0),
    "700-256-256-20, delays to 512": lambda: network((256, 256), 512.0),
    "700-512 recurrent-20, delays to 63": lambda: network((512,), 63.0, recurrent=True),
}


def batch(trials: int = BATCH) -> gd.Events:
    """8,000 input spikes for each trial of 1,000 steps."""
    rng = np.random.default_rng(1)
    total = SPIKES * trials
    unit, trial = rng.integers(0, 700, total), np.repeat(np.arange(trials), SPIKES)
    events_time = rng.integers(0, STEPS, total).astype(np.float32)
    order = np.lexsort((events_time, unit, trial))
    return gd.Events(events_time[order], unit[order], trial[order], trials)


def measure(simulation: Simulation, events: gd.Events) -> tuple[float, float]:
    """Milliseconds per trial of one forward and one backward pass."""
    start = time.perf_counter()
    outputs = simulation.forward(events)
    middle = time.perf_counter()
    simulation.backward(outputs)
    end = time.perf_counter()
    return 1e3 * (middle - start) / BATCH, 1e3 * (end - middle) / BATCH


@click.command()
@click.option("--repeats", default=5, show_default=True)
@click.option("--threads", type=int, help="by default one per available core")
def main(repeats: int, threads: int | None) -> None:
    """Time every row and print the table."""
    events, simulations = batch(), {}
    for name, build in ROWS.items():
        simulations[name] = gd.compile(
            build(), steps=STEPS, batch_size=BATCH, backend="native", threads=threads
        )
        measure(simulations[name], events)  # compiles, grows the buffers
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ROWS}
    for _ in range(repeats):
        for name, simulation in simulations.items():
            times[name].append(measure(simulation, events))
    rows = {}
    print("| network | forward ms/trial | backward ms/trial | spikes/neuron | MiB |")
    print("|---|---|---|---|---|")
    for name, simulation in simulations.items():
        forward, backward = np.array(times[name]).T
        spikes = float(simulation.spike_counts("hidden0").mean())
        mebibytes = simulation.memory() / 2**20
        rows[name] = {
            "forward_ms": forward.tolist(),
            "backward_ms": backward.tolist(),
            "spikes_per_neuron": spikes,
            "mebibytes": mebibytes,
        }
        print(
            f"| {name} | {np.median(forward):.2f} ({np.ptp(forward):.2f}) "
            f"| {np.median(backward):.2f} ({np.ptp(backward):.2f}) "
            f"| {spikes:.1f} | {mebibytes:.0f} |"
        )
    about = {"date": date.today().isoformat(), "machine": machine(), "versions": versions()}
    about |= {"threads": threads or available_cores(), "steps": STEPS, "batch": BATCH}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
