"""Networks of neurons written as equations, one of each kind of step, and batches for them."""

from __future__ import annotations

import numpy as np

import genn_delays as gd

Normal, Uniform = gd.init.Normal, gd.init.Uniform
STEPS = 70
ADEX = """
dV/dt = (-(V - E) + D*exp((V - V_T)/D) - w)/tau_mem + I  (unless refractory)
dw/dt = (a*(V - E) - w)/tau_w
dI/dt = -I/tau_syn
"""
OF_ADEX = {"E": -1.0, "D": 0.2, "V_T": 0.6, "theta": 1.0, "V_r": -0.2, "tau_mem": 20.0}
OF_ADEX |= {"tau_w": 50.0, "a": 0.1, "b": 0.2, "tau_syn": 5.0}


def adex(method: str = "auto", substeps: int = 1, refractory: float = 0.0) -> gd.Equations:
    return gd.Equations(
        ADEX,
        threshold="V >= theta",
        reset="V = V_r; w += b",
        refractory=refractory,
        initial={"V": "E"},
        method=method,
        substeps=substeps,
        parameters=OF_ADEX,
    )


def eif() -> gd.Equations:
    varied = np.linspace(8.0, 25.0, 21)
    return gd.Equations(
        "dV/dt = (-V + D*exp((V - 0.7)/D))/tau + I\ndI/dt = -I/tau_syn",
        threshold="V >= theta",
        reset="V = 0",
        parameters={"D": 0.15, "tau": varied, "tau_syn": 4.0, "theta": 1.2},
    )


def qif() -> gd.Equations:
    return gd.Equations(
        "dV/dt = (V*(V - V_c)*k + I)/tau\ndI/dt = -I/tau_syn",
        threshold="V >= theta",
        reset="V = V_r",
        initial={"V": "V_r"},
        parameters={"V_c": 0.6, "k": 1.5, "tau": 8.0, "tau_syn": 5.0, "theta": 1.5, "V_r": -0.2},
    )


def izhikevich() -> gd.Equations:
    return gd.Equations(
        """
        dV/dt = 0.04*V**2 + 5*V + 140 - u + I
        du/dt = a*(b*V - u)
        dI/dt = -I/tau_syn
        """,
        threshold="V >= 30",
        reset="V = c; u += d",
        initial={"V": "c", "u": "b*c"},
        parameters={"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "tau_syn": 4.0},
    )


def conductance() -> gd.Equations:
    return gd.Equations(
        """
        dV/dt = (-(V - E) + g*(E_e - V) + h*(E_i - V))/tau
        dg/dt = -g/tau_e
        dh/dt = -h/tau_i
        """,
        threshold="V >= theta",
        reset="V = V_r",
        input=("g", "h"),
        parameters={"E": 0.0, "E_e": 3.0, "E_i": -0.5, "tau": 15.0, "tau_e": 4.0, "tau_i": 7.0}
        | {"theta": 0.5, "V_r": 0.05},
    )


def delta() -> gd.Equations:
    return gd.Equations(
        "dV/dt = -V/tau + A/20\ndA/dt = (V - A)/30",
        threshold="V >= theta",
        reset="V = V_r*V; A += 0.1",
        input=("V", "A"),
        parameters={"tau": 12.0, "theta": 0.9, "V_r": 0.1},
    )


def driven() -> gd.Equations:
    return gd.Equations(
        """
        dV/dt = (E - V + I)/tau  (unless refractory)
        dI/dt = -I/tau_syn
        dA/dt = (V - A)/30
        """,
        threshold="V >= theta",
        reset="V = V_r; A += 0.1",
        refractory=np.linspace(0, 6, 21).round(),
        initial={"V": "E - 0.5"},
        parameters={"E": 0.7, "tau": 12.0, "tau_syn": 5.0, "theta": 1.0, "V_r": 0.0},
    )


def clipped() -> gd.Equations:
    """Every function that there is."""
    return gd.Equations(
        """
        s = clip(V, -1, 2) + 0.1*tanh(3*V)*sqrt(1 + I**2) - 0.01*abs(I)**1.5 + 0.1*exprel(V)
        dV/dt = (-V + 0.3*s + max(I, 0.1*V) - min(I, 0)*0.1)/tau
        dI/dt = -I/tau_syn + 0.01*sin(V)*cos(I)/log(3 + V**2)
        """,
        threshold="V >= theta",
        reset="V = 0.1*V",
        method="rk4",
        parameters={"tau": 6.0, "tau_syn": 4.0, "theta": 0.5},
    )


WEIGHTS = {
    "adex": (adex, 0.03),
    "adex in substeps": (lambda: adex("rk4", 2, 3.0), 0.03),
    "adex by exponential Euler": (lambda: adex("exponential_euler"), 0.03),
    "eif": (eif, 0.05),
    "qif": (qif, 0.4),
    "izhikevich": (izhikevich, 2.0),
    "conductance": (conductance, 0.15),
    "delta": (delta, 0.15),
    "driven": (driven, 0.7),
    "clipped": (clipped, 0.3),
    "lif": (lambda: gd.LIF(refractory=2.0), 0.6),
    "adaptive": (lambda: gd.AdaptiveLIF(tau_mem=10.0, b=0.4), 0.6),
}
"""Each neuron with the scale of the weights onto it."""


def network(
    kind: str, shape: str = "feedforward", learn: bool = True, neuron: gd.Neuron | None = None
) -> gd.Network:
    """Inputs, a population of this neuron, a LIF population and readouts.

    Args:
        shape: "feedforward", "recurrent" (the population onto itself) or "looped" (over both).
        learn: every parameter of the neuron is learnt.
    """
    make, scale = WEIGHTS[kind] if neuron is None else (lambda: neuron, 1.0)
    neuron = make()
    net = gd.Network(seed=5)
    net.add_population("input", gd.Input(), 13)
    net.add_population("hidden", neuron, 21, learn=neuron.learnable if learn else ())
    net.add_population("lif", gd.LIF(tau_mem=10.0, refractory=2.0), 18)
    net.add_population("output", gd.LeakyReadout(), 5)
    several = len(neuron.input_states) > 1
    for k, state in enumerate(neuron.input_states):
        wide = {
            "weight": Normal(scale / (1 + k), 0.6 * scale),
            "target": state if several else None,
        }
        net.connect("input", "hidden", delay=Uniform(0, 9), max_delay=20, **wide)
        if shape != "feedforward":
            wide["weight"] = Normal(0.0, 0.3 * scale)
            net.connect("hidden", "hidden", delay=Uniform(0, 12), name=f"loop {k}", **wide)
    net.connect("hidden", "lif", weight=Normal(0.5, 0.5), delay=Uniform(0, 9))
    if shape == "looped":
        onto = {"target": neuron.input_states[0] if several else None}
        net.connect("lif", "hidden", weight=Normal(0, 0.3 * scale), delay=Uniform(0, 9), **onto)
    net.connect("lif", "output", weight=Normal(0, 0.5), delay=Uniform(0, 5))
    net.connect("hidden", "output", weight=Normal(0, 0.5), delay=Uniform(0, 5), density=0.7)
    return net


def with_kernels(kind: str, shape: str, sigma: float, **populations) -> gd.Network:
    """A network of the same shape with delay kernels, and what is asked for of its population."""
    made, net = network(kind, shape), gd.Network(seed=5)
    for name, p in made.populations.items():
        asked = populations if name == "hidden" else {}
        net.add_population(name, p.neuron, p.size, learn=p.learn, **asked)
    for name, q in made.projections.items():
        net.connect(
            q.pre.name,
            q.post.name,
            name=name,
            target=q.target,
            weight=gd.init.Normal(float(q.synapses.weight.mean()), float(q.synapses.weight.std())),
            delay=gd.init.Uniform(0, 8),
            max_delay=30.0,
            kernel=gd.kernels.Gaussian(sigma=sigma),
        )
    return net


def batch(trials: int = 5, events: int = 400, graded: bool = False, seed: int = 1) -> gd.Events:
    """Random events for the 13 inputs at dt = 1 ms."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(0.2, 1.5, events) if graded else None
    time, unit = rng.uniform(0, STEPS, events), rng.integers(0, 13, events)
    return gd.Events(time, unit, rng.integers(0, trials, events), trials, value)
