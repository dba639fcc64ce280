"""Milliseconds become steps in one way, everywhere."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import genn_delays as gd
from genn_delays.backends.gradient import Gradient
from genn_delays.experiment import checkpoint
from genn_delays.planning.timing import (
    delay_to_steps,
    duration_to_steps,
    elapsed,
    from_seconds,
    narrow,
    time_to_steps,
)
from genn_delays.support.errors import DataError, NetworkError
from genn_delays.training import SGD, Optimiser

GRIDS = {0.1: (1, 10), 1.0: (1, 1), 0.25: (1, 4), 0.7: (7, 10), 0.01: (1, 100), 1 / 3: (1, 3)}
"""Time steps and the fractions that they stand for."""
TRIALS = [(1400, 1.0), (14_000, 0.1), (60_000, 0.1)]
"""Durations and time steps in ms."""


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


@pytest.mark.parametrize("dt", GRIDS)
def test_every_multiple_on_a_grid_of_a_million_steps_is_its_own_step(dt):
    step, (p, q) = np.arange(10**6), GRIDS[dt]
    seconds = [step * dt / 1000.0, step * p / (1000 * q), step * dt * 1e-3]
    times = [step * dt, step * p / q, *(1000.0 * s for s in seconds)]
    times += [t.astype(np.float32) for t in times[:2]]
    times += [step.astype(np.float32) * np.float32(dt), narrow(times[0], dt, np.inf)]
    for s in seconds:
        times += [from_seconds(s, dt), from_seconds(s.astype(np.float32), dt)]
    for time in times:
        assert_array_equal(time_to_steps(time, dt), step)


def exact_steps(time, dt):
    """floor(time / dt) in rational arithmetic, dt being the decimal as written."""
    quotient, step = time / dt, np.floor(time / dt).astype(np.int64)
    for k in np.flatnonzero(np.abs(quotient - np.rint(quotient)) < 1e-6):
        step[k] = Fraction(float(time[k])) // Fraction(str(dt))
    return step


def assert_uniform_events_keep_their_steps(count, duration, dt):
    time = np.random.default_rng(11).uniform(0, duration, count)
    step = exact_steps(time, dt)
    assert_array_equal(time_to_steps(time, dt), step)
    narrowed = narrow(time, dt, duration)
    assert narrowed.dtype == np.float32
    assert narrowed.max() < np.float64(duration)
    assert_array_equal(time_to_steps(narrowed, dt), step)
    np.testing.assert_allclose(narrowed, time, rtol=3e-7)


@pytest.mark.parametrize(("duration", "dt"), TRIALS)
def test_no_uniform_event_is_in_a_wrong_step(duration, dt):
    assert_uniform_events_keep_their_steps(10**6, duration, dt)


@pytest.mark.slow
@pytest.mark.parametrize(("duration", "dt"), TRIALS)
def test_none_of_ten_million_uniform_events_is_in_a_wrong_step(duration, dt):
    assert_uniform_events_keep_their_steps(10**7, duration, dt)


def test_a_float32_time_belongs_to_the_step_of_its_exact_value_unless_it_is_next_to_a_multiple():
    multiple = (np.arange(1, 600_000) * 0.1).astype(np.float32)
    before = np.nextafter(multiple, np.float32(0))
    assert_array_equal(time_to_steps(before, 0.1), np.arange(599_999))
    whole = np.arange(1, 1 << 22, dtype=np.float32)
    assert_array_equal(time_to_steps(np.nextafter(whole, np.float32(0)), 1.0), whole - 1)


def test_steps_too_fine_for_float32_leave_times_as_they_are():
    time = np.arange(0, 1e9, 997.0)
    assert narrow(time, 1.0, 1e9) is time
    assert_array_equal(time_to_steps(time, 1.0), time)


def test_times_before_an_end_off_the_grid_stay_before_it():
    end = 1000.05
    time = np.array([np.nextafter(end * (1 - 1e-15), 0), 1000.0, end])
    narrowed = narrow(time, 0.1, end).astype(np.float64)
    assert narrowed[0] < end
    assert narrowed[2] == np.float32(end)
    assert duration_to_steps(end, 0.1) == 10_001
    assert [duration_to_steps(k * 0.1, 0.1) for k in range(1, 5000)] == list(range(1, 5000))


def test_time_from_multiple_to_multiple_is_one():
    k = np.arange(0, 600_000, 7)
    since = elapsed(k * 0.1, np.full(len(k), 1000 * 0.1), 0.1)
    assert_array_equal(time_to_steps(since, 0.1), k - 1000)


@pytest.mark.parametrize("gradient", [gd.EventProp(), gd.Surrogate()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_backends_place_events_next_to_multiples_alike(gradient, dtype):
    dt, steps = 0.1, 3000
    grid = (np.arange(steps) * dt).astype(dtype)
    beside = [np.nextafter(grid[1:], dtype(end)) for end in (0, np.inf)]
    time = np.concatenate([grid, *beside, grid[1:] - dtype(0.03)])
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=1.0, delay=0.0, max_delay=0.0)
    events = gd.Events(time, np.zeros(len(time), int), np.zeros(len(time), int), 1)
    settings = {"gradient": gradient, "readout": gd.readouts.VoltageTrace(), "dt": dt}
    traces = {}
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=steps, backend=backend, precision="float64", **settings
        ) as simulation:
            traces[backend] = simulation.forward(events)
            sent = simulation.spikes("input").time
        assert_array_equal(time_to_steps(sent, dt), np.sort(time_to_steps(time, dt)))
    np.testing.assert_allclose(traces["native"], traces["reference"], rtol=1e-9)


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_an_event_at_the_end_is_refused_and_one_below_it_is_in_the_last_step(backend):
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=1.0, delay=0.0, max_delay=0.0)
    trace = gd.readouts.VoltageTrace()
    with gd.compile(net, readout=trace, dt=0.1, steps=7, backend=backend) as simulation:
        for end in (0.7, 7 * 0.1, 0.0007 * 1000):
            with pytest.raises(DataError, match=r"at 0\.7 ms .* lies outside the trial of 0\.7 ms"):
                simulation.forward(gd.Events([end], [0], [0], 1))
        below = np.array([0.7], np.float32)
        assert below[0] < np.float64(0.7)
        for inside in (below, [np.nextafter(0.7, 0)]):
            simulation.forward(gd.Events(inside, [0], [0], 1))
            assert time_to_steps(simulation.spikes("input").time, 0.1).tolist() == [6]


def test_delays_are_rounded_half_to_even():
    delays = np.array([0.0, 0.49, 0.5, 1.5, 2.5, 3.5, 3.51])
    assert delay_to_steps(delays, 1.0).tolist() == [0, 0, 0, 2, 2, 4, 4]
    assert delay_to_steps(np.array([0.25, 0.75]), 0.5).tolist() == [0, 2]
    assert delay_to_steps(np.zeros((2, 3)), 1.0).shape == (2, 3)


@pytest.mark.parametrize("dt", GRIDS)
def test_decimal_half_way_delays_are_rounded_half_to_even(dt):
    step, (p, q) = np.arange(10**6), GRIDS[dt]
    even = np.rint(step + 0.5)
    for delay in ((step + 0.5) * dt, step * dt + dt / 2, (2 * step + 1) * p / (2 * q)):
        assert_array_equal(delay_to_steps(delay, dt), even)
        # only what rounding made of a half counts as one: learnt delays are real numbers
        assert_array_equal(delay_to_steps(delay * (1 + 1e-14), dt), step + 1)
        assert_array_equal(delay_to_steps(delay * (1 - 1e-14), dt), step)


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
@pytest.mark.parametrize("dt", [1.0, 0.5, 0.1])
def test_half_way_delays_are_rounded_alike_in_training_inference_saving_and_loading(
    tmp_path, backend, dt
):
    delays, wanted = dt * np.array([0.5, 1.5, 2.5, 3.5, 0.4, 9.5]), [0, 2, 2, 4, 0, 10]
    delays = np.round(delays, 3)  # decimals, as one writes them
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
