"""Milliseconds become steps in one way, everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genn_delays as gd
from genn_delays import checkpoint
from genn_delays.backends.gradient import Gradient
from genn_delays.errors import DataError, NetworkError
from genn_delays.timing import delay_to_steps, time_to_steps
from genn_delays.training import SGD, Optimiser


def test_a_time_on_the_grid_is_never_pushed_below_itself():
    assert 0.3 / 0.1 < 3  # why floor alone will not do
    assert time_to_steps(np.array([0.3]), 0.1).item() == 3


@given(st.integers(0, 100_000), st.sampled_from([0.01, 0.1, 0.25, 0.3, 1.0, 3.0]))
def test_multiples_of_dt_are_their_own_step_in_both_precisions(step, dt):
    for dtype in (np.float32, np.float64):
        assert time_to_steps(np.array([step * dt], dtype), dt).item() == step


@given(st.floats(0, 1e4), st.sampled_from([0.1, 0.5, 1.0]))
def test_a_time_within_a_step_belongs_to_it(time, dt):
    step = time_to_steps(np.array([time]), dt).item()
    assert step * dt <= time * (1 + 1e-12) + 1e-12
    assert time < (step + 1) * dt


def test_delays_are_rounded_half_to_even():
    delays = np.array([0.0, 0.49, 0.5, 1.5, 2.5, 3.5, 3.51])
    assert delay_to_steps(delays, 1.0).tolist() == [0, 0, 0, 2, 2, 4, 4]
    assert delay_to_steps(np.array([0.25, 0.75]), 0.5).tolist() == [0, 2]
    assert delay_to_steps(np.zeros((2, 3)), 1.0).shape == (2, 3)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="event time is NaN or infinite"):
        time_to_steps(np.array([np.nan]), 1.0)
    with pytest.raises(NetworkError, match="delay is NaN or infinite"):
        delay_to_steps(np.array([np.inf]), 1.0)
    with pytest.raises(NetworkError, match=r"more than 2147483647 steps of 0\.1 ms; shorten it"):
        delay_to_steps(np.array([1e12]), 0.1)


def arrival_steps(network, dt, backend, simulation=None):
    """Steps after the spike at which each output unit's current is first there."""
    if simulation is None:
        simulation = gd.compile(
            network, readout=gd.readouts.VoltageTrace(), dt=dt, steps=20, backend=backend
        )
    trace = simulation.forward(gd.Events([0.0], [0], [0], 1))[0]
    # a spike at 0 arrives at 1 + delay, and moves the voltage one step after
    return ((trace != 0).argmax(axis=0) - 2).tolist()


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_half_way_delays_are_rounded_alike_in_training_inference_saving_and_loading(
    tmp_path, backend, dt
):
    delays, wanted = dt * np.array([0.5, 1.5, 2.5, 3.5, 0.4, 9.5]), [0, 2, 2, 4, 0, 10]
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 6)
    # learning moves the delays to the half-way points from where they round otherwise
    net.connect("input", "output", weight=1.0, delay=0.0, max_delay=12.0, learn="delay")
    assert delay_to_steps(delays, dt).tolist() == wanted
    readout = gd.readouts.VoltageTrace()
    with gd.compile(net, readout=readout, dt=dt, steps=20, backend=backend) as simulation:
        assert arrival_steps(net, dt, backend, simulation) == [0] * 6
        step = {"input->output": Gradient(np.zeros(6), -delays)}
        Optimiser(delay=SGD(1.0)).step(net, step)
        simulation.load(net)
        assert arrival_steps(net, dt, backend, simulation) == wanted
    checkpoint.save(tmp_path / "saved.h5", net)
    loaded = checkpoint.load(tmp_path / "saved.h5").network
    np.testing.assert_array_equal(loaded.projections["input->output"].synapses.delay, delays)
    for network in (net, loaded):
        assert arrival_steps(network, dt, backend) == wanted
