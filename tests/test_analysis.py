"""Statistics of what was learnt."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.analysis import statistics


def network(weight=0.5, delay=(0.0, 4.0, 10.0)):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=weight, delay=np.array(delay), max_delay=10.0)
    return net


def test_statistics_count_bounds_and_distances():
    after = network(weight=np.array([0.5, -0.5, 1.5]), delay=(0.0, 10.0, 10.0))
    found = statistics(after, network())["input->output"]
    assert found.synapses == 3
    assert found.delay_at_zero == pytest.approx(1 / 3)
    assert found.delay_at_max == pytest.approx(2 / 3)
    assert found.delay_moved == pytest.approx(2.0)
    assert found.weight_moved == pytest.approx(2 / 3)
    assert found.excitatory == pytest.approx(2 / 3)
    assert found.weight_mean == pytest.approx(0.5)


def test_nothing_is_compared_where_the_wiring_differs():
    before = network()
    before.projections["input->output"].synapses.keep(np.array([True, True, False]))
    found = statistics(network(), before)["input->output"]
    assert found.delay_moved is None
    assert found.weight_moved is None
    assert statistics(network())["input->output"].delay_moved is None
