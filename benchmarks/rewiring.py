"""What sparse projections and rewiring cost on the native engine.

    python benchmarks/rewiring.py

EventProp, 700 - 512 - 20, 1,000 steps, 8,000 input spikes per trial, delays to 63 steps. Two
questions:

- What 1 % of the synapses cost against all of them. Every network has 20 more inputs that alone
  make the hidden layer spike; the measured projections have weights that are next to nothing. So
  all spike alike, and the step of the network without a synapse in the measured projections can be
  taken from that of the others.
- What rewiring adds to the step of the same network: DEEP R after every batch, and one step of
  RigL, spread over 100 batches, that considers every absent pair, or some, at its best delay.

A step is forward pass, loss, backward pass, Adam, and load. Densities take turns within every
repeat, and all ratios are of figures of one run. Writes benchmarks/results/rewiring.json and
prints the tables.
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
from genn_delays.experiment.environment import machine, versions
from genn_delays.rewiring import DeepR, Growth, Rewiring, RewiringRule, RigL
from genn_delays.support.cores import available_cores
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.schedules import Progress
from genn_delays.training.update_rules import Adam

STEPS, SPIKES, HIDDEN, DRIVERS, CLASSES = 1000, 8000, 512, 20, 20
DENSITIES = (0.01, 0.1, 1.0)
EVERY = 100
"""Batches between two steps of RigL."""
CANDIDATES = 8192
"""Absent pairs that RigL considers where it does not consider all of them."""
ADDED = {"deep_r": 1, "rigl": EVERY, "rigl_some": EVERY}
"""Batches between two steps of each rule."""
RESULTS = Path(__file__).parent / "results" / "rewiring.json"
Normal, Uniform = gd.init.Normal, gd.init.Uniform
Clock = Callable[[], float]


def network(density: float, driven: bool) -> gd.Network:
    """The measured projections are those that learn; ``driven`` by a few inputs of its own."""
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 700)
    net.add_population("hidden", gd.LIF(tau_mem=20.0, tau_syn=5.0), HIDDEN)
    net.add_population("output", gd.LeakyReadout(), CLASSES)
    # about as many spikes at every density
    scale = 1e-6 if driven else 0.4 / np.sqrt(density)
    delayed = {"delay": Uniform(0, 63), "max_delay": 63.0, "learn": ("weight", "delay")}
    net.connect("input", "hidden", weight=Normal(0, scale), density=density, **delayed)
    net.connect("hidden", "output", weight=Normal(0, 0.03), density=density, **delayed)
    if driven:
        net.add_population("drive", gd.Input(), DRIVERS)
        net.connect("drive", "hidden", weight=Normal(0.25, 0.05), learn=())
    return net


def events(units: int, spikes: int, trials: int) -> gd.Events:
    """As many spikes in every trial, sorted as data sets hand them out."""
    rng = np.random.default_rng(1)
    unit = rng.integers(0, units, spikes * trials)
    moment = rng.integers(0, STEPS, spikes * trials).astype(np.float32)
    trial = np.repeat(np.arange(trials), spikes)
    order = np.lexsort((moment, unit, trial))
    return gd.Events(moment[order], unit[order], trial[order], trials)


class Run:
    """A network in training, with or without a rule of :mod:`genn_delays.rewiring`."""

    def __init__(
        self, net: gd.Network, trials: int, threads: int, clock: Clock, *rules: RewiringRule
    ) -> None:
        self.network, self.clock = net, clock
        self.simulation = gd.compile(
            net, steps=STEPS, batch_size=trials, backend="native", threads=threads
        )
        self.batch = {"input": events(700, SPIKES, trials)}
        if "drive" in net.populations:
            self.batch["drive"] = events(DRIVERS, 50 * DRIVERS, trials)
        self.labels = np.arange(trials) % CLASSES
        self.optimiser = Optimiser(weight=Adam(1e-3), delay=Adam(0.1))
        self.rewiring = Rewiring(rules, self.optimiser, seed=1)
        self.rewiring.check(net)

    def step(self, number: int) -> dict[str, float]:
        """Seconds of training step ``number`` and of its parts, and how many synapses moved."""
        progress = Progress(number, EVERY, 1000)
        counts: dict[str, list[int]] = {}
        times = [self.clock()]
        outputs = self.simulation.forward(self.batch)
        _, drive = gd.losses.CrossEntropy()(outputs, self.labels)
        gradients = self.simulation.backward(drive)
        times.append(self.clock())
        contexts = self.rewiring.contexts(self.network, gradients, self.simulation, progress)
        self.rewiring.before_update(contexts)
        times.append(self.clock())
        self.optimiser.step(self.network, gradients)
        times.append(self.clock())
        self.rewiring.step(contexts, counts)
        times.append(self.clock())
        self.simulation.load(self.network)
        times.append(self.clock())
        _, before, _, after, load = np.diff(times).tolist()
        moved = sum(grown for _, grown, _ in counts.values())
        parts = {"rule": before + after, "load": load, "moved": moved}
        return parts | {"step": times[-1] - times[0]}


def median(rows: list[dict[str, float]], name: str) -> float:
    """Of one figure over the repeats."""
    return float(np.median([row[name] for row in rows]))


def projections(trials: int, repeats: int, threads: int, clock: Clock) -> dict:
    """Question (a): the time of the projections, and their share of that of the dense ones."""
    runs = {d: Run(network(d, driven=True), trials, threads, clock) for d in (0.0, *DENSITIES)}
    seconds: dict[float, list[float]] = {d: [] for d in runs}
    for repeat in range(repeats + 1):
        for density, run in runs.items():
            found = run.step(repeat)["step"]
            if repeat:  # the first step makes room for spikes
                seconds[density].append(found)
    base = np.array(seconds[0.0])
    spent = {d: float(np.median(np.array(s) - base)) for d, s in seconds.items() if d}
    spikes = float(runs[1.0].simulation.spike_counts("hidden").mean())
    rows = {
        f"{d:g}": {"step_s": seconds[d], "projections_s": t, "share_of_dense": t / spent[1.0]}
        for d, t in spent.items()
    }
    return {"empty_s": seconds[0.0], "spikes_per_neuron": spikes, "densities": rows}


def rules(trials: int, repeats: int, threads: int, clock: Clock) -> dict:
    """Question (b): what rules add to the step of the same network without them."""
    found = {}
    for density in DENSITIES:
        plain = Run(network(density, driven=False), trials, threads, clock)
        deep = Run(network(density, driven=False), trials, threads, clock, DeepR(l1=1e-6))
        runs = {"deep_r": deep}
        for name, candidates in (("rigl", None), ("rigl_some", CANDIDATES)):
            rigl = RigL(every=EVERY, candidates=candidates, growth=Growth("best"))
            runs[name] = Run(network(density, driven=False), trials, threads, clock, rigl)
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in ("plain", *runs)}
        for repeat in range(repeats + 1):
            steps = {"plain": plain.step(repeat)}
            for name, run in runs.items():
                steps[name] = run.step(ADDED[name] * (repeat + 1))
            if repeat:
                for name, row in steps.items():
                    rows[name].append(row)
        step, load = median(rows["plain"], "step"), median(rows["plain"], "load")
        row = {"step_s": step, "load_s": load}
        row["spikes_per_neuron"] = float(plain.simulation.spike_counts("hidden").mean())
        for name, every in ADDED.items():
            added = median(rows[name], "rule") + median(rows[name], "load") - load
            row[f"{name}_s"], row[f"{name}_share"] = added, added / every / step
            row[f"{name}_moved"] = median(rows[name], "moved")
        found[f"{density:g}"] = row
    return found


def show(found: dict) -> None:
    """Print both tables."""
    print("| synapses | projections ms | of the dense ones |\n|---|---|---|")
    for name, row in found["projections"]["densities"].items():
        print(
            f"| {float(name):.0%} | {1e3 * row['projections_s']:.1f} "
            f"| {row['share_of_dense']:.1%} |"
        )
    print(
        "\n| synapses | step ms | DEEP R adds, every batch | RigL adds, every 100, all pairs "
        f"| RigL adds, every 100, {CANDIDATES} pairs |"
    )
    print("|---|---|---|---|---|")
    for name, row in found["rules"].items():
        cells = (
            f"{row[f'{rule}_share']:.1%} ({1e3 * row[f'{rule}_s']:.1f} ms, "
            f"{row[f'{rule}_moved']:.0f} synapses)"
            for rule in ADDED
        )
        print(f"| {float(name):.0%} | {1e3 * row['step_s']:.0f} | {' | '.join(cells)} |")


@click.command()
@click.option("--batch", default=64, show_default=True, help="trials of a batch")
@click.option("--repeats", default=7, show_default=True)
@click.option("--threads", type=int, help="by default one per available core")
@click.option("--cpu", is_flag=True, help="processor time, where others use the machine too")
def main(batch: int, repeats: int, threads: int | None, cpu: bool) -> None:
    """Time every row and print the tables."""
    threads = threads or available_cores()
    clock = time.process_time if cpu else time.perf_counter
    settings = (batch, repeats, threads, clock)
    found = {"projections": projections(*settings), "rules": rules(*settings)}
    about = {"date": date.today().isoformat(), "machine": machine(), "versions": versions()}
    about |= {"threads": threads, "batch": batch, "clock": "processor" if cpu else "wall"}
    show(found)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about | found, indent=1) + "\n")


if __name__ == "__main__":
    main()
