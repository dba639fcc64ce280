"""Augmentations keep the order of events, never invent one, and draw anew for each trial."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets import augment
from genn_delays.planning.events import Events
from genn_delays.support.errors import ConfigError

UNITS, DURATION = 30, 200.0
EACH = [
    {"name": "time_shift", "max": "30"},
    {"name": "time_stretch", "max": 0.2},
    {"name": "unit_shift", "max": 3, "step": 3},
    {"name": "time_mask", "max": 50.0, "count": 2},
    {"name": "unit_mask", "max": 4, "count": 2, "step": 3},
    {"name": "drop", "probability": 0.3},
]


def apply(settings: list[dict], events: Events, seed: int = 0) -> Events:
    rng = np.random.default_rng(seed)
    for change in augment.make(settings):
        events = change(events, rng, units=UNITS, duration=DURATION)
    return events


@pytest.fixture(params=[False, True], ids=["spikes", "graded"])
def batch(request, make_split):
    return make_split(graded=request.param).batch(np.arange(20))


@pytest.mark.parametrize("settings", [*([s] for s in EACH), EACH], ids=str)
def test_order_kept_and_nothing_invented(batch, settings):
    after = apply(settings, batch)
    np.testing.assert_array_equal(
        np.lexsort((after.time, after.unit, after.trial)), np.arange(len(after))
    )
    assert 0 < len(after) < len(batch)
    assert after.trials == batch.trials
    assert np.all((after.time >= 0) & (after.time < DURATION) & (after.unit < UNITS))
    assert np.all(np.bincount(after.trial, minlength=20) <= np.bincount(batch.trial, minlength=20))
    if batch.value is not None:
        assert np.isin(after.value, batch.value).all()


@pytest.mark.parametrize("settings", EACH, ids=str)
def test_random_draws_follow_the_generator(batch, settings):
    first, again, other = (apply([settings], batch, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.time, again.time)
    assert len(first) != len(other) or not np.array_equal(first.time, other.time)


def test_masks_and_drop_keep_events_as_they_are(batch):
    before = set(zip(batch.trial, batch.unit, batch.time, strict=True))
    for settings in EACH[3:]:
        after = apply([settings], batch)
        assert before.issuperset(zip(after.trial, after.unit, after.time, strict=True))


def test_events_in_any_order_are_changed_alike(batch):
    order = np.random.default_rng(1).permutation(len(batch))
    shuffled = Events(batch.time[order], batch.unit[order], batch.trial[order], batch.trials)
    content = lambda e: sorted(zip(e.trial, e.unit, e.time, strict=True))  # noqa: E731
    assert content(apply(EACH[:5], shuffled)) == content(apply(EACH[:5], batch))


def one_event_per_trial(trials: int = 400) -> Events:
    return Events(np.full(trials, 100.0), np.full(trials, 15), np.arange(trials), trials)


def test_time_shift_is_uniform_up_to_its_maximum():
    shift = apply([{"name": "time_shift", "max": 30}], one_event_per_trial()).time - 100.0
    assert -30 <= shift.min() < -28
    assert 28 < shift.max() <= 30
    assert len(np.unique(shift)) > 390


def test_a_shift_of_nothing_keeps_the_events_of_the_last_step():
    duration = 60_000.0
    for kind in (np.float32, np.float64):
        time = np.array([0.0, 59_999.9, np.nextafter(kind(duration), kind(0)) - kind(1e-9)], kind)
        events = Events(time, np.zeros(3, int), np.zeros(3, int), 1)
        shift = augment.make([{"name": "time_shift", "max": 0}])[0]
        after = shift(events, np.random.default_rng(0), units=1, duration=duration)
        np.testing.assert_array_equal(after.time, time)


def test_unit_shift_moves_whole_bands():
    shift = apply([{"name": "unit_shift", "max": 2, "step": 3}], one_event_per_trial()).unit - 15
    assert np.unique(shift).tolist() == [-6, -3, 0, 3, 6]


def test_time_stretch_leaves_the_middle_in_place():
    events = Events([50.0, 100.0], [0, 0], [0, 0], 1)
    after = apply([{"name": "time_stretch", "max": 0.3}], events).time
    assert after[1] == pytest.approx(100.0)
    assert abs(after[0] - 50.0) <= 15.0


def test_unit_mask_silences_whole_bands():
    events = Events(np.full(30, 1.0), np.arange(30), np.zeros(30, int), 1)
    for seed in range(20):
        kept = apply([{"name": "unit_mask", "max": 5, "step": 3}], events, seed).unit
        counts = np.bincount(kept // 3, minlength=10)
        assert set(counts.tolist()) <= {0, 3}
        assert (counts == 0).sum() <= 5


def test_time_mask_silences_one_window():
    events = Events(np.arange(200.0), np.zeros(200, int), np.zeros(200, int), 1)
    for seed in range(20):
        gone = np.setdiff1d(
            events.time, apply([{"name": "time_mask", "max": 40}], events, seed).time
        )
        assert len(gone) <= 41
        assert np.all(np.diff(gone) == 1)


def test_masks_as_large_as_everything_are_allowed(batch):
    apply([{"name": "unit_mask", "max": 99}, {"name": "time_mask", "max": 999}], batch)


@pytest.mark.parametrize("settings", EACH, ids=str)
def test_batch_without_events_passes(settings):
    empty = Events(np.zeros(0), np.zeros(0, int), np.zeros(0, int), 3)
    assert apply([settings], empty).trials == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "time_shft", "max": 1}, "did you mean 'time_shift'"),
        ({"name": "time_shift", "maxi": 1}, "unknown setting 'maxi'; did you mean 'max'"),
        ({"name": "time_shift"}, "max is missing"),
        ({"name": "time_shift", "max": "far"}, r"augmentation\[0\].time_shift.max: 'far' given"),
        ({"name": "time_shift", "max": -1}, "max is -1.0, it must be >= 0"),
        ({"name": "unit_shift", "max": 1.5}, "1.5 given"),
        ({"name": "unit_mask", "max": 1, "step": 0}, "step is 0, it must be > 0"),
        ({"name": "time_stretch", "max": 1.0}, "below 1"),
        ({"name": "drop", "probability": 1.1}, r"in \[0, 1\]"),
        ("time_shift", "max is missing"),
        (3, "give a mapping with a name"),
    ],
)
def test_wrong_settings_name_the_remedy(settings, message):
    with pytest.raises(ConfigError, match=message):
        augment.make([settings])
