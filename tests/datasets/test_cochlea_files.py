"""Data sets of recordings become files of spikes, whole or not at all, and mistakes are named."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import h5py
import numpy as np
import own_plugins
import pytest
from click.testing import CliRunner
from limited import file_limit

from genn_delays.cli import cli
from genn_delays.datasets import load, source
from genn_delays.datasets.cochlea import RATE, Ear, convert, files_of
from genn_delays.datasets.cochlea.nerve import library
from genn_delays.support.errors import CheckpointError, DataError

SHORT = ("--channels", "20", "--seed", "3")
KEYS = ("spikes/times", "spikes/units")


@pytest.fixture
def short(audio, wav, make_tone):
    """The recordings of ``audio``, of 50 ms."""
    for number, path in enumerate(sorted(audio.rglob("*.wav"))):
        sound = make_tone(400.0 + 50.0 * number, 0.0, 0.05)
        path.write_bytes(wav(sound))
    return audio


def run(*arguments):
    return CliRunner().invoke(cli, ["data", "cochlea", *map(str, arguments)])


def spikes(path):
    with h5py.File(path) as file:
        return [np.concatenate(file[key][()]).tolist() for key in KEYS] + [file["labels"][()]]


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_files_are_a_data_set_and_say_how_they_were_made(short, tmp_path):
    result = run(short, tmp_path / "out.h5", *SHORT)
    assert result.exit_code == 0, result.output
    assert left(tmp_path) == ["out_test.h5", "out_train.h5", "out_valid.h5"]
    names = {"train": "out_train.h5", "validation": "out_valid.h5", "test": "out_test.h5"}
    data = load("spike_hdf5", dt=1.0, path=tmp_path, **names, units=20, duration=100.0)
    assert data.class_names == ("high", "low")
    assert data.train.labels.tolist() == [0] * 4 + [1] * 4
    assert len(data.train.time) > 50
    assert "args: {train: out_train.h5" in result.stdout
    with h5py.File(tmp_path / "out_train.h5") as file:
        about = dict(file.attrs)
        assert file["spikes/times"][0].dtype == np.float32
        assert file["spikes/units"][0].dtype == np.uint16
    assert "genn-delays" in about.pop("made_by")
    assert about == {"rate": 48000, "channels": 20, "level": Ear.level, "seed": 3}


def test_spikes_follow_from_the_seed_whatever_the_number_of_threads(short, tmp_path):
    made = {}
    for name, *given in (("one", 1, 3), ("two", 2, 3), ("other", 2, 4)):
        run(short, tmp_path / f"{name}.h5", "--channels", 20, "--threads", given[0],
            "--seed", given[1])  # fmt: skip
        made[name] = spikes(tmp_path / f"{name}_test.h5")[:2]
    assert made["one"] == made["two"]
    assert made["one"] != made["other"]


def test_loudness_does_not_matter(make_tone):
    ear = Ear(channels=20)
    sound = make_tone(800.0, 0.0, 0.05, rate=RATE).astype(np.float32)
    soft, loud = (ear(factor * sound, (0, 0)) for factor in (0.25, 1.0))
    np.testing.assert_array_equal(soft[0], loud[0])
    assert len(replace(ear, level=-40.0)(sound, (0, 0))[0]) < len(loud[0])


def test_a_stereo_recording_at_another_rate_is_one_channel_at_48_khz(short, wav, make_tone):
    sound = np.repeat(make_tone(700.0, 0.0, 0.05, rate=22050), 2)
    (short / "dataset/high/train0.wav").write_bytes(wav(sound, 22050, channels=2))
    notes = Counter()
    first = next(source("audio_folder").corpus(short, RATE).recordings).sound(notes)
    assert len(first) == pytest.approx(0.05 * RATE, abs=4)
    assert [note.split(";")[0] for note in notes] == ["several channels"]


def test_silence_is_heard_as_silence_and_said(short, wav, tmp_path):
    (short / "dataset/high/val0.wav").write_bytes(wav(np.zeros(1600)))
    result = run(short, tmp_path / "out.h5", *SHORT)
    assert "recordings with no sound at all, left at their level: 1" in result.stderr
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda wav: wav(np.ones(100) * 0.1), r"val1\.wav lasts 6\.25 ms, the shortest .* 10 ms"),
        (lambda wav: wav(np.ones(1600) * 0.1)[:-100], r"val1\.wav: damaged or truncated"),
    ],
)
def test_a_recording_that_cannot_be_heard_is_named_and_nothing_half_written(
    short, wav, tmp_path, content, message
):
    (short / "dataset/low/val1.wav").write_bytes(content(wav))
    result = run(short, tmp_path / "out.h5", *SHORT)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) <= 2
    assert re.search(message, result.stderr)
    assert left(tmp_path) == ["out_train.h5"]


def test_an_interruption_leaves_what_is_finished(short, tmp_path):
    heard = 0

    def interrupt():
        nonlocal heard
        heard += 1
        if heard == 10:  # the second of the validation
            raise KeyboardInterrupt

    corpus = source("audio_folder").corpus(short, RATE)
    with pytest.raises(KeyboardInterrupt):
        list(convert(corpus, Ear(20), files_of(tmp_path / "out.h5"), 2, interrupt))
    assert left(tmp_path) == ["out_train.h5"]


def test_a_full_disk_is_named_and_leaves_nothing(short, tmp_path):
    corpus = source("audio_folder").corpus(short, RATE)
    made = convert(corpus, Ear(20), files_of(tmp_path / "out.h5"), 1)
    library()  # compiled before there is no room
    with file_limit(2000), pytest.raises(CheckpointError, match=r"out_train\.h5 cannot be written"):
        next(made)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("yin_yang", "out.h5"), "yin_yang has no recordings; those that have: audio_folder, fsdd"),
        (("absent", "out.h5"), "absent: no such folder or zip archive"),
        (("absent", "out.npz"), "give a name that ends in .h5"),
        (("absent", "none/out.h5"), "no folder in which files can be made"),
        (("absent", "out.h5", "--channels", "0"), "channels is 0, it must be > 0"),
        (("absent", "out.h5", "--channels", "70000"), "channels is 70000, it must be at most"),
        (("absent", "out.h5", "--seed", "-1"), "seed is -1, it must be >= 0"),
        (("absent", "out.h5", "--level", "nan"), "--level is nan; give a number of dB"),
        (("absent", "out.h5", "--level", "300"), "level is 300 dB, it must lie within"),
        (("absent", "out.h5", "--set", "seed=1"), "--set changes a configuration"),
    ],
)
def test_mistakes_are_named_before_anything_is_heard(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    result = run(*given)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_a_data_set_of_a_file_is_asked_for_its_recordings(tmp_path):
    config = own_plugins.write(tmp_path)
    said = CliRunner().invoke(cli, ["data", "cochlea", str(config), str(tmp_path / "out.h5")])
    assert said.exit_code == 2
    assert "Chirps gives no recordings one by one; give it a corpus()" in said.stderr


RINGS = """
import genn_delays as gd

class Rings(gd.datasets.AudioFolder):
    pass
"""


def test_an_installed_data_set_is_found_by_its_name_as_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = {"Rings": "ear_rings:Rings"}
    monkeypatch.syspath_prepend(own_plugins.package(tmp_path, "ear-rings", entry, RINGS))
    for name in ("Rings", "ear-rings:Rings"):
        said = run(name, "out.h5")
        assert said.exit_code == 2
        assert "audio_folder: data.path is missing" in said.stderr


def test_files_that_are_there_are_not_written_over(tmp_path):
    (tmp_path / "out_test.h5").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"out_test\.h5 is there already"):
        files_of(tmp_path / "out.h5")


def test_synthetic_digits_are_recordings_too():
    pytest.importorskip("espeakng_loader", reason="the extra 'speech' is not installed")
    digits = source("spoken_digits", voices=7, repeats=1, bands=10)
    corpus = digits.corpus(None, RATE)
    assert corpus.counts == {"train": 100, "validation": 20, "test": 20}
    first = next(corpus.recordings)
    assert (first.split, corpus.classes[first.label]) == ("train", "en-zero")
    assert len(first.sound(Counter())) == RATE
