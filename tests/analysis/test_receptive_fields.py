"""Maps of channel and delay: every synapse is in one cell, and smoothing keeps what is even."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.analysis import channels_of, receptive_fields
from genn_delays.datasets import source
from genn_delays.support.errors import DataError

Normal, Uniform = gd.init.Normal, gd.init.Uniform
KINDS = {
    "dense": {},
    "sparse": {"density": 0.3},
    "several": {"kernel_count": 3},
    "recurrent": {"pre": "hidden"},
    "undelayed": {"delay": 0.0, "max_delay": 0.0},
}


def projection(pre="input", **how):
    net = gd.Network(seed=3)
    net.add_population("input", gd.Input(), 12)
    net.add_population("hidden", gd.LIF(), 7)
    given = {"weight": Normal(0.1, 1.0), "delay": Uniform(0, 9.5), "max_delay": 10.0} | how
    return net.connect(pre, "hidden", **given)


def counted(one, units, dt, channels):
    """The same by a loop over all synapses."""
    rows = sorted(set(channels))
    shape = (4, len(units), len(rows), round(one.synapses.max_delay / dt) + 1)
    maps = np.zeros(shape)
    table = one.synapses
    for pre, post, weight, delay in zip(
        table.pre, table.post, table.weight, table.delay, strict=True
    ):
        if post in units and weight:
            cell = units.index(post), rows.index(channels[pre]), round(delay / dt)
            maps[(0 if weight > 0 else 1, *cell)] += abs(weight)
            maps[(2 if weight > 0 else 3, *cell)] += 1
    return maps


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dt", [1.0, 2.5])
def test_every_synapse_of_the_chosen_units_is_in_its_cell(kind, dt):
    one = projection(**KINDS[kind])
    units = [5, 0, 2]
    channels = [k // 2 for k in range(one.pre.size)]
    found = receptive_fields(one, units, dt=dt, channels=channels)
    maps = [found.excitation, found.inhibition, found.excitatory, found.inhibitory]
    np.testing.assert_allclose(maps, counted(one, units, dt, channels), atol=1e-12)
    np.testing.assert_array_equal(found.units, units)
    np.testing.assert_allclose(found.delays, dt * np.arange(maps[0].shape[2]))
    np.testing.assert_allclose(found.net, maps[0] - maps[1])


def test_all_units_are_the_default_and_a_unit_is_a_channel_without_an_order():
    one = projection()
    found = receptive_fields(one, dt=1.0)
    assert found.excitation.shape == (7, 12, 11)
    assert not found.ordered
    assert found.excitatory.sum() + found.inhibitory.sum() == len(one.synapses)


def test_smoothing_keeps_what_is_even_up_to_the_edges():
    net = gd.Network()
    net.add_population("input", gd.Input(), 6)
    net.add_population("hidden", gd.LIF(), 1)
    delay = np.tile(np.arange(5.0), (6, 1)).reshape(6, 1, 5)
    one = net.connect("input", "hidden", weight=0.5, delay=delay, kernel_count=5)
    found = receptive_fields(one, dt=1.0, channels=range(6)).smoothed(2.0, 3.0)
    np.testing.assert_allclose(found.excitation, 0.5)
    np.testing.assert_allclose(found.excitatory, 1.0)


def test_smoothing_is_the_average_under_a_gaussian():
    one = projection()
    position = np.array([0.0, 1.0, 4.0] * 4)
    raw = receptive_fields(one, [1], dt=1.0, channels=position)
    found = raw.smoothed(1.5, 2.0)
    across = np.exp(-((raw.channels - raw.channels[1]) ** 2) / (2 * 1.5**2))
    along = np.exp(-((raw.delays - raw.delays[3]) ** 2) / (2 * 2.0**2))
    weights = across[:, None] * along
    expected = (weights * raw.inhibition[0]).sum() / weights.sum()
    assert found.inhibition[0, 1, 3] == pytest.approx(expected)
    np.testing.assert_allclose(raw.smoothed(0.0, 0.0).net, raw.net)


def test_channels_without_an_order_are_not_smoothed():
    found = receptive_fields(projection(), dt=1.0)
    found.smoothed(0.0, 2.0)
    with pytest.raises(DataError, match="have no order"):
        found.smoothed(1.0, 2.0)
    with pytest.raises(DataError, match="delay_width is -1"):
        found.smoothed(0.0, -1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"units": [7]}, "0 to 6"),
        ({"units": [1, 1]}, "each once"),
        ({"units": [0.5]}, "numbers of units"),
        ({"dt": 0.0}, "dt is 0"),
        ({"channels": [1, 2]}, "each of the 12 units"),
        ({"channels": ["a"] * 12}, "each of the 12 units"),
    ],
)
def test_what_names_no_unit_or_channel_is_refused(given, said):
    with pytest.raises(DataError, match=said):
        receptive_fields(projection(), **{"dt": 1.0, **given})


def test_maps_beyond_the_limit_on_memory_are_refused(monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    with pytest.raises(DataError, match="GENN_DELAYS_MEMORY_LIMIT"):
        receptive_fields(projection(), dt=0.001)
    receptive_fields(projection(), [0], dt=1.0)


@pytest.mark.parametrize(
    ("given", "units", "per_channel"),
    [
        (source("spoken_digits", deltas=True, thresholds=[0.7, 1.4]), 240, 6),
        (source("spoken_digits", code="frames"), 40, 1),
        (source("shd"), 700, 1),
        (source("shd", bin_units=5), 140, 1),
    ],
    ids=["spikes", "frames", "ear", "binned"],
)
def test_a_data_set_knows_the_channels_of_its_inputs(given, units, per_channel):
    net = gd.Network()
    net.add_population("input", gd.Input(), units)
    net.add_population("hidden", gd.LIF(), 2)
    one = net.connect("input", "hidden", weight=1.0)
    found = channels_of(one, given)
    assert found.ordered
    np.testing.assert_array_equal(found.position, np.arange(units) // per_channel)
    assert f"{units // per_channel} channels of {units} units" in found.origin
    again = net.connect("hidden", "hidden", weight=1.0)
    assert not channels_of(again, given).ordered
    assert not channels_of(one, source("sequence")).ordered


def test_a_data_set_that_orders_other_units_is_refused():
    with pytest.raises(DataError, match=r"SHD.channels\(\): give a position for each of the 12"):
        channels_of(projection(), source("shd"))
