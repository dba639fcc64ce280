"""The model files declare what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genn_delays.experiment.model_file import build_network

FEEDFORWARD = Path(__file__).parents[1] / "models" / "feedforward.py"


@pytest.mark.parametrize("density", [1.0, 0.1, 0.01])
def test_a_sparse_network_may_receive_what_the_dense_one_does(density):
    args = {"hidden": (400,), "density": density, "compensate": True, "weight_input": (0.02, 0.03)}
    net = build_network(FEEDFORWARD, args, inputs=300, outputs=4, seed=1)
    table = net.projections["input->hidden"].synapses
    received = np.bincount(table.post, table.weight, minlength=400)
    assert len(table) == round(300 * 400 * density)
    assert received.mean() == pytest.approx(300 * 0.02, rel=0.1)
    squares = np.bincount(table.post, (table.weight - 0.02 / density) ** 2, minlength=400)
    assert squares.mean() == pytest.approx(300 * 0.03**2, rel=0.1)
