"""Every neuron that ships, each a population of one network: models of PyGeNN build slowly."""

from __future__ import annotations

import numpy as np
from equations_zoo import CASES, Case

import genn_delays as gd
from genn_delays.planning.gradients import GradientRule

DT, STEPS = 0.5, 100
AS_CASES = {
    "adex": "adex",
    "alpha_lif": "alpha",
    "conductance_lif": "conductance",
    "eif": "eif",
    "izhikevich": "izhikevich",
    "qif": "qif",
    "resonate_and_fire": "resonate_and_fire",
    "symplectic_lif": "symplectic",
}
"""Neurons of the name, as cases of the zoo."""
LINEAR = {
    "lif": lambda: gd.LIF(tau_mem=np.array([14.0, 15.0, 17.0]), tau_syn=4.0, refractory=1.5),
    "adaptive_lif": lambda: gd.AdaptiveLIF(tau_mem=15.0, b=0.2),
    "discrete_lif": lambda: gd.DiscreteLIF(tau_mem=9.0, input_steps=2, wipe_input=True),
}
READOUTS = {
    "leaky_readout": lambda: gd.LeakyReadout(tau_mem=12.0, tau_syn=4.0),
    "discrete_readout": lambda: gd.DiscreteReadout(tau_mem=np.array([12.0, 15.0]), input_steps=1),
}
ON_GRID = ("discrete_lif", "discrete_readout")
"""What has no EventProp."""


def shipped(rule: GradientRule, recurrent: bool, learn: bool = True, seed: int = 6) -> gd.Network:
    """4 inputs, 3 of each spiking neuron, 2 of each readout; what can learn does."""
    surrogate = isinstance(rule, gd.Surrogate)
    cases = {name: CASES[case] for name, case in AS_CASES.items()}
    weights = (("I", 1.3, 0.6),), (("I", 0.2, 0.4),)
    cases |= {n: Case(make, *weights, 0) for n, make in LINEAR.items()}
    net, drawn = gd.Network(seed), gd.init.Normal
    spread = {"delay": gd.init.Uniform(0.5, 7.0), "max_delay": 9.0}
    net.add_population("input", gd.Input(), 4)
    readouts = {n: make for n, make in READOUTS.items() if surrogate or n not in ON_GRID}
    for name, make in readouts.items():
        neuron = make()
        net.add_population(name, neuron, 2, learn=neuron.learnable if learn else ())
    for name, case in cases.items():
        if name in ON_GRID and not surrogate:
            continue
        neuron = case.make()
        net.add_population(name, neuron, 3, learn=neuron.learnable if learn else ())
        several = len(neuron.input_states) > 1
        for pre, lines in (("input", case.inputs), (name, case.recurrent if recurrent else ())):
            for target, mean, deviation in lines:
                port = target if several else None
                net.connect(pre, name, weight=drawn(mean, deviation), target=port, **spread)
        for readout in readouts:
            net.connect(name, readout, weight=drawn(0.3, 0.6), **spread)
    return net


def events(trials: int = 2, seed: int = 1) -> gd.Events:
    """20 events of the 4 inputs in each trial, none two of a unit in one step."""
    rng, cells = np.random.default_rng(seed), []
    for trial in range(trials):
        place = np.sort(rng.choice(60 * 4, 20, replace=False))
        cells += [(step * DT, unit, trial) for step, unit in zip(*divmod(place, 4), strict=True)]
    time, unit, trial = map(np.array, zip(*cells, strict=True))
    return gd.Events(time, unit.astype(int), trial.astype(int), trials)


def run(net: gd.Network, rule: GradientRule, backend: str, read: str = "leaky_readout"):
    """Outputs, gradients, and spikes of each spiking population."""
    options = {"dt": DT, "steps": STEPS, "batch_size": 2, "precision": "float64"}
    readout = gd.readouts.MeanVoltage(population=read)
    with gd.compile(net, gradient=rule, readout=readout, backend=backend, **options) as simulation:
        outputs = simulation.forward(events())
        spiking = [n for n, p in net.populations.items() if p.neuron.spiking]
        drive = {name: np.array([0.1, -0.2, 0.3]) for name in spiking}
        gradients = simulation.backward(np.array([[1.0, -0.7], [0.4, 0.9]]), drive)
        return outputs, gradients, [simulation.spikes(name) for name in spiking]
