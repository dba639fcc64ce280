"""Random networks of every shape, for exports: of these the simulators have to give each spike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import genn_delays as gd

INPUTS, STEPS, TRIALS = 12, 120, 2
Make = Callable[[np.random.Generator, int], gd.Neuron]


def lif(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.LIF(tau_mem=rng.uniform(5, 25), tau_syn=rng.uniform(2, 4.5))


def varied(rng: np.random.Generator, size: int) -> gd.Neuron:
    """Every unit with time constants and a threshold of its own, as training leaves them."""
    taus = rng.uniform(6, 25, size), rng.uniform(2, 5.5, size)
    return gd.LIF(tau_mem=taus[0], tau_syn=taus[1], threshold=rng.uniform(0.5, 1.2, size))


def equal(rng: np.random.Generator, size: int) -> gd.Neuron:
    """Both time constants are the same."""
    return gd.LIF(tau_mem=5.0, tau_syn=5.0)


def soft(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.LIF(tau_mem=rng.uniform(5, 25), tau_syn=3.0, soft_reset=True)


def held(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.LIF(tau_mem=15.0, tau_syn=4.0, refractory=rng.choice([0.0, 1.0, 2.0, 5.0], size))


def held_alike(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.LIF(tau_mem=15.0, tau_syn=4.0, refractory=float(rng.integers(1, 4)))


def adaptive(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.AdaptiveLIF(tau_mem=12.0, tau_syn=4.0, tau_adapt=60.0, b=rng.uniform(0.1, 0.8))


def held_adaptive(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.AdaptiveLIF(tau_mem=12.0, tau_syn=4.0, tau_adapt=60.0, b=0.4, refractory=3.0)


def coupled(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.AdaptiveLIF(tau_mem=12.0, tau_syn=4.0, tau_adapt=60.0, a=0.4, b=0.3)


def on_grid(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.DiscreteLIF(tau_mem=12.0, threshold=1.0)


def latched(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.DiscreteLIF(tau_mem=12.0, input_steps=2)


def wiped(rng: np.random.Generator, size: int) -> gd.Neuron:
    return gd.DiscreteLIF(tau_mem=12.0, input_steps=2, wipe_input=True)


def two_inputs(rng: np.random.Generator, size: int) -> gd.Neuron:
    """Excitatory and inhibitory currents of their own; a projection goes to either."""
    return gd.Equations(
        "dV/dt = (-V + g_e - g_i + drive) / tau\ndg_e/dt = -g_e / tau_e\ndg_i/dt = -g_i / tau_i",
        threshold="V >= theta",
        reset="V = 0",
        input=("g_e", "g_i"),
        parameters={"tau": 12.0, "tau_e": 3.0, "tau_i": 7.0, "theta": 0.9, "drive": 0.1},
    )


@dataclass(frozen=True)
class Case:
    """A network, its time step, and input for it.

    Attributes:
        dt: ms.
    """

    network: gd.Network
    dt: float

    @property
    def events(self) -> gd.Events:
        """One spike of a unit in a step at most, at odd times within steps."""
        rng = np.random.default_rng(7)
        trial, unit, step = np.nonzero(rng.random((TRIALS, INPUTS, STEPS)) < 0.08)
        return gd.Events((step + rng.uniform(0.1, 0.9, len(step))) * self.dt, unit, trial, TRIALS)


def case(seed: int, kinds: tuple[Make, ...]) -> Case:
    """The network of a seed: its shape, its neurons and its time step follow from it."""
    rng = np.random.default_rng(seed)
    dt = (1.0, 0.1)[seed % 2]
    make = kinds[seed % len(kinds)]
    hidden, out = int(rng.integers(8, 16)), int(rng.integers(3, 6))
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), INPUTS)
    net.add_population("hidden", make(rng, hidden), hidden)
    net.add_population("output", make(rng, out), out)
    scale = _scale(net, dt)
    _join(net, "input", "hidden", rng, dt, 0.8 * scale, density=rng.choice([0.5, 1.0]))
    _join(net, "hidden", "output", rng, dt, 1.0 * scale, kernel_count=int(rng.integers(1, 4)))
    if seed % 3 == 0:  # a skip connection
        _join(net, "input", "output", rng, dt, 0.5 * scale, density=0.4)
    if seed % 3 == 1:
        _join(net, "hidden", "hidden", rng, dt, 0.2 * scale, density=0.7)
    if seed % 6 == 2:  # a loop over both, and a second projection between the same
        _join(net, "output", "hidden", rng, dt, 0.2 * scale)
        _join(net, "hidden", "output", rng, dt, 0.5 * scale)
    return Case(net, dt)


def _scale(net: gd.Network, dt: float) -> float:
    """Weights that make neurons fire, whatever they are: input to V itself needs a tenth."""
    return 0.25 if net.populations["hidden"].neuron.on_grid else 1.0 + 0.2 / dt * (dt == 1.0)


def _join(
    net: gd.Network,
    pre: str,
    post: str,
    rng: np.random.Generator,
    dt: float,
    weight: float,
    **how: object,
) -> None:
    """Delays of 0, of the largest, half-way between steps, and of anything in between."""
    longest = 20 * dt
    states = net.populations[post].neuron.input_states
    made = net.connect(
        pre,
        post,
        target=states[int(rng.integers(len(states)))],
        weight=gd.init.Normal(weight, weight),
        delay=gd.init.Uniform(0, longest),
        max_delay=longest,
        **how,
    )
    delay = made.synapses.delay
    delay[::7] = 0.0
    delay[1::7] = longest
    ties = rng.integers(0, 19, len(delay[2::7])) + 0.5
    delay[2::7] = np.minimum(ties * dt, longest)
