"""What a run of a sweep costs besides training: start, data from the cache, folders, checkpoints.

    python benchmarks/sweep_overhead.py --runs 200 --folder /dev/shm

A grid of short runs (one epoch, one worker, one thread), from the command to its end. Two numbers
per run: what is left besides training with its checkpoints, from config.yaml to summary.json
(start, data from the cache, folder, claim); and what is left besides the seconds of batches alone,
which includes the checkpoints. They wait for the disk: another folder shows its share. Prints the
load of the machine before and after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import yaml

ROOT = Path(__file__).parents[1]


@click.command()
@click.option("--runs", default=200, show_default=True)
@click.option("--experiment", default=ROOT / "experiments" / "sequence.yaml", type=Path)
@click.option("--folder", type=Path, help="where the sweep is made; by default that of temporaries")
def main(runs: int, experiment: Path, folder: Path | None) -> None:
    """Measure the overhead of a run in a sweep."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        sweep = Path(scratch) / "sweep.yaml"
        given = {
            "experiment": str(experiment.resolve()),
            "set": {"training.epochs": 1, "backend.threads": 1},
            "seeds": list(range(runs)),
        }
        sweep.write_text(yaml.safe_dump(given))
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        carried_out(sweep.with_name("first.yaml"), {**given, "seeds": [0]}, Path(scratch) / "first")
        seconds = carried_out(sweep, given, Path(scratch) / "all")
        folders = [path.parent for path in Path(scratch, "all").glob("*/summary.json")]
        batches = sum(json.loads((run / "summary.json").read_text())["seconds"] for run in folders)
        training = sum(made(run / "summary.json") - made(run / "config.yaml") for run in folders)
        print(
            f"{len(folders)} runs: {seconds:.1f} s; training {training:.1f}, batches {batches:.1f}"
        )
        for what, part in (("training with its checkpoints", training), ("batches", batches)):
            print(f"{1000.0 * (seconds - part) / len(folders):.0f} ms a run besides {what}")
        print(f"load {os.getloadavg()[0]:.1f}")


def made(path: Path) -> float:
    """When a file was written, in seconds."""
    return path.stat().st_mtime


def carried_out(path: Path, sweep: dict, output: Path) -> float:
    """Seconds of the command; the first one fills the cache."""
    path.write_text(yaml.safe_dump(sweep))
    command = [sys.executable, "-m", "genn_delays", "sweep", str(path), "--output", str(output)]
    began = time.perf_counter()
    subprocess.run([*command, "--jobs", "1"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
