"""The multi-timescale XOR follows its definition, at any time step."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets import load, source
from genn_delays.planning.timing import time_to_steps
from genn_delays.support.errors import DataError

SMALL = {"train": 300, "validation": 20, "test": 30}
CODED = [range(15 + 15 * slot, 25 + 15 * slot) for slot in range(6)]
"""Steps in which the second group has a bit to tell."""


def counts(split, dt: float) -> np.ndarray:
    """Spikes of each step of 10 ms, (trials, 2, 100): of the cue's group and of the other."""
    result = np.zeros((len(split), 2, 100))
    events = split.batch(np.arange(len(split)))
    step = time_to_steps(events.time, dt) * dt // 10.0
    np.add.at(result, (events.trial, events.unit // 20, step.astype(int)), 1)
    return result


@pytest.fixture(scope="module")
def data():
    return load("mts_xor", dt=10.0, **SMALL)


def test_sizes_are_those_of_the_definition_and_of_the_splits(data):
    assert (data.units, data.classes, data.duration, data.label_steps) == (40, 2, 1000.0, 100)
    assert [len(split) for split in data.splits().values()] == [300, 20, 30]
    published = source("mts_xor")
    assert (published.train, published.validation, published.test) == (20 * 512, 1024, 1024)


def test_the_class_of_a_slot_is_the_xor_of_its_bit_and_the_bit_of_the_cue(data):
    seen = counts(data.train, 10.0)
    # 0.2 and 0.6 of 200 chances are 7 standard deviations from the bound between them
    cue = seen[:, 0, :10].sum(axis=1) > 80
    assert np.all(data.train.labels[:, :10] == 0)
    for slot, steps in enumerate(CODED):
        bit = seen[:, 1, steps].sum(axis=1) > 80
        held = data.train.labels[:, 10 + 15 * slot : 25 + 15 * slot]
        np.testing.assert_array_equal(held, np.repeat((cue ^ bit)[:, None], 15, axis=1))
        assert 0.35 < bit.mean() < 0.65
        assert 0.35 < held.mean() < 0.65


def test_rates_are_those_of_bit_and_background(data):
    seen = counts(data.train, 10.0) / 20
    cue = seen[:, 0, :10].mean(axis=1)
    told = np.isin(np.arange(100), np.concatenate(CODED))
    either = [1 - 0.99 * (1 - rate) for rate in (0.2, 0.6)]
    for rates, chosen in zip(either, (cue < 0.4, cue > 0.4), strict=True):
        assert cue[chosen].mean() == pytest.approx(rates, abs=0.01)
    slots = seen[:, 1, told].reshape(-1, 10).mean(axis=1)
    for rates, chosen in zip(either, (slots < 0.4, slots > 0.4), strict=True):
        assert slots[chosen].mean() == pytest.approx(rates, abs=0.01)
    assert seen[:, 0, 10:].mean() == pytest.approx(0.01, abs=0.001)
    assert seen[:, 1, ~told].mean() == pytest.approx(0.01, abs=0.001)


@pytest.mark.parametrize("dt", [0.3, 1.0, 7.0, 20.0])
def test_other_time_steps_move_no_spike_and_leave_the_classes_where_they_are(data, dt):
    other = load("mts_xor", dt=dt, **SMALL)
    np.testing.assert_allclose(other.train.time, data.train.time, rtol=1e-6)
    np.testing.assert_array_equal(other.train.unit, data.train.unit)
    assert other.label_steps == other.train.labels.shape[1] == int(np.ceil(1000.0 / dt))
    task = ((np.arange(other.label_steps) * dt + 1e-9) // 10.0).astype(int)
    np.testing.assert_array_equal(other.train.labels, data.train.labels[:, task])


def test_the_seed_decides_and_splits_are_streams_of_their_own(data):
    again, other = (load("mts_xor", dt=10.0, seed=seed, **SMALL) for seed in (42, 7))
    np.testing.assert_array_equal(again.train.time, data.train.time)
    np.testing.assert_array_equal(again.test.labels, data.test.labels)
    assert not np.array_equal(other.train.labels, data.train.labels)
    assert not np.array_equal(data.test.labels[:20], data.validation.labels)


def test_pieces_do_not_show(data, monkeypatch):
    monkeypatch.setattr("genn_delays.datasets.mts_xor.PIECE", 64)
    again = load("mts_xor", dt=10.0, **SMALL)
    for name in ("time", "unit", "offset", "labels"):
        np.testing.assert_array_equal(getattr(again.train, name), getattr(data.train, name))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"high": 1.5}, "mts_xor: high is 1.5, a chance between 0 and 1"),
        ({"train": 0}, "train is 0, it must be > 0"),
        ({"step": -1.0}, "step is -1.0"),
        ({"train": 10**9}, "mts_xor: 1000002048 trials would take"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_drawn(args, message):
    with pytest.raises(DataError, match=message):
        source("mts_xor", **args)


def test_labels_of_a_time_step_too_fine_for_memory_are_refused():
    with pytest.raises(DataError, match="labels of 12288 trials of 1000000000 steps would take"):
        load("mts_xor", dt=1e-6)
