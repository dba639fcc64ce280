"""Time whole epochs of training steps on an NVIDIA device: `make bench-gpu`.

The networks are those of Meszaros, Knight and Nowotny (2025, fig. 8): 1,000 steps, batch 256,
an epoch of 8,156 trials. Every batch is a forward pass, a loss and a backward pass; setting up
is timed apart. Writes benchmarks/results/gpu.json and prints the table.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import rows

import genn_delays as gd
from genn_delays.experiment.environment import machine, versions

TRIALS = 8156
STEPS = 1000
ROWS = {
    "700-512-20, delays to 64": replace(rows.ROWS["A"], max_delay=64),
    "700-512-20, delays to 512": replace(rows.ROWS["A"], max_delay=512),
    "700-256-256-20, delays to 64": replace(rows.ROWS["B64"], steps=STEPS),
    "700-256-256-20, delays to 512": replace(rows.ROWS["B512"], steps=STEPS),
}
RESULTS = Path(__file__).parent / "results" / "gpu.json"


def device() -> dict[str, str]:
    """Name of the device and its memory in use, as the driver tells."""
    query = ["nvidia-smi", "--query-gpu=name,memory.used", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=True)
    name, used = done.stdout.splitlines()[0].split(",")
    return {"name": name.strip(), "memory_used": used.strip()}


@click.command()
@click.option("--backend", default="genn-cuda", show_default=True)
@click.option("--size", default=256, show_default=True, help="trials of a batch")
@click.option("--batches", default=8, show_default=True, help="timed batches of each row")
def main(backend: str, size: int, batches: int) -> None:
    """Time every row and print the table."""
    measured = {}
    print("| network | set-up s | s per 8,156 trials | memory in use |")
    print("|---|---|---|---|")
    for name, row in ROWS.items():
        events = rows.events(row, size)
        start = time.perf_counter()
        with gd.compile(
            rows.network(row), steps=STEPS, batch_size=size, backend=backend
        ) as simulation:
            simulation.backward(simulation.forward(events))  # builds and enlarges its buffers
            ready = time.perf_counter()
            for _ in range(batches):
                simulation.backward(simulation.forward(events))
            seconds = (time.perf_counter() - ready) * TRIALS / (batches * size)
            found = device() if backend == "genn-cuda" else {}
        measured[name] = {"setup_s": ready - start, "epoch_s": seconds, **found}
        used = found.get("memory_used", "")
        print(f"| {name} | {ready - start:.1f} | {seconds:.1f} | {used} |", flush=True)
    about = {"date": date.today().isoformat(), "machine": machine(), "versions": versions()}
    about |= {"backend": backend, "steps": STEPS, "batch": size}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about | {"rows": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
