"""A gradient of a small network of spike times, against eventax 0.1.0 (JAX, diffrax).

    python benchmarks/eventax_gradient.py

5 inputs of one spike each, 30 hidden and 3 output neurons, delays to 10 ms on every synapse, 60 ms,
loss on the times of the first output spikes, 64 trials. Both sides have the same weights, delays
and input, steps of 0.1 ms (eventax: Euler with a search for each crossing) and single precision.
They take turns, all cores are there for both. Needs ``pip install eventax==0.1.0``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median

import click
import numpy as np
import record

import genn_delays as gd

SIZES, TRIALS, DT, END = (5, 30, 3), 64, 0.1, 60.0
TAU_MEM, TAU_SYN = 20.0, 5.0
WEIGHTS = {"input->hidden": (2.2, 0.6), "hidden->output": (1.2, 0.6)}
"""Mean and standard deviation."""


def network() -> gd.Network:
    """The network of our side, whose numbers the other one takes."""
    net = gd.Network(seed=1)
    for name, size in zip(("input", "hidden", "output"), SIZES, strict=True):
        neuron = gd.Input() if name == "input" else gd.LIF(TAU_MEM, TAU_SYN, 1.0)
        net.add_population(name, neuron, size)
    for name, (mean, deviation) in WEIGHTS.items():
        net.connect(
            *name.split("->"),
            weight=gd.init.Normal(mean, deviation),
            delay=gd.init.Uniform(0, 10),
            max_delay=10.0,
            learn=("weight", "delay"),
        )
    return net


def ours(net: gd.Network, times: np.ndarray) -> tuple[Callable[[], np.ndarray], Callable[[], None]]:
    """First spikes (trials, 3) in ms, and a whole gradient."""
    trials, inputs = times.shape
    events = gd.Events(
        times.ravel(),
        np.tile(np.arange(inputs), trials),
        np.repeat(np.arange(trials), inputs),
        trials,
    )
    sim = gd.compile(
        net,
        gradient=gd.EventProp(),
        readout=gd.readouts.FirstSpike(),
        dt=DT,
        steps=round(END / DT),
        batch_size=trials,
        backend="native",
    )

    def gradient() -> None:
        sim.load(net)
        sim.backward(sim.forward(events) / END)

    return lambda: sim.forward(events), gradient


def theirs(net: gd.Network, times: np.ndarray) -> tuple[Callable[[], np.ndarray], Callable]:
    """The same of eventax."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    from eventax.evnn import EvNN
    from eventax.neuron_models import LIF

    hidden, output = SIZES[1:]
    count = hidden + output
    shape = (count + SIZES[0], count)
    weight, delay, mask = (np.zeros(shape, np.float32) for _ in range(3))
    # their rows are neurons first, then inputs
    for name, rows, columns in (
        ("input->hidden", count, 0),
        ("hidden->output", 0, hidden),
    ):
        t = net.projections[name].synapses
        weight[t.pre + rows, t.post + columns] = t.weight
        delay[t.pre + rows, t.post + columns] = t.delay
        mask[t.pre + rows, t.post + columns] = 1.0
    evnn = EvNN(
        LIF,
        n_neurons=count,
        in_size=SIZES[0],
        max_solver_time=END,
        solver_stepsize=DT,
        key=jax.random.PRNGKey(0),
        wmask=jnp.array(mask),
        init_delays=jnp.array(delay),
        init_weights=jnp.array(weight),
        init_bias=0.0,
        output_neurons=jnp.array([0.0] * hidden + [1.0] * output),
        input_neurons=jnp.array([1.0] * hidden + [0.0] * output),
        output_no_spike_value=END,
        thresh=1.0,
        tsyn=TAU_SYN,
        tmem=TAU_MEM,
    )
    inputs = jnp.array(times[:, :, None], jnp.float32)

    def loss(evnn: EvNN) -> jax.Array:
        first = jax.vmap(evnn.ttfs)(inputs)
        return jnp.sum(first**2) / (2 * END)

    spikes = eqx.filter_jit(lambda: jax.vmap(evnn.ttfs)(inputs))
    step = eqx.filter_jit(eqx.filter_grad(loss))
    gradient = lambda: jax.block_until_ready(step(evnn))  # noqa: E731
    return lambda: np.asarray(spikes()), gradient


def seconds(work: Callable[[], object], least: float) -> float:
    """Mean time of a call over at least so long."""
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < least:
        work()
        calls += 1
    return (time.perf_counter() - start) / calls


@click.command()
@click.option("--repeats", default=3)
def main(repeats: int) -> None:
    """Run both sides in turns; writes results/eventax.json."""
    times = np.random.default_rng(2).uniform(0.0, 30.0, (TRIALS, SIZES[0]))
    net = network()
    start = time.perf_counter()
    first, gradient = ours(net, times)
    gradient()
    our_start = time.perf_counter() - start
    start = time.perf_counter()
    other_first, other_gradient = theirs(net, times)
    other_gradient()
    their_start = time.perf_counter() - start
    one, other = first(), other_first()
    both = (one < END) & (other < END)
    found = record.about(repeats) | {
        "outputs that spike, ours and theirs": [
            float(np.mean(one < END)),
            float(np.mean(other < END)),
        ],
        "median difference of first spikes in ms": float(np.median(np.abs(one - other)[both])),
        "seconds to the first gradient": {"ours": our_start, "theirs": their_start},
        "seconds of a gradient": [
            {"ours": seconds(gradient, 2.0), "theirs": seconds(other_gradient, 5.0)}
            for _ in range(repeats)
        ],
    }
    found["ratio"] = median(r["theirs"] / r["ours"] for r in found["seconds of a gradient"])
    record.write(record.RESULTS / "eventax.json", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
