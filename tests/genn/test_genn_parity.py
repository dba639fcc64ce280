"""GeNN's backends equal the reference backend: spikes, outputs, gradients."""

from __future__ import annotations

import numpy as np
import pytest
from networks import KINDS, batch
from test_parity import READOUTS, assert_same, run

import genn_delays as gd

pytestmark = pytest.mark.genn
OUTPUTS, GRADIENTS = 1e-9, 1e-7


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("kind", KINDS)
def test_genn_equals_reference(backend, kind, graded):
    network, events = KINDS[kind](seed=3), batch(graded=graded)
    drive = {"lif": np.linspace(-0.1, 0.1, 21)}
    reference = run(network, events, "reference", READOUTS["mean"], spike_drive=drive)
    genn = run(network, events, backend, READOUTS["mean"], spike_drive=drive)
    assert len(reference[2]["adaptive"]) > 100
    assert_same(reference, genn, OUTPUTS, GRADIENTS)


@pytest.mark.parametrize("name", READOUTS)
def test_genn_equals_reference_for_every_readout(backend, name):
    network, events = KINDS["looped"](seed=3), batch()
    assert_same(
        run(network, events, "reference", READOUTS[name]),
        run(network, events, backend, READOUTS[name]),
        OUTPUTS,
        GRADIENTS,
    )


def test_input_is_handed_back_as_it_was_given(backend):
    """Two values of one unit in one step act as their sum and stay two events."""
    network = KINDS["feedforward"](seed=3)
    events = gd.Events([3.0, 3.2, 7.0], [4, 4, 0], [1, 1, 0], 2, [0.5, 0.25, 2.0])
    found = []
    for name in ("reference", backend):
        with gd.compile(
            network, steps=80, batch_size=5, backend=name, precision="float64"
        ) as simulation:
            simulation.forward(events)
            found.append((simulation.spikes("input"), simulation.spike_counts("input")))
    for column in ("time", "unit", "trial", "value"):
        np.testing.assert_array_equal(getattr(found[0][0], column), getattr(found[1][0], column))
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_delays_that_outlast_the_trial_give_nothing(backend):
    """Delays reach to 20 ms, the trial ends after 12: what arrives later must not come back."""
    network = KINDS["looped"](seed=3)
    events = batch(trials=3, steps=12, events=200)
    results = []
    for name in ("reference", backend):
        with gd.compile(
            network, steps=12, batch_size=3, backend=name, precision="float64"
        ) as simulation:
            outputs = simulation.forward(events)
            for _ in range(2):
                gradients = simulation.backward(np.ones((3, 5)))
            results.append((outputs, gradients, {"lif": simulation.spikes("lif")}))
    assert len(results[0][2]["lif"]) > 10
    assert_same(*results, OUTPUTS, GRADIENTS)


def test_float32_gives_the_same_losses_over_20_training_steps(backend):
    from genn_delays.training import Adam, Optimiser

    losses = {}
    for name in ("reference", backend):
        network, events = KINDS["recurrent"](seed=3), batch(trials=5)
        loss, labels = gd.losses.CrossEntropy(scale=5.0), np.arange(5)
        optimiser = Optimiser(weight=Adam(1e-3), delay=Adam(0.05))
        losses[name] = []
        with gd.compile(network, steps=80, batch_size=5, backend=name) as simulation:
            for _ in range(20):
                value, drive = loss(simulation.forward(events), labels)
                losses[name].append(value)
                optimiser.step(network, simulation.backward(drive))
                simulation.load(network)
    assert losses["reference"][-1] < losses["reference"][0]
    np.testing.assert_allclose(losses[backend], losses["reference"], atol=1e-3)
