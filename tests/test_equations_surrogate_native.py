"""Neurons with a step map on the native engine, by the surrogate rule: equal to the reference."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, WEIGHTS, batch, network
from test_equations_native import assert_same, quick_compiler

import genn_delays as gd

__all__ = ["quick_compiler"]  # a fixture
GAUSSIAN = gd.kernels.Gaussian


def simulate(net, events, backend, *, precision="float64", threads=None, readout=None, **rule):
    """Outputs, gradients, and spikes of both hidden populations."""
    with gd.compile(
        net,
        gradient=gd.Surrogate(**rule),
        steps=STEPS,
        batch_size=events.trials,
        backend=backend,
        precision=precision,
        threads=threads,
        readout=readout,
    ) as simulation:
        outputs = simulation.forward(events)
        drive = {"hidden": np.linspace(-0.1, 0.1, 21)}
        gradients = simulation.backward(
            np.cos(np.arange(outputs.size)).reshape(outputs.shape), drive
        )
        return outputs, gradients, [simulation.spikes(name) for name in ("hidden", "lif")]


def spread_delays(net: gd.Network, sigma: float) -> None:
    """Delay kernels on every projection."""
    for projection in net.projections.values():
        projection.kernel = GAUSSIAN(sigma=sigma)


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("shape", ["feedforward", "looped"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_native_equals_reference_for_weights_delays_and_every_parameter(kind, shape, detach):
    net, events = network(kind, shape), batch()
    reference = simulate(net, events, "reference", detach_reset=detach)
    assert len(reference[2][0]) > 100
    assert all(np.any(column != 0) for column in reference[1].units["hidden"].values())
    assert_same(reference, simulate(net, events, "native", detach_reset=detach))
