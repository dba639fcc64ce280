"""An epoch of training against mlGeNN on GeNN's CPU backend.

    python benchmarks/mlgenn_epoch.py

320 trials of 120-128-20, 1,000 steps of 1 ms, 2,000 input spikes each, EventProp, weights and
delays (to 62 ms) of the first projection learnt by Adam. mlGeNN runs one trial at a time there,
with one thread; we run batches of 32, with one and with two. Both start from the same weights and
delays and train one epoch to warm up. Needs PyGeNN and mlGeNN 2.4 (tag ``ml_genn_2_4_0``) in this
interpreter.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from statistics import median

import click
import numpy as np
import record

import genn_delays as gd
from genn_delays.training import Optimiser
from genn_delays.training.update_rules import Adam

SIZES, TRIALS, STEPS, EVENTS, DELAY = (120, 128, 20), 320, 1000, 2000, 62.0
WEIGHTS = {"input->hidden": (0.1, 0.05), "hidden->output": (0.0, 0.05)}


def network() -> gd.Network:
    """Our network, whose weights and delays the other one takes."""
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), SIZES[0])
    net.add_population("hidden", gd.LIF(20.0, 5.0, 1.0), SIZES[1])
    net.add_population("output", gd.LeakyReadout(20.0, 5.0), SIZES[2])
    delays = {"delay": gd.init.Uniform(0, DELAY), "max_delay": DELAY, "learn": ("weight", "delay")}
    first, second = (gd.init.Normal(*values) for values in WEIGHTS.values())
    net.connect("input", "hidden", weight=first, **delays)
    net.connect("hidden", "output", weight=second)
    return net


def trials() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Times in whole ms and units of each trial, no two alike, and labels."""
    rng = np.random.default_rng(3)
    cells = [np.sort(rng.choice(STEPS * SIZES[0], EVENTS, replace=False)) for _ in range(TRIALS)]
    times = [cell // SIZES[0] for cell in cells]
    return times, [cell % SIZES[0] for cell in cells], rng.integers(0, SIZES[2], TRIALS)


def ours(net: gd.Network, threads: int, batch: int = 32) -> tuple[Callable[[], float], Callable]:
    """An epoch, which returns its loss; and the mean spikes of a hidden neuron in a trial."""
    times, units, labels = trials()
    sim = gd.compile(
        net,
        gradient=gd.EventProp(),
        readout=gd.readouts.ExponentialMeanVoltage(),
        dt=1.0,
        steps=STEPS,
        batch_size=batch,
        backend="native",
        threads=threads,
    )
    optimiser, loss = Optimiser(Adam(1e-4), Adam(1e-2)), gd.losses.CrossEntropy()
    batches = []
    for k in range(0, TRIALS, batch):
        lengths = [len(t) for t in times[k : k + batch]]
        events = gd.Events(
            np.concatenate(times[k : k + batch]).astype(np.float32),
            np.concatenate(units[k : k + batch]),
            np.repeat(np.arange(len(lengths)), lengths),
            len(lengths),
        )
        batches.append((events, labels[k : k + batch]))

    def epoch() -> float:
        total = 0.0
        for events, wanted in batches:
            value, drive = loss(sim.forward(events), wanted)
            optimiser.step(net, sim.backward(drive))
            sim.load(net)
            total += value * len(wanted)
        return total / TRIALS

    return epoch, lambda: float(sim.spike_counts("hidden").mean())


def theirs(net: gd.Network) -> Callable[[], float]:
    """An epoch of mlGeNN, which returns its accuracy."""
    from ml_genn import Connection, Network, Population
    from ml_genn.compilers import EventPropCompiler
    from ml_genn.compilers.event_prop_compiler import default_params
    from ml_genn.connectivity import Dense
    from ml_genn.neurons import LeakyIntegrate, LeakyIntegrateFire, SpikeInput
    from ml_genn.optimisers import Adam as TheirAdam
    from ml_genn.synapses import Exponential
    from ml_genn.utils.data import preprocess_spikes

    times, units, labels = trials()
    tables = [net.projections[name].synapses for name in WEIGHTS]
    shapes = [(SIZES[0], SIZES[1]), (SIZES[1], SIZES[2])]
    weights = [t.weight.reshape(s).astype(np.float32) for t, s in zip(tables, shapes, strict=True)]
    delays = np.rint(tables[0].delay).reshape(shapes[0]).astype(np.float32)
    model = Network(default_params)
    with model:
        source = Population(SpikeInput(max_spikes=EVENTS), SIZES[0])
        hidden = Population(
            LeakyIntegrateFire(v_thresh=1.0, tau_mem=20.0, tau_refrac=None), SIZES[1]
        )
        output = Population(LeakyIntegrate(tau_mem=20.0, readout="avg_var_exp_weight"), SIZES[2])
        first = Connection(source, hidden, Dense(weights[0], delays), Exponential(5.0))
        first.max_delay_steps = round(DELAY) + 1
        Connection(hidden, output, Dense(weights[1]), Exponential(5.0))
    compiler = EventPropCompiler(
        example_timesteps=STEPS,
        losses="sparse_categorical_crossentropy",
        optimiser=TheirAdam(1e-4),
        delay_optimiser=TheirAdam(1e-2),
        delay_learn_conns=[first],
        batch_size=1,
        max_spikes=500,
        backend="single_threaded_cpu",
    )
    with tempfile.TemporaryDirectory() as folder:  # GeNN writes its code where it is called
        home = os.getcwd()
        os.chdir(folder)
        compiled = compiler.compile(model)
        compiled.__enter__()
        os.chdir(home)
    spikes = [preprocess_spikes(t, u, SIZES[0]) for t, u in zip(times, units, strict=True)]

    def epoch() -> float:
        options = {"num_epochs": 1, "shuffle": False, "callbacks": []}
        metrics, _ = compiled.train({source: spikes}, {output: labels}, **options)
        return metrics[output].result

    return epoch


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@click.command()
@click.option("--repeats", default=3)
def main(repeats: int) -> None:
    """All sides in turns; writes results/mlgenn.json."""
    other = theirs(network())
    sides = {"mlgenn": other}
    for threads in (1, 2):
        sides[f"threads_{threads}"], spikes = ours(network(), threads)
    for side in sides.values():
        side()
    runs = [{name: seconds(side) for name, side in sides.items()} for _ in range(repeats)]
    found = record.about(repeats) | {"spikes": spikes(), "seconds": runs}
    for name in ("threads_1", "threads_2"):
        found[f"ratio_{name}"] = median(run["mlgenn"] / run[name] for run in runs)
    record.write(record.RESULTS / "mlgenn.json", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
