"""Recordings in a folder or archive become the same spikes, and each mistake is named."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from genn_delays.datasets import Dataset, load
from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.errors import DataError

DIGITS = Path(__file__).parents[2] / ".." / "shared" / "data" / "arabic_digits.zip"


def read(path: Path, **args: object) -> Dataset:
    return load("audio_folder", dt=1.0, path=path, **args)


def assert_equal(first: Dataset, second: Dataset) -> None:
    for a, b in zip(first.splits().values(), second.splits().values(), strict=True):
        for field in ("time", "unit", "offset", "labels"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


def test_folder_and_archive_are_the_same_data(audio, archive):
    folder = read(audio)
    assert_equal(folder, read(archive))
    assert folder.class_names == ("high", "low")
    assert folder.train.labels.tolist() == [0] * 4 + [1] * 4
    assert (folder.units, [len(s) for s in folder.splits().values()]) == (120, [8, 4, 4])


def test_spikes_are_where_the_tone_is(audio):
    train = read(audio).train
    for trial, label in enumerate(train.labels):
        events = train.batch(np.array([trial]))
        assert (np.median(events.unit) > 60) == (label == 0)
        start = 200.0 + 100.0 * (trial % 4)
        assert np.mean((events.time > start - 20) & (events.time < start + 230)) > 0.9


def test_encoder_settings_are_arguments(audio):
    data = read(audio, bands=20, thresholds=[0.5], deltas=True, tau=5, hop=5.0)
    assert data.units == 60


def test_cached_features_give_the_same_data(audio, cache):
    first = read(audio)
    files = list((cache / "audio_folder").iterdir())
    assert len(files) == 1
    assert_equal(first, read(audio))
    assert_equal(first, read(audio, cache=False))
    read(audio, tau=5.0)  # the cache lies before the encoder
    assert list((cache / "audio_folder").iterdir()) == files
    read(audio, bands=20)
    assert len(list((cache / "audio_folder").iterdir())) == 2


def test_changed_recording_is_read_again(audio, wav, make_tone):
    before = read(audio)
    path = audio / "dataset" / "high" / "train0.wav"
    path.write_bytes(wav(make_tone(700.0, 0.7)))
    os.utime(path, ns=(1, 1))
    after = read(audio)
    assert not np.array_equal(before.train.time, after.train.time)


def test_spikes_come_from_the_cache(audio, cache, monkeypatch):
    first = read(audio)
    monkeypatch.setattr(SpikeEncoder, "encode", None)
    assert_equal(first, read(audio))
    with pytest.raises(TypeError, match="not callable"):
        read(audio, tau=5.0)  # other spikes


def test_a_damaged_cache_is_never_opened_and_made_again(audio, cache, monkeypatch):
    first = read(audio)
    whole = {path: path.read_bytes() for path in cache.rglob("*.h5")}
    for path, content in whole.items():  # features and spikes
        path.write_bytes(content[:-1] + b"x")  # HDF5 itself would not notice
    opened, make = [], h5py.File
    monkeypatch.setattr(h5py, "File", lambda *args: opened.append(args) or make(*args))
    assert_equal(first, read(audio))
    assert [mode for _, mode in opened] == ["w", "w"]
    assert {path: path.read_bytes() for path in cache.rglob("*.h5")} == whole


def test_full_disk_costs_the_cache_only(audio, monkeypatch, caplog):
    first = read(audio)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("genn_delays.cache.os.replace", full)
    assert_equal(read(audio, duration=1001.0), read(audio, duration=1001.0))
    assert "not cached, no space left" in caplog.text
    assert len(first.train) == 8


def test_two_processes_making_the_cache_do_not_disturb_each_other(audio, cache):
    code = (
        "import sys; from genn_delays.datasets import load;"
        "d = load('audio_folder', dt=1.0, path=sys.argv[1]); print(float(d.train.time.sum()))"
    )
    command = [sys.executable, "-c", code, str(audio)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    results = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert results == {f"{float(read(audio).train.time.sum())}\n"}
    assert len(list((cache / "audio_folder").iterdir())) == 1


def test_other_sample_rate_and_shorter_recordings_are_read(audio, wav, make_tone):
    path = audio / "dataset" / "high" / "train0.wav"
    path.write_bytes(wav(make_tone(3000.0, 0.2, seconds=0.6, rate=22050), rate=22050))
    events = read(audio).train.batch(np.array([0]))
    assert np.median(events.unit) > 60


def test_too_long_recording_is_an_error_unless_cropped(audio, wav, make_tone):
    path = audio / "dataset" / "high" / "train0.wav"
    path.write_bytes(wav(make_tone(3000.0, 0.2, seconds=1.2)))
    with pytest.raises(DataError, match=r"train0.wav lasts 1200 ms, longer .*crop: true"):
        read(audio)
    assert len(read(audio, crop=True).train) == 8
    assert len(read(audio, duration=1200).train) == 8


def write(audio: Path, name: str, text: str) -> None:
    (audio / name).write_bytes(text.encode())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("val.csv", "file,label\r\na.wav,high\r\n", "val.csv has no column 'class'.* file, label"),
        ("val.csv", "", "names nothing"),
        ("test.csv", "file,class\r\n", "test.csv lists no recordings"),
        ("train.csv", "file,class\r\na.wav\r\n", "train.csv, line 2: lacks"),
        ("test.csv", "file,class\r\na.wav,middle\r\n", "class 'middle' occurs in test.csv but not"),
        ("train.csv", "file,class\r\na.wav,low\r\nb.wav,high\r\n", "cannot find a.wav"),
    ],
)
def test_wrong_list_is_named(audio, name, text, message):
    write(audio, name, text)
    with pytest.raises(DataError, match=message) as error:
        read(audio)
    assert len(str(error.value).splitlines()) <= 2


def test_list_that_is_not_text_is_refused(audio):
    (audio / "val.csv").write_bytes(b"file,class\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        read(audio)


def test_missing_files_name_the_argument(audio, archive, tmp_path):
    with pytest.raises(DataError, match=r"cannot find v.csv .*data.args.train, validation, test"):
        read(audio, validation="v.csv")
    with pytest.raises(DataError, match=r"v.csv .not in the archive"):
        read(archive, validation="v.csv")
    with pytest.raises(DataError, match="no such folder or zip"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"data.path is missing"):
        load("audio_folder", dt=1.0)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("more.csv", "file,class\nnone.wav,low\n")
    with pytest.raises(DataError, match=r"none.wav .not in the archive"):
        read(archive, test="more.csv")


def test_damaged_archive_is_refused(archive, tmp_path):
    content = archive.read_bytes()
    short = tmp_path / "short.zip"
    short.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="neither a folder nor a readable zip"):
        read(short)
    position = content.index(b"train0.wav") + 5000  # inside the compressed first recording
    archive.write_bytes(content[:position] + b"\0" * 200 + content[position + 200 :])
    with pytest.raises(DataError, match="is damaged"):
        read(archive)


@pytest.mark.slow
@pytest.mark.skipif(not DIGITS.exists(), reason=f"{DIGITS.name} is not beside the project")
def test_spoken_digits_of_the_archive_can_be_told_apart():
    """Ridge regression on spike counts in ten time bins: about 82 %, chance is 10 %."""
    data = read(DIGITS)
    assert [len(s) for s in data.splits().values()] == [1800, 600, 600]
    assert data.classes == 10
    assert 2000 < len(data.train.time) / 1800 < 3500
    counts = {}
    for name in ("train", "test"):
        split = getattr(data, name)
        trial = np.repeat(np.arange(len(split)), np.diff(split.offset))
        bins = (trial * data.units + split.unit) * 10 + (split.time / 100).astype(int)
        counts[name] = np.bincount(bins, minlength=len(split) * data.units * 10).reshape(
            len(split), -1
        )
    mean = counts["train"].mean(axis=0)
    train, test = counts["train"] - mean, counts["test"] - mean
    kernel = train @ train.T + 1e3 * np.eye(len(train))
    weight = train.T @ np.linalg.solve(kernel, np.eye(10)[data.train.labels] - 0.1)
    assert np.mean((test @ weight).argmax(axis=1) == data.test.labels) > 0.75
