"""What the metrics of a run say of excitation and inhibition."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.training import Metrics
from genn_delays.training.by_sign import by_sign, with_signs


def network(weight, delay=(1.0, 2.0, 3.0, 4.0)):
    net = gd.Network()
    net.add_population("input", gd.Input(), 4)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=np.array(weight), delay=np.array(delay), max_delay=5.0)
    return net


def test_weights_and_delays_are_told_by_sign_and_zeros_belong_to_none():
    found = by_sign(network([1.0, 0.0, -2.0, 3.0]))["input->output"]
    assert found["excitatory"] == pytest.approx(
        {"synapses": 2, "weight_mean": 2, "weight_sd": 1, "delay_mean": 2.5, "delay_sd": 1.5}
    )
    assert found["inhibitory"] == pytest.approx(
        {"synapses": 1, "weight_mean": -2, "weight_sd": 0, "delay_mean": 3, "delay_sd": 0}
    )


def test_a_sign_that_no_synapse_has_has_no_mean():
    assert by_sign(network([1.0] * 4))["input->output"]["inhibitory"] == {"synapses": 0}


def test_a_projection_that_lost_all_its_synapses_is_left_out():
    net = network([1.0] * 4)
    net.projections["input->output"].synapses.keep(np.zeros(4, bool))
    assert by_sign(net) == {}


def test_only_the_training_split_is_told_of():
    seen = {"train": Metrics(1.0, 0.5, 2.0, 3.0), "validation": Metrics(1.0, 0.5, 2.0, 3.0)}
    told = with_signs(seen, network([1.0] * 4))
    assert told["train"].signs is not None
    assert told["validation"] == seen["validation"]
