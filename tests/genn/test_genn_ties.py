"""GeNN's backends have the gradients of what synapses share, and of positions."""

from __future__ import annotations

import pytest
from tied_networks import gradients, placed, tied

import genn_delays as gd
from genn_delays.support.errors import PlanError
from genn_delays.training import Adam

pytestmark = pytest.mark.genn
RULES = {"eventprop": gd.EventProp(), "surrogate": gd.Surrogate()}


@pytest.mark.parametrize("declare", [tied, placed])
@pytest.mark.parametrize("rule", RULES)
def test_genn_equals_reference_where_synapses_are_tied(backend, rule, declare):
    network = declare(gd.kernels.Gaussian(1.4) if rule == "surrogate" else None)
    expected, found = (gradients(network, RULES[rule], name) for name in ("reference", backend))
    assert found[0] == pytest.approx(expected[0], abs=1e-9)
    for name, wanted in expected[1].items():
        assert found[1][name].weight == pytest.approx(wanted.weight, rel=1e-7, abs=1e-7)
        assert found[1][name].delay == pytest.approx(wanted.delay, rel=1e-7, abs=1e-7)
    for name, columns in expected[1].units.items():
        for column, wanted in columns.items():
            assert found[1].units[name][column] == pytest.approx(wanted, rel=1e-7, abs=1e-7)


def test_adam_on_the_device_refuses_what_is_tied_before_anything_is_built(backend):
    settings = {"backend": backend, "steps": 20, "batch_size": 2}
    with pytest.raises(PlanError, match="'input->first' shares its delay among synapses"):
        gd.compile(tied(), adam={"delay": Adam(0.1)}, **settings)
    with pytest.raises(PlanError, match="'input' learns its position"):
        gd.compile(placed(), adam={"weight": Adam(1e-3)}, **settings)
