"""Signs of potential synapses are the same in every process, and in every version."""

from __future__ import annotations

import numpy as np
import pytest
from sparse_networks import context, gradients_of, sparse

from genn_delays.rewiring import DeepR
from genn_delays.rewiring.signs import _splitmix, attach_signs, signs_of

NAME = "input->output"
SIGNS = "+-----+--+-+---++++-++-++-+--+--+++"
"""Of the 35 pairs of a projection with the number 0 in a network with the seed 1."""


def test_splitmix_gives_the_published_numbers():
    """Those of the reference implementation in C for the seed 1234567."""
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    found = _splitmix(np.arange(5, dtype=np.uint64), np.uint64(1234567))
    assert found.tolist() == expected


def test_signs_are_for_ever():
    """A checkpoint does not hold those of absent pairs, so another hash would turn them."""
    network = sparse(seed=1)
    pre, post = np.divmod(np.arange(35), 5)
    signs = signs_of(network, network.projections[NAME], pre, post)
    assert "".join("+" if s > 0 else "-" for s in signs) == SIGNS
    network.connect("input", "output", weight=0.0, name="second")
    second = signs_of(network, network.projections["second"], pre, post)
    assert np.any(second != signs)
    assert np.any(signs_of(sparse(seed=2), network.projections[NAME], pre, post) != signs)


def test_weights_take_the_signs_that_were_there_before_them():
    network = sparse(0.6)
    projection = network.projections[NAME]
    table = projection.synapses
    size, positive = np.abs(table.weight), np.mean(table.weight > 0)
    signs = attach_signs(network, projection)
    np.testing.assert_array_equal(table.weight, signs * size)
    assert projection.potential["positive"] == pytest.approx(positive)
    table.weight[:3] *= -1.0
    before = table.weight.copy()
    assert attach_signs(network, projection) is table.state["sign"]
    np.testing.assert_array_equal(table.weight, before)


def test_l1_pulls_every_weight_towards_zero():
    network = sparse(0.6)
    rule = DeepR(l1=0.25)
    rule.prepare(network)
    gradients = gradients_of(network)
    before = gradients[NAME].weight.copy()
    rule.before_update(context(network, gradients))
    sign = network.projections[NAME].synapses.state["sign"]
    np.testing.assert_allclose(gradients[NAME].weight - before, 0.25 * sign)
