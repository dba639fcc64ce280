"""The model files declare what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd
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


HIERARCHY = FEEDFORWARD.with_name("temporal_hierarchy.py")


def hierarchy(**args) -> gd.Network:
    return build_network(HIERARCHY, {"hidden": 400, **args}, inputs=40, outputs=2, seed=1)


def constants(net: gd.Network) -> list[np.ndarray]:
    """Time constants of the hidden layers, in ms."""
    return [p.neuron.tau_mem for name, p in net.populations.items() if name.startswith("hidden")]


@pytest.mark.parametrize("grid", [False, True])
def test_layers_of_the_temporal_hierarchy_have_the_time_constants_that_are_asked_for(grid):
    equal = constants(hierarchy(grid=grid))
    assert [np.mean(tau) for tau in equal] == pytest.approx([300.0] * 3, rel=0.02)
    assert [np.std(tau) for tau in equal] == pytest.approx([30.0] * 3, rel=0.1)
    slower = constants(hierarchy(grid=grid, layers=3, delta=400.0))
    assert [np.mean(tau) for tau in slower] == pytest.approx([100.0, 500.0], rel=0.02)
    (wide,) = constants(hierarchy(grid=grid, layers=2, distribution="log_uniform", spread=10.0))
    assert 30.0 <= wide.min() < 40.0 < 2500.0 < wide.max() < 3000.0
    assert np.median(wide) == pytest.approx(300.0, rel=0.2)


def test_jumps_of_the_voltage_begin_equal_whatever_the_time_constant_of_a_layer():
    found = {}
    for grid in (True, False):
        net = hierarchy(grid=grid, delta=400.0, recurrent=True)
        for name, projection in net.projections.items():
            post = projection.post.neuron
            scale = 1.0 if grid else post.tau_syn / np.mean(post.tau_mem)
            jump = projection.synapses.weight.std() * scale * projection.pre.size**0.5
            found[grid, name] = jump
            assert projection.lag == (0 if grid and projection.pre != projection.post else 1)
    assert [*found.values()] == pytest.approx([0.58] * len(found), rel=0.1)


def test_recurrent_layers_of_the_temporal_hierarchy_have_no_synapse_from_a_neuron_to_itself():
    net = hierarchy(hidden=10, recurrent=True)
    for layer in (1, 2, 3):
        table = net.projections[f"hidden{layer}->hidden{layer}"].synapses
        assert len(table) == 90
        assert np.all(table.pre != table.post)


def test_a_temporal_hierarchy_without_hidden_layers_is_refused():
    with pytest.raises(gd.GennDelaysError, match="layers=1 given; must be >= 2"):
        hierarchy(layers=1)
