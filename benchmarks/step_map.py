"""What a step of a neuron written as equations costs against a step of LIF, by EventProp.

    python benchmarks/step_map.py

Forwards and backwards, one thread, processor time. The sides run in turns in one process: minima,
and the ratio of medians beside them, since work of others slows LIF down by more. No synapses but
one of weight 0 for each neuron, a mean of voltages read. ``CC="cc -mno-avx512f"`` takes AVX-512
away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
import numpy as np

import genn_delays as gd

SIZES = ((512, 16), (128, 4))
"""Neurons and trials."""
STEPS = 500
WRITTEN = gd.Equations(
    "dV/dt = (I - V) / tau_mem\ndI/dt = -I / tau_syn",
    threshold="V >= theta",
    reset="V = 0",
    parameters={"tau_mem": 20.0, "tau_syn": 5.0, "theta": 1.0},
)
SIDES = {"LIF": gd.LIF(20.0, 5.0), "LIF as equations": WRITTEN, "AdEx": gd.neurons.adex()}


def simulations(neurons: int, trials: int, precision: str) -> Iterator[tuple[str, gd.Simulation]]:
    """A compiled network for each side."""
    for name, neuron in SIDES.items():
        net = gd.Network(seed=1)
        net.add_population("input", gd.Input(), 1)
        net.add_population("hidden", neuron, neurons)
        several = len(neuron.input_states) > 1
        target = neuron.input_states[0] if several else None
        net.connect("input", "hidden", weight=0.0, target=target)
        yield (
            name,
            gd.compile(
                net,
                readout=gd.readouts.MeanVoltage(population="hidden"),
                steps=STEPS,
                batch_size=trials,
                backend="native",
                precision=precision,
                threads=1,
            ),
        )


def seconds(simulation: gd.Simulation, trials: int) -> tuple[float, float]:
    """Processor time of a forward and of a backward pass."""
    nothing = gd.Events(np.zeros(0), np.zeros(0, int), np.zeros(0, int), trials)
    start = time.process_time()
    outputs = simulation.forward(nothing)
    middle = time.process_time()
    simulation.backward(np.ones_like(outputs))
    return middle - start, time.process_time() - middle


@click.command()
@click.option("--repeats", default=25, show_default=True)
@click.option("--precision", type=click.Choice(["float32", "float64"]), default="float32")
def main(repeats: int, precision: str) -> None:
    """Nanoseconds of a neuron and step, and their ratio to LIF."""
    print("| network | neuron | forwards, ns | backwards, ns | over LIF | over LIF, medians |")
    print("|---|---|---|---|---|---|")
    for neurons, trials in SIZES:
        made = dict(simulations(neurons, trials, precision))
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in made}
        for _ in range(repeats):
            for name, simulation in made.items():
                taken[name].append(seconds(simulation, trials))
        both = {name: np.sum(np.array(each), axis=1) for name, each in taken.items()}
        for name, each in taken.items():
            forwards, backwards = 1e9 * np.min(each, axis=0) / (neurons * trials * STEPS)
            least = both[name].min() / both["LIF"].min()
            middle = np.median(both[name]) / np.median(both["LIF"])
            print(
                f"| {neurons} neurons, {trials} trials | {name} | {forwards:.2f} | {backwards:.2f} "
                f"| {least:.2f} | {middle:.2f} |"
            )
        for simulation in made.values():
            simulation.close()


if __name__ == "__main__":
    main()
