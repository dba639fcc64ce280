"""Neurons written as equations, each with weights at which three of them spike a few times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import genn_delays as gd

DURATION = 40.0
Weights = tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class Case:
    """A neuron, and (target, mean, deviation) of the weights of its inputs and of its own spikes.

    With these seeds no voltage only just reaches its threshold, where gradients grow without bound.
    """

    make: Callable[[], gd.Equations]
    inputs: Weights
    recurrent: Weights
    seed: int

    def network(self, recurrent: bool) -> gd.Network:
        """4 inputs, 3 of these neurons that learn all they have, 2 readouts."""
        neuron = self.make()
        net, drawn, several = gd.Network(self.seed), gd.init.Normal, len(neuron.input_states) > 1
        net.add_population("input", gd.Input(), 4)
        net.add_population("hidden", neuron, 3, learn=neuron.learnable)
        net.add_population("output", gd.LeakyReadout(tau_mem=12.0, tau_syn=4.0), 2)
        spread = {"delay": gd.init.Uniform(0.5, 7.0), "max_delay": 9.0}
        loops = self.recurrent if recurrent else ()
        for pre, lines in (("input", self.inputs), ("hidden", loops)):
            for target, mean, deviation in lines:
                port = target if several else None
                net.connect(pre, "hidden", weight=drawn(mean, deviation), target=port, **spread)
        net.connect("hidden", "output", weight=drawn(0.3, 0.6), **spread)
        return net


def inputs(seed: int = 1, count: int = 14) -> list[tuple[float, int]]:
    """(ms, unit), each in the first 28 ms."""
    rng = np.random.default_rng(seed)
    times, units = np.sort(rng.uniform(0, 28, count)), rng.integers(0, 4, count)
    return list(zip(times.tolist(), units.tolist(), strict=True))


def each(**values: float) -> dict[str, np.ndarray]:
    """A value per neuron, within 10 % of these."""
    rng = np.random.default_rng(3)
    return {name: value * rng.uniform(0.95, 1.05, 3) for name, value in values.items()}


def lif() -> gd.Equations:
    return gd.Equations(
        "dV/dt = (-V + I) / tau_mem\ndI/dt = -I / tau_syn",
        threshold="V >= theta",
        reset="V = V_r",
        parameters=each(tau_mem=15.0, tau_syn=4.0, theta=1.0, V_r=-0.3),
    )


def refractory_lif() -> gd.Equations:
    return gd.Equations(
        "dV/dt = (-V + I) / tau_mem (unless refractory)\ndI/dt = -I / tau_syn",
        threshold="V >= theta",
        reset="V = V_r",
        refractory=np.array([1.0, 2.0, 3.0]),
        parameters=each(tau_mem=15.0, tau_syn=4.0, theta=1.0, V_r=-0.3),
    )


def soft_reset() -> gd.Equations:
    return gd.Equations(
        "dV/dt = (-V + I) / tau_mem\ndI/dt = -I / tau_syn",
        threshold="V >= theta",
        reset="V -= theta",
        parameters=each(tau_mem=15.0, tau_syn=4.0, theta=1.0),
    )


def affine() -> gd.Equations:
    """A reversal of the leak, and a trial that begins elsewhere; a reset that scales."""
    return gd.Equations(
        """
        dV/dt = (E - V - w + I) / tau_mem
        dI/dt = -I / tau_syn
        dw/dt = (a * (V - E) - w) / tau_w
        """,
        threshold="V >= theta",
        reset="V = V_r; w = k * w + b",
        initial={"V": "V_0", "w": "0.5 * b"},
        parameters=each(
            E=-0.5, tau_mem=15.0, tau_syn=4.0, tau_w=30.0, a=0.2, theta=0.8, V_r=-0.4, V_0=-0.2
        )
        | each(k=0.8, b=0.15),
    )


def alpha() -> gd.Equations:
    return gd.neurons.alpha_lif(**each(tau_mem=15.0, tau_syn=3.0, threshold=1.0), refractory=1.5)


def conductance() -> gd.Equations:
    return gd.neurons.conductance_lif(
        **each(tau_mem=15.0, tau_e=3.0, tau_i=6.0, E_L=-60.0, E_e=5.0, E_i=-80.0)
        | {"threshold": np.array([-50.0, -49.0, -51.0]), "V_r": np.array([-60.0, -62.0, -61.0])},
        refractory=2.0,
    )


def eif() -> gd.Equations:
    """Its threshold where the upstroke is not yet much faster than a step."""
    return gd.neurons.eif(
        **each(tau_mem=10.0, tau_syn=5.0, E_L=-65.0, V_T=-59.9, delta_T=3.48, V_r=-68.0),
        threshold=np.array([-48.0, -49.0, -50.0]),
    )


def adex() -> gd.Equations:
    """As the one above."""
    return gd.neurons.adex(
        **each(tau_mem=9.4, tau_syn=5.0, tau_w=144.0, delta_T=2.0, a=0.13, b=2.7, V_r=-70.6)
        | {"E_L": np.array([-70.6, -70.0, -71.0]), "V_T": np.array([-50.4, -50.0, -51.0])},
        threshold=np.array([-43.0, -43.0, -44.0]),
        refractory=2.0,
    )


def qif() -> gd.Equations:
    return gd.neurons.qif(
        **each(tau_mem=10.0, tau_syn=5.0, eta=-1.0, V_0=-1.0, threshold=4.0, V_r=-3.0)
    )


def izhikevich() -> gd.Equations:
    return gd.neurons.izhikevich(
        **each(a=0.02, b=0.2, d=6.0, tau_syn=4.0),
        c=np.array([-65.0, -64.0, -66.0]),
        V_0=np.array([-70.0, -69.0, -71.0]),
        threshold=np.array([0.0, 1.0, -1.0]),
    )


def resonate_and_fire() -> gd.Equations:
    return gd.neurons.resonate_and_fire(**each(tau=17.0, omega=0.35, threshold=0.8, y_r=0.1))


def symplectic() -> gd.Equations:
    return gd.neurons.symplectic_lif(
        **each(tau_mem=15.0, tau_w=60.0, tau_syn=4.0, a=20.0, b=20.0, threshold=0.8)
    )


def delta() -> gd.Equations:
    """Arrivals jump V: every spike is caused by one."""
    return gd.Equations(
        "dV/dt = (E - V - w) / tau_mem\ndw/dt = -w / tau_w",
        threshold="V >= theta",
        reset="V = V_r; w += b",
        input="V",
        initial={"V": "E"},
        parameters=each(E=0.2, tau_mem=15.0, tau_w=20.0, theta=1.0, V_r=-0.2, b=0.2),
    )


def delta_and_current() -> gd.Equations:
    """Arrivals at either state; spikes of both kinds."""
    return gd.Equations(
        "dV/dt = (I - V - w) / tau_mem\ndI/dt = -I / tau_syn\ndw/dt = (a * V - w) / tau_w",
        threshold="V >= theta",
        reset="V = V_r; w += b",
        input=("V", "I"),
        parameters=each(tau_mem=15.0, tau_syn=4.0, tau_w=20.0, a=0.2, theta=1.0, V_r=-0.2, b=0.2),
    )


CASES = {
    "lif": Case(lif, (("I", 1.3, 0.6),), (("I", 0.2, 0.4),), 5),
    "refractory_lif": Case(refractory_lif, (("I", 1.3, 0.6),), (("I", 0.2, 0.4),), 11),
    "soft_reset": Case(soft_reset, (("I", 1.3, 0.6),), (("I", 0.2, 0.4),), 10),
    "affine": Case(affine, (("I", 2.0, 0.6),), (("I", 0.2, 0.4),), 10),
    "alpha": Case(alpha, (("J", 1.5, 0.6),), (("J", 0.2, 0.4),), 0),
    "conductance": Case(
        conductance,
        (("g_e", 1.0, 0.3), ("g_i", 0.4, 0.2)),
        (("g_e", 0.1, 0.05), ("g_i", 0.3, 0.1)),
        4,
    ),
    "eif": Case(eif, (("I", 11.0, 3.0),), (("I", 2.0, 4.0),), 5),
    "adex": Case(adex, (("I", 32.0, 6.0),), (("I", 4.0, 6.0),), 0),
    "qif": Case(qif, (("I", 3.8, 1.0),), (("I", 0.5, 1.0),), 4),
    "izhikevich": Case(izhikevich, (("I", 8.0, 2.0),), (("I", 1.0, 2.0),), 3),
    "resonate_and_fire": Case(resonate_and_fire, (("x", 0.5, 0.3),), (("x", 0.1, 0.2),), 5),
    "symplectic": Case(symplectic, (("I", 3.0, 0.6),), (("I", 0.2, 0.4),), 2),
    "delta": Case(delta, (("V", 0.6, 0.2),), (("V", 0.1, 0.2),), 0),
    "delta_and_current": Case(
        delta_and_current,
        (("V", 0.25, 0.1), ("I", 1.0, 0.4)),
        (("V", 0.1, 0.1), ("I", 0.2, 0.4)),
        7,
    ),
}
