"""Training on more events than memory holds: peak memory, and the loader's share of the step.

    python benchmarks/larger.py FOLDER [--trials 100000] [--steps 150]

Makes ``train.h5`` in FOLDER in the layout of SHD: 700 units, about 8,000 events in a second, 20
classes that differ in their units. It takes 3.3 GB for 100,000 trials, and the events that are kept
of it 4.8 GB in ``FOLDER/cache``. Then a process of its own reads it, takes the kept file out of the
system's memory, and trains 700-256-20 with learnt weights and delays, EventProp, native engine, two
threads, batches of 128. Prints as JSON the peak of its resident memory and that of the process that
reads HDF5, and of the steps what they wait for the loader and what a batch takes to read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import click
import h5py
import numpy as np

UNITS, CLASSES, EVENTS, BATCH, WARM = 700, 20, 8000, 128, 5


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--trials", type=click.IntRange(20_000), default=100_000, show_default=True)
@click.option("--steps", default=150, show_default=True)
@click.option("--train", is_flag=True, hidden=True)
def main(folder: Path, trials: int, steps: int, train: bool) -> None:
    """Measure in FOLDER, which is made if it is not there."""
    if train:
        print(json.dumps(measure(folder, steps), indent=1))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train.h5", trials), ("test.h5", 100)):
        if not (folder / name).is_file():
            make(folder / name, count)
    command = [sys.executable, __file__, str(folder), "--steps", str(steps), "--train"]
    environment = os.environ | {"GENN_DELAYS_CACHE": str(folder / "cache")}
    subprocess.run(command, env=environment, check=True)


def make(path: Path, trials: int) -> None:
    """A file in the layout of SHD, written trial by trial."""
    rng = np.random.default_rng(trials)
    labels = rng.integers(0, CLASSES, trials)
    with h5py.File(path.with_suffix(".part"), "w") as file:
        times = file.create_dataset("spikes/times", trials, h5py.vlen_dtype(np.dtype("f2")))
        units = file.create_dataset("spikes/units", trials, h5py.vlen_dtype(np.dtype("u2")))
        for trial, label in enumerate(labels.tolist()):
            count = rng.poisson(EVENTS)
            times[trial] = np.sort(rng.random(count, np.float32) * np.float32(0.99)).astype("f2")
            centre = 20 + 34 * label
            spread = np.abs(rng.normal(centre, 150.0, count)).astype("u2")
            units[trial] = np.minimum(spread, UNITS - 1)
        file["labels"] = labels
    path.with_suffix(".part").rename(path)


def measure(folder: Path, steps: int) -> dict[str, float]:
    """Read the data set and train; what it takes."""
    import genn_delays as gd
    from genn_delays.support.hdf5 import process

    begun = time.perf_counter()
    data = gd.datasets.load(
        "spike_hdf5", dt=1.0, path=folder, train="train.h5", test="test.h5", duration=1000.0
    )
    read = time.perf_counter() - begun
    forget(data.train.file.path)
    trainer = trainer_of(data)
    waits, whole = [], []
    with closing(trainer._loader.training(0)) as batches:
        for _ in range(steps):
            begun = time.perf_counter()
            batch, labels = next(batches)
            waited = time.perf_counter()
            trainer.train_batch(batch, labels)
            waits.append(waited - begun)
            whole.append(time.perf_counter() - begun)
    order, alone = np.random.default_rng(5).permutation(len(data.train)), []
    forget(data.train.file.path)
    for start in range(0, 20 * BATCH, BATCH):
        begun = time.perf_counter()
        data.train.batch(order[start : start + BATCH])
        alone.append(time.perf_counter() - begun)
    return {
        "trials": len(data.train) + len(data.validation),
        "events": int(data.train.offset[-1] + data.validation.offset[-1]),
        "loading_s": read,
        "steps": steps,
        "step_ms": 1e3 * float(np.median(whole[WARM:])),
        "waiting_share": sum(waits[WARM:]) / sum(whole[WARM:]),
        "reading_share": float(np.median(alone) / np.median(whole[WARM:])),
        "hidden_spikes": float(trainer.simulation.spike_counts("hidden").mean()),
        "peak_MiB": peak(os.getpid()),
        "peak_of_reader_MiB": peak(process._pool.process.popen.pid),
    }


def trainer_of(data):
    """The trainer of a network of SHD's size."""
    import genn_delays as gd

    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), UNITS)
    net.add_population("hidden", gd.LIF(), 256)
    net.add_population("output", gd.LeakyReadout(), CLASSES)
    learn = {"max_delay": 60.0, "learn": ("weight", "delay")}
    delay = gd.init.Uniform(0.0, 30.0)
    net.connect("input", "hidden", weight=gd.init.Normal(0.005, 0.03), delay=delay, **learn)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.03), delay=delay, **learn)
    simulation = gd.compile(
        net,
        gradient=gd.EventProp(),
        readout=gd.readouts.MeanVoltage(),
        dt=1.0,
        steps=1000,
        batch_size=BATCH,
        backend="native",
        threads=2,
    )
    adam = gd.training.Adam
    optimiser = gd.training.Optimiser(weight=adam(1e-3), delay=adam(0.1))
    loss = gd.losses.CrossEntropy()
    settings = {"epochs": 1, "batch_size": BATCH, "seed": 1}
    trainer = gd.training.Trainer(net, simulation, data, loss=loss, optimiser=optimiser, **settings)
    simulation.load(net)
    return trainer


def forget(path: Path) -> None:
    """Ask the system to keep nothing of a file in memory, so that it is read from the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def peak(pid: int) -> float:
    """The most resident memory that a process had, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
