"""Three classes of jittered spike patterns, small enough to be learnt in a second."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd

UNITS, DURATION = 12, 60.0


def patterns(trials: int, seed: int) -> tuple[list, np.ndarray]:
    centre = np.random.default_rng(0).uniform(5.0, DURATION - 5.0, (3, UNITS))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, trials)
    jitter = rng.normal(0.0, 1.0, (trials, UNITS))
    return [(centre[k] + j, np.arange(UNITS)) for k, j in zip(labels, jitter, strict=True)], labels


def make_network(outputs: int = 3) -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), UNITS)
    net.add_population("hidden", gd.LIF(), 16)
    net.add_population("output", gd.LeakyReadout(), outputs)
    delays = {"delay": gd.init.Uniform(0, 20), "max_delay": 40.0, "learn": ("weight", "delay")}
    net.connect("input", "hidden", weight=gd.init.Normal(0.5, 0.3), **delays)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.2))
    return net


@pytest.fixture
def network() -> gd.Network:
    return make_network()


@pytest.fixture
def data() -> gd.Dataset:
    splits = {"train": patterns(64, 1), "validation": patterns(20, 2), "test": patterns(20, 3)}
    names = ("rise", "fall", "dip")
    return gd.Dataset.from_arrays(splits, units=UNITS, duration=DURATION, class_names=names)


@pytest.fixture
def trials():
    """Trials of the test split as a user has them."""
    return patterns(20, 3)[0]


@pytest.fixture
def options() -> dict:
    """A training of a second."""
    adam = gd.training.Adam
    optimiser = gd.training.Optimiser(weight=adam(0.02), delay=adam(0.2))
    return {"optimiser": optimiser, "epochs": 3, "batch_size": 16, "progress": False}
