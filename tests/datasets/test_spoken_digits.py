"""Synthetic speech follows its seed, keeps voices apart and never cuts a word."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from genn_delays.datasets import load, source
from genn_delays.datasets.spoken_digits import CLASSES, SpokenDigits
from genn_delays.support.errors import DataError

SMALL = {"voices": 7, "repeats": 1, "bands": 10}


@pytest.fixture
def speech() -> None:
    pytest.importorskip("espeakng_loader", reason="the extra 'speech' is not installed")


@pytest.fixture
def variants() -> list[str]:
    return [f"voice{number}" for number in range(104)]


def test_there_are_at_least_5000_utterances_of_disjoint_voices(variants):
    digits = source("spoken_digits")
    assert isinstance(digits, SpokenDigits)
    split = digits.divide(variants)
    # every variant once: so none is in two splits
    assert sorted(voice for voices in split.values() for voice in voices) == sorted(variants)
    rng = np.random.default_rng(0)
    said = {name: digits.utterances(voices, rng) for name, voices in split.items()}
    assert sum(map(len, said.values())) >= 5000
    for name, utterances in said.items():
        assert {u.variant for u in utterances} == set(split[name])
        assert len(np.unique(np.bincount([u.label for u in utterances]))) == 1
        for drawn in ("rate", "pitch", "pitch_range", "level", "noise", "place"):
            assert len({getattr(u, drawn) for u in utterances}) > 10


def test_division_follows_the_seed(variants):
    divide = lambda seed: source("spoken_digits", seed=seed).divide(variants)  # noqa: E731
    assert divide(1) == divide(1) != divide(2)


@pytest.mark.parametrize("count", [2, 105, 0])
def test_impossible_number_of_voices_is_refused(variants, count):
    with pytest.raises(DataError, match=f"{count} voices divide into"):
        source("spoken_digits", voices=count).divide(variants)


def test_classes_are_english_then_german():
    assert CLASSES[0] == ("en", "zero")
    assert CLASSES[19] == ("de", "neun")


def test_missing_package_shows_the_real_error_and_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(DataError) as error:
        load("spoken_digits", dt=1.0, **SMALL)
    first, second = str(error.value).splitlines()
    assert "ModuleNotFoundError: import of espeakng_loader halted" in first
    assert "pip install 'genn-delays[speech]'" in second


@pytest.mark.usefixtures("speech")
class TestSpoken:
    def test_same_seed_same_spikes_in_any_process(self):
        digits = load("spoken_digits", dt=1.0, **SMALL)
        assert [len(s) for s in digits.splits().values()] == [100, 20, 20]
        assert (digits.units, digits.classes) == (30, 20)
        assert digits.class_names[10] == "de-null"
        again = load("spoken_digits", dt=1.0, cache=False, **SMALL)
        np.testing.assert_array_equal(digits.train.time, again.train.time)
        code = (
            "from genn_delays.datasets import load;"
            f"d = load('spoken_digits', dt=1.0, cache=False, **{SMALL});"
            "print(float(d.train.time.sum()), float(d.test.time.sum()))"
        )
        printed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        assert printed.split() == [str(float(s.time.sum())) for s in (digits.train, digits.test)]
        other = load("spoken_digits", dt=1.0, seed=2, **SMALL)
        assert not np.array_equal(digits.train.time, other.train.time)

    def test_words_lie_at_random_places_and_are_never_cut(self):
        quiet = {"noise": (-80.0, -80.0), "speaking_rate": (80, 80)}
        data = load("spoken_digits", dt=1.0, **SMALL, **quiet)
        trial = np.repeat(np.arange(100), np.diff(data.train.offset))
        first = np.full(100, np.inf)
        np.minimum.at(first, trial, data.train.time)
        assert first.std() > 50
        assert data.train.time.max() < 1000.0

    def test_word_longer_than_its_trial_is_said_faster_or_refused(self):
        data = load("spoken_digits", dt=1.0, **SMALL, duration=420.0, speaking_rate=(80, 80))
        assert data.duration == 420.0
        with pytest.raises(
            DataError, match=r"cannot say .* within 60 ms; raise data.args.duration"
        ):
            load("spoken_digits", dt=1.0, **SMALL, duration=60.0)

    def test_silent_words_are_left_out_and_reported(self, monkeypatch, caplog):
        monkeypatch.setattr("genn_delays.datasets.spoken_digits.SILENT", 0.05)
        data = load("spoken_digits", dt=1.0, **SMALL)
        assert 0 < len(data.train) < 100
        assert "is silent" in caplog.text

    def test_unknown_voice_and_unreadable_data_are_named(self, monkeypatch, tmp_path):
        import espeakng_loader

        from genn_delays.datasets.speech import Speaker

        with Speaker(1) as speaker, pytest.raises(DataError, match="no voice 'en-xx"):
            speaker.say("one", "en-xx+nobody", rate=175, pitch=50, pitch_range=50)
        (tmp_path / "voices" / "!v").mkdir(parents=True)
        monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
        with pytest.raises(DataError, match="cannot read its data"):
            Speaker(1)

    @pytest.mark.slow
    def test_all_of_it_can_be_told_apart_by_voices_never_heard(self):
        """Ridge regression on spike counts per unit: about 75 %, chance is 5 %."""
        data = load("spoken_digits", dt=1.0)
        assert sum(map(len, data.splits().values())) >= 5000
        counts = []
        for split in (data.train, data.test):
            trial = np.repeat(np.arange(len(split)), np.diff(split.offset))
            place = trial * data.units + split.unit
            counts.append(np.bincount(place, minlength=len(split) * data.units))
        train, test = (c.reshape(-1, data.units).astype(float) for c in counts)
        mean = train.mean(axis=0)
        scatter = (train - mean).T @ (train - mean) + 1e3 * np.eye(data.units)
        weight = np.linalg.solve(scatter, (train - mean).T @ np.eye(20)[data.train.labels])
        assert np.mean(((test - mean) @ weight).argmax(axis=1) == data.test.labels) > 0.6


@pytest.mark.usefixtures("speech")
def test_more_utterances_than_the_limit_holds_are_refused_before_any_is_drawn():
    with pytest.raises(DataError, match=r"spoken_digits: 1000000 repeats would take"):
        load("spoken_digits", dt=1.0, **SMALL | {"repeats": 10**6})


@pytest.mark.usefixtures("speech")
def test_incomplete_package_shows_the_real_error_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("espeakng_loader.get_data_path", lambda: tmp_path / "nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(DataError, match=r"FileNotFoundError.*nowhere"):
        load("spoken_digits", dt=1.0, **SMALL)
    assert not list(tmp_path.iterdir())
