"""The sequence and Yin-Yang tasks follow their papers and their seeds."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.datasets.yin_yang import classify


def test_sequence_class_is_the_order_of_two_spikes():
    data = load("sequence", dt=1.0, interval=10.0, start=2.0, train=3)
    assert (data.units, data.classes, len(data.train), len(data.test)) == (2, 2, 6, 2)
    for trial, label in enumerate(data.train.labels):
        events = data.train.batch(np.array([trial]))
        assert events.unit[np.argmin(events.time)] == label
        assert sorted(events.time) == [2.0, 12.0]


def slow_yin_yang_class(x: float, y: float, r_small: float = 0.1, r_big: float = 0.5) -> int:
    """The three criteria as the paper lists them, point by point."""
    right = np.hypot(x - 1.5 * r_big, y - r_big)
    left = np.hypot(x - 0.5 * r_big, y - r_big)
    first = right <= r_small
    second = r_small < left <= 0.5 * r_big
    third = y > r_big and right > 0.5 * r_big
    if right < r_small or left < r_small:
        return 2
    return int(first or second or third)


def test_yin_yang_classes_are_the_papers():
    points = np.random.default_rng(0).random((500, 2))
    expected = [slow_yin_yang_class(x, y) for x, y in points]
    np.testing.assert_array_equal(classify(*points.T, 0.1, 0.5), expected)


def test_yin_yang_codes_coordinates_as_times():
    data = load("yin_yang", dt=1.0, t_min=5.0, t_max=25.0, train=600)
    time = data.train.time.reshape(600, 4)
    value = (time - 5.0) / 20.0
    np.testing.assert_allclose(value[:, 2:], 1.0 - value[:, :2], atol=1e-6)
    assert np.all(np.hypot(value[:, 0] - 0.5, value[:, 1] - 0.5) <= 0.5 + 1e-6)
    edge = np.min(
        np.abs(np.hypot(value[:, :1] - [[0.25, 0.75]], value[:, 1:2] - 0.5) - 0.1), axis=1
    )
    safe = edge > 1e-5  # float32 times may move a point over the edge of a dot
    found = classify(value[safe, 0], value[safe, 1], 0.1, 0.5)
    assert np.mean(found == data.train.labels[safe]) > 0.99
    assert np.bincount(data.train.labels).min() > 150


def test_yin_yang_defaults_and_bias_unit():
    data = load("yin_yang", dt=1.0, bias=10.0)
    assert [len(s) for s in data.splits().values()] == [5000, 1000, 1000]
    assert data.units == 5
    assert np.all(data.train.time[data.train.unit == 4] == 10.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_yin_yang_follows_its_seed(seed):
    first, again, other = (load("yin_yang", dt=1.0, seed=s, train=50) for s in (seed, seed, 9))
    np.testing.assert_array_equal(first.train.time, again.train.time)
    assert not np.array_equal(first.train.time, other.train.time)
    assert not np.array_equal(first.train.time[:40], first.test.time[:40])
