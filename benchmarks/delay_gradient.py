"""How well forms of -da_in/dt at an arrival step give the delay gradient of continuous time.

    python benchmarks/delay_gradient.py

Random networks (2 trials of 100 ms, read by an exponentially weighted mean voltage): LIF,
AdaptiveLIF, soft reset and refractory neurons, feed-forward and recurrent. Each form goes back over
the same spikes on the time grid, through the spike times of hidden neurons too, and is compared
with the same network at 0.005 ms: rank correlation over the synapses of a network, share of right
signs, relative error of the whole vector. There delays are longer by what the coarser grid adds to
each, one and a half steps on average; ``--same`` leaves them. The last column: in how many networks
the form that the engines have, "right", has the higher rank correlation.
"""

from __future__ import annotations

from collections import defaultdict

import click
import numpy as np
from scipy.stats import spearmanr

import genn_delays as gd
from genn_delays.backends.reference import EventPropSimulation
from genn_delays.planning.dynamics import PlannedPopulation
from genn_delays.planning.plan import make_plan

INPUTS, HIDDEN, OUTPUTS, TRIALS, EVENTS = 12, 16, 3, 2, 60
DURATION, FINE = 100.0, 0.005
LIF = {"tau_mem": 15.0, "tau_syn": 4.0}
NEURONS = (
    gd.LIF(**LIF),
    gd.AdaptiveLIF(**LIF, tau_adapt=60.0, a=0.2, b=0.2),
    gd.LIF(**LIF, soft_reset=True),
    gd.LIF(**LIF, refractory=4.0),
)
FORMS = ("right", "central", "central without jump", "central, right at spikes", "one-sided")
READOUT = gd.readouts.ExponentialMeanVoltage()


class Form(EventPropSimulation):
    """The reference backend with another form of the delay gradient.

    With a the adjoint after sample and jump of a step, b without the jump, D = (P - 1) e_in / dt:
    right a[t+1].D; central (a[t] + a[t+1]).D / 2, or b[t] for a[t]; one-sided a[t].M e_in.
    """

    form = "right"

    def _jump(self, t, k, p, a, time_gradient, voltage_gradient):
        self.unjumped = a.copy()
        self.unjumped[..., p.threshold_state] += voltage_gradient
        return super()._jump(t, k, p, a, time_gradient, voltage_gradient)

    def _shift(self, t: int, k: int, p: PlannedPopulation, a: np.ndarray) -> None:
        onward, spiked = self.shift[k][t][..., 0].copy(), self.fired[k][t] > 0
        super()._shift(t, k, p, a)
        if self.form == "one-sided":
            self.shift[k][t][..., 0] = np.einsum("bni,ni->bn", a, p.flow[:, :, p.input_state])
        elif self.form != "right":
            if self.form == "central without jump" and p.threshold is not None:
                a, v = self.unjumped, p.threshold_state
                a[..., v] = np.where(self._held(t, k, p), 0, a[..., v])
            central = (onward + np.einsum("bni,ni->bn", a, p.arrival_shift)) / 2
            alone = spiked & (self.form == "central, right at spikes")
            self.shift[k][t][..., 0] = np.where(alone, onward, central)


def network(neuron: gd.Neuron, recurrent: bool, count: int, longer: float) -> gd.Network:
    """``count`` independent networks side by side; ``longer`` ms on every delay."""
    net, rng = gd.Network(), np.random.default_rng([3, recurrent])
    sizes = {"input": INPUTS, "hidden": HIDDEN, "output": OUTPUTS}
    for name, kind in zip(sizes, (gd.Input(), neuron, gd.LeakyReadout()), strict=True):
        net.add_population(name, kind, sizes[name] * count)
    joined = {("input", "hidden"): (0.4, 0.4), ("hidden", "output"): (0.2, 0.5)}
    if recurrent:
        joined["hidden", "hidden"] = (0.0, 0.2)
    for (pre, post), (mean, spread) in joined.items():
        block = np.indices((count, sizes[pre], sizes[post])).reshape(3, -1)
        pairs = (block[0] * sizes[pre] + block[1], block[0] * sizes[post] + block[2])
        weight = rng.normal(mean, spread, len(block[0]))
        delay = rng.uniform(0, 10, len(block[0])) + longer
        net.connect(pre, post, pairs=pairs, weight=weight, delay=delay)
    return net


def batch(count: int) -> tuple[gd.Events, np.ndarray]:
    """(events of all networks and trials, dL/d outputs)."""
    rng = np.random.default_rng(5)
    trial, block = np.indices((TRIALS, count)).repeat(EVENTS, axis=-1).reshape(2, -1)
    unit = block * INPUTS + rng.integers(0, INPUTS, len(trial))
    time = rng.uniform(0, 0.6 * DURATION, len(trial))
    return gd.Events(time, unit, trial, TRIALS), rng.normal(size=(TRIALS, OUTPUTS * count))


def gradients(simulation, events: gd.Events, drive, count: int) -> dict[str, np.ndarray]:
    """Delay gradients (count, synapses) onto "neurons" and onto the "readout"."""
    simulation.forward(events)
    rows = {k: g.delay.reshape(count, -1) for k, g in simulation.backward(drive).items()}
    readout = rows.pop("hidden->output")
    return {"neurons": np.concatenate(list(rows.values()), axis=1), "readout": readout}


def scores(found: np.ndarray, exact: np.ndarray) -> list[tuple[float, float, float]]:
    """(rank correlation, share of right signs, relative error) of each network."""
    ranks = [spearmanr(f, e).statistic for f, e in zip(found, exact, strict=True)]
    signs = np.mean(np.sign(found) == np.sign(exact), axis=1)
    errors = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
    return list(zip(ranks, signs, errors, strict=True))


def compare(neuron: gd.Neuron, recurrent: bool, count: int, dt: float, aligned: bool):
    """Yield (form, target, scores) of one family of networks."""
    events, drive = batch(count)
    fine = network(neuron, recurrent, count, 1.5 * (dt - FINE) if aligned else 0.0)
    settings = {"readout": READOUT, "batch_size": TRIALS, "precision": "float64"}
    steps = round(DURATION / FINE)
    with gd.compile(fine, dt=FINE, steps=steps, backend="native", **settings) as simulation:
        exact = gradients(simulation, events, drive, count)
    net = network(neuron, recurrent, count, 0.0)
    rule, steps = gd.EventProp(), round(DURATION / dt)
    simulation = Form(make_plan(net, gradient=rule, dt=dt, steps=steps, **settings), net)
    for form in FORMS:
        simulation.form = form
        found = gradients(simulation, events, drive, count)
        for target in found:
            yield form, target, scores(found[target], exact[target])


@click.command()
@click.option("--count", default=13, help="networks of each of the eight kinds")
@click.option("--aligned/--same", default=True, help="longer delays on the fine grid")
def main(count: int, aligned: bool) -> None:
    """Print the table as Markdown: mean and range over the networks."""
    found = defaultdict(list)
    for dt in (0.5, 1.0, 2.0):
        for neuron in NEURONS:
            for recurrent in (False, True):
                for form, target, rows in compare(neuron, recurrent, count, dt, aligned):
                    found[target, dt, form].extend(rows)
    print("| onto | dt | form | rank correlation | right signs | relative error | ranks better |")
    print("|---|---|---|---|---|---|---|")
    for target in ("neurons", "readout"):
        for dt in (0.5, 1.0, 2.0):
            right = np.array(found[target, dt, "right"])[:, 0]
            for form in FORMS:
                values = np.array(found[target, dt, form]).T
                cells = [f"{v.mean():.3f} ({v.min():.2f} to {v.max():.2f})" for v in values]
                worse = "" if form == "right" else f"{100 * np.mean(right > values[0]):.0f} %"
                print(f"| {target} | {dt:g} | {form} | {' | '.join(cells)} | {worse} |")


if __name__ == "__main__":
    main()
