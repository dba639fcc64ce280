"""Refractory periods through GeNN: both rules equal the reference."""

from __future__ import annotations

import numpy as np
import pytest
from test_parity import assert_same
from test_refractory import ATTACHED, run

import genn_delays as gd

pytestmark = pytest.mark.genn


@pytest.mark.parametrize(
    ("kind", "rule", "longest", "readout"),
    [
        ("looped", gd.EventProp(), 7.0, gd.readouts.MeanVoltage()),
        ("looped", gd.EventProp(), 7.0, gd.readouts.MeanVoltage(population="lif")),
        ("feedforward", gd.EventProp(), 200.0, gd.readouts.FirstSpike(population="adaptive")),
        ("looped", ATTACHED, 7.0, gd.readouts.MeanVoltage()),
        ("feedforward", gd.Surrogate(), 200.0, gd.readouts.MeanVoltage(population="lif")),
    ],
)
def test_genn_equals_reference(backend, kind, rule, longest, readout):
    options = {"longest": longest, "soft": rule is ATTACHED, "readout": readout}
    reference = run(kind, rule, "reference", **options)
    assert len(reference[2]["lif"]) > 300
    assert_same(reference, run(kind, rule, backend, **options), 1e-9, 1e-7)


def test_genn_in_float32_stays_near_float64(backend):
    double = run("looped", gd.EventProp(), "reference")
    single = run("looped", gd.EventProp(), backend, "float32")
    np.testing.assert_allclose(single[0], double[0], atol=1e-4)
