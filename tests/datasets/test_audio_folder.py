"""Recordings in a folder or archive become the same spikes, and each mistake is named."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genn_delays.datasets import Dataset, load
from genn_delays.datasets.audio_folder import AudioFolder
from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.datasets.files import open_files
from genn_delays.datasets.stored_split import StoredSplit
from genn_delays.support.errors import DataError
from genn_delays.support.limits import VARIABLE

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


class Quiet(AudioFolder):
    def trimmed(self, sound, where):
        return 0.0 * super().trimmed(sound, where)


def test_a_class_of_the_user_s_own_takes_nothing_from_the_cache_and_leaves_nothing_there(
    audio, cache
):
    loud = AudioFolder().load(1.0, audio)
    assert len(loud.train.time) > 0
    assert len(Quiet().load(1.0, audio).train.time) == 0
    assert_equal(loud, AudioFolder().load(1.0, audio))


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


def test_a_damaged_cache_is_made_again(audio, cache):
    first = read(audio)
    whole = {path: path.read_bytes() for path in cache.rglob("*.*")}
    assert len(whole) == 4  # bands, and spikes of each split
    for path, content in whole.items():
        path.write_bytes(content[:-1] + b"x")
    assert_equal(first, read(audio))
    assert {path: path.read_bytes() for path in cache.rglob("*.*")} == whole


def test_full_disk_costs_the_cache_only(audio, monkeypatch, caplog):
    first = read(audio)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("genn_delays.support.cache.os.replace", full)
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
        ("val.csv", "file,class\n\n\na.wav\n", "val.csv, line 4: lacks"),
        ("val.csv", "file,class\na.wav,low\nb\0.wav,low\n", "val.csv, line 3: a control character"),
        ("val.csv", 'file,class\n"a\nb.wav",low\n', "val.csv, line 3: a control character"),
        ("val.csv", f"file,class\n{'x' * 5000},low\n", "val.csv, line 2: .*more than 4096"),
        ("val.csv", f"file,class\na.wav,{'x' * 131_073}\n", "val.csv, line 2: field larger than"),
        ("val.csv", 'file,class\n"a.wav,low\nb.wav,low\n', "val.csv, line 2: unexpected end"),
        ("val.csv", "file,class\na,b.wav,low\n", "val.csv, line 2: more fields than columns"),
        ("val.csv", "file,class,class\na.wav,x,low\n", "more than one column 'class'"),
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


def test_list_of_too_many_lines_is_refused(audio, monkeypatch):
    monkeypatch.setenv(VARIABLE, "16")
    write(audio, "val.csv", "file,class\n" + "a,b\n" * 70_000)
    with pytest.raises(DataError, match=r"val.csv: its 70001 lines would take 19 MiB"):
        read(audio)


def test_what_has_no_end_is_not_opened(audio):
    os.mkfifo(audio / "val.csv.fifo")
    with pytest.raises(DataError, match=r"cannot find val.csv.fifo \(not a file\)"):
        read(audio, validation="val.csv.fifo")
    with pytest.raises(DataError, match="neither a folder nor a zip archive"):
        read(audio / "val.csv.fifo")


def test_recordings_of_several_channels_are_said_once(audio, archive, wav, caplog):
    for split in ("train0", "train1", "val0"):
        path = audio / "dataset" / "high" / f"{split}.wav"
        path.write_bytes(wav(np.repeat(0.1 * np.sin(np.arange(100)), 2), channels=2))
    read(audio)
    assert [r.getMessage() for r in caplog.records] == [
        f"{audio}: recordings with several channels; their mean is read: 3"
    ]


def change(archive: Path, member: str, **fields: int) -> None:
    """Other numbers in a member's header and in its line of the directory."""
    data, name = bytearray(archive.read_bytes()), member.encode()
    local, central = data.index(name) - 30, data.rindex(name) - 46
    for field, value in fields.items():
        kind, *places = {
            "version": ("<H", 4, 6),
            "flags": ("<H", 6, 8),
            "method": ("<H", 8, 10),
            "size": ("<I", 22, 24),
        }[field]
        for start, place in zip((local, central), places, strict=True):
            struct.pack_into(kind, data, start + place, value)
    archive.write_bytes(data)


def test_archive_of_an_unknown_version_is_refused(archive):
    change(archive, "dataset/high/train0.wav", version=99)
    with pytest.raises(DataError, match=r"audio.zip: .* \(zip file version 9.9\); copy"):
        read(archive)


COMPRESSED = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


@pytest.mark.parametrize("method", COMPRESSED)
def test_archive_of_each_compression_is_read(method, archive):
    files, expected = open_files(archive), {}
    for name in files.names():
        expected[name] = files.read(name)
    other = archive.with_name("other.zip")
    with zipfile.ZipFile(other, "w", COMPRESSED[method]) as file:
        for name, content in expected.items():
            file.writestr(name, content)
        file.writestr("empty", b"")
    files = open_files(other)
    assert {name: files.read(name) for name in files.names()} == expected | {"empty": b""}


def test_archive_of_an_unknown_compression_is_refused(archive):
    change(archive, "test.csv", method=98)
    with pytest.raises(DataError, match=r"test.csv is compressed by method 98; make the archive"):
        read(archive)


def test_encrypted_member_is_refused(archive):
    change(archive, "test.csv", flags=1)
    with pytest.raises(DataError, match=r"test.csv is damaged or encrypted .*password"):
        read(archive)


def test_damaged_header_of_a_member_is_no_page_of_bytes(archive):
    data = bytearray(archive.read_bytes())
    start = data.index(b"test.csv")
    data[start - 4 : start - 2] = b"\xff\x7f"  # the length of its name
    archive.write_bytes(data)
    with pytest.raises(DataError, match=r"test.csv is damaged or encrypted") as error:
        read(archive)
    assert len(str(error.value)) < 400


def test_member_larger_than_the_limit_is_refused_before_it_is_read(archive, monkeypatch):
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("large.csv", bytes(17 << 20))
    monkeypatch.setenv(VARIABLE, "16")
    with pytest.raises(DataError, match=r"large.csv would take 17 MiB, the limit is 16"):
        read(archive, test="large.csv")


@pytest.mark.parametrize("method", ["deflated", "bzip2", "lzma"])
def test_member_that_is_larger_than_it_says_takes_no_more_memory(method, archive):
    with zipfile.ZipFile(archive, "a", COMPRESSED[method]) as file:
        file.writestr("large.csv", bytes(64 << 20))
    change(archive, "large.csv", size=1000)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"large.csv is damaged"):
        read(archive, test="large.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("code", ["spikes", "frames"])
def test_more_recordings_than_memory_holds_are_the_same_from_the_disk(
    audio, cache, monkeypatch, code
):
    """150 of 4 KiB of bands, and of 24 KiB of frames or some KiB of spikes."""
    args = {"code": code, "bands": 20} | ({"thresholds": [0.01]} if code == "spikes" else {})
    lines = [
        f"dataset/{word}/train{k % 4}.wav,{word}\n" for word in ("high", "low") for k in range(75)
    ]
    write(audio, "train.csv", "file,class\n" + "".join(lines))
    encode = lambda: load("audio_folder", dt=10.0, path=audio, **args)  # noqa: E731
    held = encode()
    for path in (cache / "events").glob("*.*"):
        path.unlink()
    small = type(held.train)
    monkeypatch.setattr("genn_delays.datasets.gathering.held_limit", lambda: 200_000)
    for _ in range(2):  # made of the bands that are kept; found
        stored = encode()
        assert (type(stored.train), type(stored.test)) == (StoredSplit, small)
        assert_equal(held, stored)
        batch, again = (data.train.batch(np.arange(99, 20, -1)) for data in (held, stored))
        assert batch.time.tobytes() == again.time.tobytes()
        assert (batch.value is None) == (code == "spikes")
        if batch.value is not None:
            assert batch.value.tobytes() == again.value.tobytes()


def test_memory_does_not_grow_with_the_number_of_recordings(audio, monkeypatch):
    monkeypatch.setattr("genn_delays.datasets.gathering.held_limit", lambda: 1 << 16)
    read(audio, bands=8)  # what is made once
    peaks = []
    for count in (96, 288):
        lines = [
            f"dataset/{w}/train{k % 4}.wav,{w}\n" for w in ("high", "low") for k in range(count)
        ]
        write(audio, "train.csv", "file,class\n" + "".join(lines))
        tracemalloc.start()
        assert isinstance(read(audio, bands=8).train, StoredSplit)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # the list, with the size and time of each file
    assert peaks[1] < peaks[0] + 2 * (288 - 96) * 2000


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
