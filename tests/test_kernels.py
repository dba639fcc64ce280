"""Delay kernels: normalised, differentiable, with the width that was declared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genn_delays as gd
from genn_delays.declaration.kernels import DelayKernel, taps_of

KINDS = [gd.kernels.Gaussian, gd.kernels.Triangle]
LARGEST = 24


def dense(kernel: DelayKernel, delay: float, precision: float = 2.3e-16) -> np.ndarray:
    """All taps of one synapse, (LARGEST + 1,)."""
    taps = kernel.taps(np.array([delay]), LARGEST, precision)
    full = np.zeros(LARGEST + 1)
    full[taps.first[0] : taps.first[0] + taps.count] = taps.weight[0]
    return full


@pytest.mark.parametrize("kind", KINDS)
@given(delay=st.floats(0, LARGEST), sigma=st.floats(0, 15))
def test_taps_are_the_published_formula_over_the_whole_kernel(kind, delay, sigma):
    k = np.arange(LARGEST + 1)
    if kind is gd.kernels.Gaussian:
        value = np.exp(-0.5 * ((k - delay) / (sigma + 0.27)) ** 2)
    else:
        value = np.maximum(sigma + 1 - np.abs(k - delay), 0)
    np.testing.assert_allclose(dense(kind(sigma), delay), value / (value.sum() + 1e-7), atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sigma", [0.23, 1.0, 12.0])
def test_slopes_are_the_derivatives_of_the_taps(kind, sigma):
    delay, h = np.array([0.1, 3.3, 11.7, 23.9]), 1e-6
    kernel = kind(sigma)
    taps = kernel.taps(delay, LARGEST, 2.3e-16)
    for s, d in enumerate(delay):
        difference = (dense(kernel, d + h) - dense(kernel, d - h)) / (2 * h)
        found = difference[taps.first[s] : taps.first[s] + taps.count]
        np.testing.assert_allclose(taps.slope[s], found, atol=1e-8)


def test_a_narrow_kernel_needs_few_taps_and_a_wide_one_all():
    delay = np.array([0.0, 12.4, 24.0])
    single, double = (float(np.finfo(t).eps) for t in (np.float32, np.float64))
    narrow = gd.kernels.Gaussian(0.23)
    assert narrow.taps(delay, LARGEST, single).count == 6
    assert narrow.taps(delay, LARGEST, double).count == 9
    assert gd.kernels.Triangle(0.0).taps(delay, LARGEST, single).count == 3
    wide = gd.kernels.Gaussian(12.0).taps(delay, LARGEST, single)
    assert wide.count == LARGEST + 1
    assert wide.first.tolist() == [0, 0, 0]


def test_without_a_kernel_there_is_one_tap_at_the_rounded_delay():
    taps = taps_of(np.array([5.0, 15.0, 26.0]), None, 10.0, 3, np.float32)
    assert taps.first.tolist() == [0, 2, 3]
    assert taps.weight.tolist() == [[1.0]] * 3
    assert taps.slope is None


@pytest.mark.parametrize("sigma", [-1.0, float("nan"), "12", None])
def test_a_width_that_is_no_number_of_steps_is_refused(sigma):
    with pytest.raises(gd.GennDelaysError, match="Gaussian"):
        gd.kernels.Gaussian(sigma)


def test_every_projection_narrows_a_kernel_of_its_own():
    kernel, net = gd.kernels.Gaussian(12.0), gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.DiscreteReadout(), 2)
    for _ in range(2):
        net.connect("input", "output", weight=1.0, max_delay=24.0, kernel=kernel)
    first, second = net.projections.values()
    first.kernel.current = 1.0
    assert second.kernel.current == kernel.current == 12.0
