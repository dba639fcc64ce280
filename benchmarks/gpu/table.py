"""Time whole epochs of training steps on an NVIDIA device: `make bench-gpu`.

Every batch is a forward pass, the loss, a backward pass and a step of Adam on the device; setting
up is timed apart. Writes benchmarks/results/gpu.json after each row and prints the table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Any

import rows

import genn_delays as gd
from genn_delays.experiment.environment import machine, versions
from gpu.networks import ADAM, BATCH, CASES, STEPS, TRIALS, Case

RESULTS = Path(__file__).parents[1] / "results" / "gpu.json"
CLASSES = gd.losses.CrossEntropy(scale=20.0)


def device() -> dict[str, str]:
    """Name of the device, and the driver's memory in use; nothing where no driver answers."""
    query = ["nvidia-smi", "--query-gpu=name,memory.used", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    name, used = done.stdout.splitlines()[0].split(",")
    return {"device": name.strip(), "memory_used": used.strip()}


def train(simulation: Any, batch: gd.Events, labels: Any) -> None:
    """A training step; all that is left of it runs on the device."""
    outputs = simulation.forward(batch)
    simulation.accumulate(CLASSES(outputs, labels)[1])
    simulation.learn()


def measure(case: Case, backend: str, size: int, batches: int) -> dict[str, float]:
    """Seconds to set up, and of an epoch."""
    row, network = case.row, case.network()
    batch, labels = rows.events(row, size), rows.labels(row, size)
    options: dict[str, Any] = {"gradient": case.gradient, "backend": backend, "adam": ADAM}
    start = time.perf_counter()
    with gd.compile(network, steps=row.steps, batch_size=size, **options) as simulation:
        train(simulation, batch, labels)  # builds, and enlarges its buffers
        simulation.fetch(network)
        ready = time.perf_counter()
        for _ in range(batches):
            train(simulation, batch, labels)
        simulation.fetch(network)  # waits for the device
        seconds = (time.perf_counter() - ready) * TRIALS / (batches * size)
        return {"setup_s": ready - start, "epoch_s": seconds, **device()}


def main() -> None:
    """Time every row and print the table."""
    given = argparse.ArgumentParser(description=main.__doc__)
    given.add_argument("--backend", default="genn-cuda")
    given.add_argument("--size", type=int, default=BATCH, help="trials of a batch")
    given.add_argument("--batches", type=int, default=8, help="timed batches of each row")
    given.add_argument("--results", type=Path, default=RESULTS)
    args = given.parse_args()
    about: dict[str, Any] = {"date": date.today().isoformat(), "machine": machine()}
    about |= {"versions": versions(), "backend": args.backend, "steps": STEPS, "batch": args.size}
    measured: dict[str, Any] = {}
    args.results.parent.mkdir(exist_ok=True, parents=True)
    print("| network | set-up s | s per 8,156 trials | memory in use | device | date |")
    print("|---|---|---|---|---|---|")
    for name, case in CASES.items():
        if case.timed:
            found = measured[name] = measure(case, args.backend, args.size, args.batches)
            said = [f"{found['setup_s']:.1f}", f"{found['epoch_s']:.1f}"]
            said += [str(found.get("memory_used", "")), str(found.get("device", ""))]
            print("| " + " | ".join([name, *said, about["date"]]) + " |", flush=True)
            args.results.write_text(json.dumps(about | {"rows": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
