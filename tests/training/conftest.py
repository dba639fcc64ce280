"""A task small enough for the reference backend: which of two inputs spikes more often."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.base import Simulation
from genn_delays.datasets.base import Dataset, Split
from genn_delays.training import Adam, Optimiser, Trainer

UNITS, STEPS, BATCH = 4, 20, 4


def make_split(trials: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    labels = np.arange(trials) % 2
    times, units = [], []
    for label in labels:
        preferred = rng.random(12) < 0.95
        units.append(np.where(preferred, 2 * label, 2 - 2 * label) + rng.integers(0, 2, 12))
        times.append(rng.uniform(0.0, STEPS - 1.0, 12).astype(np.float32))
    return Split.from_events(gd.Events.from_lists(times, units), labels)


def make_network(seed: int = 1, hidden_weight: float = 1.5) -> gd.Network:
    network = gd.Network(seed=seed)
    network.add_population("input", gd.Input(), UNITS)
    network.add_population("hidden", gd.LIF(tau_mem=10.0, tau_syn=3.0), 5)
    network.add_population("output", gd.LeakyReadout(tau_mem=10.0, tau_syn=3.0), 2)
    network.connect(
        "input",
        "hidden",
        weight=gd.init.Normal(hidden_weight, 0.3),
        delay=gd.init.Uniform(0.0, 4.0),
        max_delay=5.0,
        learn=("weight", "delay"),
    )
    network.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.5))
    return network


def make_surrogate_network(seed: int = 1) -> gd.Network:
    """Everything that the surrogate rule can learn, in a few neurons."""
    network = gd.Network(seed=seed)
    network.add_population("input", gd.Input(), UNITS)
    network.add_population(
        "hidden",
        gd.DiscreteLIF(tau_mem=10.0, input_steps=1, wipe_input=True),
        5,
        normalise=gd.BatchNorm(),
        dropout=0.4,
        tail=2.0,
        learn=("tau_mem",),
    )
    readout = gd.DiscreteReadout(tau_mem=np.array([8.0, 12.0]))
    learn = {"bias": (-2.0, 2.0), "tau_mem": (4.0, 40.0)}
    network.add_population("output", readout, 2, bias=0.1, learn=learn)
    delays = {"delay": gd.init.Uniform(0.0, 4.0), "max_delay": 5.0, "learn": ("weight", "delay")}
    weight, gaussian = gd.init.Normal(0.5, 0.5), gd.kernels.Gaussian(2.0)
    network.connect("input", "hidden", weight=weight, kernel=gaussian, lag=0, **delays)
    triangle = gd.kernels.Triangle(1.0)
    network.connect("hidden", "output", weight=weight, kernel=triangle, kernel_count=2, **delays)
    return network


def compile_network(network, backend="reference", precision="float64", **changes) -> Simulation:
    arguments = {"dt": 1.0, "steps": STEPS, "batch_size": BATCH} | changes
    return gd.compile(network, backend=backend, precision=precision, **arguments)


@dataclass(frozen=True)
class Jitter:
    """Augmentation that moves every event by up to half a millisecond."""

    def __call__(self, events, rng, *, units, duration):
        time = np.clip(events.time + rng.uniform(-0.5, 0.5, len(events)), 0.0, duration - 1.0)
        return gd.Events(time, events.unit, events.trial, events.trials, events.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.h5"


@pytest.fixture
def network() -> gd.Network:
    return make_network()


@pytest.fixture
def dataset() -> Dataset:
    """Ten training trials: batches of 4, 4 and 2."""
    return Dataset(
        name="toy",
        train=make_split(10, 0),
        validation=make_split(6, 1),
        test=make_split(6, 2),
        units=UNITS,
        classes=2,
        duration=float(STEPS),
        class_names=("first", "second"),
    )


@pytest.fixture
def make_trainer(dataset):
    """A trainer of a network, with everything overridable by keyword."""

    def make(network, **changes):
        arguments = {
            "dataset": dataset,
            "loss": gd.losses.CrossEntropy(scale=20.0),
            "optimiser": Optimiser(weight=Adam(0.02), delay=Adam(0.1)),
            "epochs": 3,
            "batch_size": BATCH,
            "seed": 7,
            **changes,
        }
        simulation = arguments.pop("simulation", None) or compile_network(network)
        return Trainer(network, simulation, arguments.pop("dataset"), **arguments)

    return make


@pytest.fixture
def columns():
    """Every column of every table of a network, to compare bit for bit."""

    def copy(network):
        result = {}
        for name, projection in network.projections.items():
            table = projection.synapses
            named = {c: getattr(table, c) for c in ("pre", "post", "weight", "delay")} | table.state
            result |= {(name, column): values.copy() for column, values in named.items()}
        for name, population in network.populations.items():
            named = population.units.columns | population.units.state
            result |= {(name, column): values.copy() for column, values in named.items()}
        return result

    return copy


class Fixed:
    """A simulation of one hidden population whose spike counts and outputs are given."""

    def __init__(self, counts: dict[str, np.ndarray], gradient=None) -> None:
        self.counts = counts
        self.plan = SimpleNamespace(batch_size=BATCH, gradient=gradient or gd.EventProp())

    def spike_counts(self, population: str) -> np.ndarray:
        return self.counts[population]


@pytest.fixture
def fixed_simulation():
    return Fixed


@pytest.fixture
def new_network():
    return make_network


@pytest.fixture
def new_surrogate_network():
    return make_surrogate_network


@pytest.fixture
def make_surrogate_trainer(make_trainer):
    """A trainer under the surrogate rule, with everything overridable by keyword."""

    def make(network, **changes):
        simulation = compile_network(
            network, gradient=gd.Surrogate(), readout=gd.readouts.SoftmaxSum()
        )
        arguments = {"loss": gd.losses.CrossEntropy(), "simulation": simulation, **changes}
        return make_trainer(network, **arguments)

    return make


@pytest.fixture
def new_simulation():
    return compile_network


@pytest.fixture
def jitter():
    return Jitter()
