"""Speech Commands in their layout: folders of words, the official lists, background noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.datasets.speech_commands import WORDS
from genn_delays.support.errors import DataError

SMALL = {"bands": 8, "cache": False}
OTHERS = ("bed", "cat", "dog", "wow")


def recording(word: str, number: int) -> str:
    return f"{word}/{number:08x}_nohash_0.wav"


@pytest.fixture
def folder(tmp_path: Path, wav, make_tone) -> Path:
    """Four recordings of each of 14 words: two for training, one each for the others."""
    for number, word in enumerate((*WORDS, *OTHERS)):
        sound = wav(make_tone(300.0 + 150 * number, 0.3))
        (tmp_path / word).mkdir()
        for take in range(4):
            (tmp_path / recording(word, take)).write_bytes(sound)
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, 48_000)
    (tmp_path / "_background_noise_").mkdir()
    (tmp_path / "_background_noise_/hum.wav").write_bytes(wav(noise))
    (tmp_path / "_background_noise_/README.md").write_text("not a recording")
    for name, take in (("validation", 2), ("testing", 3)):
        listed = [recording(word, take) for word in (*WORDS, *OTHERS)]
        (tmp_path / f"{name}_list.txt").write_text("\n".join(listed) + "\n")
    return tmp_path


def test_the_official_lists_divide_the_words_that_are_there(folder):
    data = load("gsc", dt=1.0, path=folder, **SMALL)
    assert data.class_names == tuple(sorted((*WORDS, *OTHERS)))
    assert [len(split) for split in data.splits().values()] == [28, 14, 14]
    assert np.bincount(data.train.labels).tolist() == [2] * 14


def test_twelve_classes_have_unknown_words_and_silence_as_often_as_a_word(folder):
    data = load("gsc", dt=1.0, path=folder, classes=12, **SMALL)
    assert data.class_names == tuple(sorted((*WORDS, "_unknown_", "_silence_")))
    for split, count in zip(data.splits().values(), (2, 1, 1), strict=True):
        assert np.bincount(split.labels).tolist() == [count] * 12
    again = load("gsc", dt=1.0, path=folder, classes=12, **SMALL)
    other = load("gsc", dt=1.0, path=folder, classes=12, seed=2, **SMALL)
    np.testing.assert_array_equal(data.train.time, again.train.time)
    assert len(data.train.time) != len(other.train.time)


def test_the_preset_makes_frames(folder):
    data = load("gsc", dt=10.0, path=folder, preset="dcls", cache=False)
    assert data.units == 140
    assert data.train.value is not None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("testing_list.txt", "yes/none.wav\n", "testing_list.txt names yes/none.wav, which is not"),
        ("testing_list.txt", f"{recording('yes', 2)}\n", "is listed twice"),
        ("testing_list.txt", "\n", "no recordings in the test split"),
        ("testing_list.txt", "\xff", "names"),
        (recording("yes", 0), "", "yes/00000000_nohash_0.wav"),
    ],
)
def test_a_list_or_recording_that_is_wrong_is_named(folder, name, content, message):
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load("gsc", dt=1.0, path=folder, **SMALL)


def test_a_folder_without_words_noise_or_lists_is_refused(folder, tmp_path_factory):
    with pytest.raises(DataError, match=r"no WORD/\*\.wav"):
        load("gsc", dt=1.0, path=tmp_path_factory.mktemp("empty"))
    (folder / "_background_noise_/hum.wav").unlink()
    with pytest.raises(DataError, match="of which silence is"):
        load("gsc", dt=1.0, path=folder, classes=12)
    (folder / "validation_list.txt").unlink()
    with pytest.raises(DataError, match=r"cannot find validation_list\.txt"):
        load("gsc", dt=1.0, path=folder)
    with pytest.raises(DataError, match="classes is 20; give 35 or 12"):
        load("gsc", dt=1.0, path=folder, classes=20)
