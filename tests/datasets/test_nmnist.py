"""N-MNIST in its layout: a folder per digit, events of five bytes, folders or archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.datasets.nmnist import read_events
from genn_delays.support.errors import DataError
from genn_delays.support.limits import VARIABLE


def event(x: int, y: int, polarity: int, time: int) -> bytes:
    """An event of the camera; time in us."""
    return bytes((x, y, polarity << 7 | time >> 16, time >> 8 & 255, time & 255))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split, count in (("Train", 10), ("Test", 2)):
        for digit in range(2):
            for number in range(count):
                path = tmp_path / split / str(digit) / f"{number:05}.bin"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(event(33, digit, 1, 299_999) + event(number, digit, 0, 1500))
    return tmp_path


def test_events_are_read_and_an_overflow_moves_all_later_ones(folder):
    time, unit = read_events(
        event(0, 0, 0, 5) + event(0, 240, 0, 8191) + event(1, 2, 1, 7), "a.bin"
    )
    assert time.tolist() == [0.005, 8.199]
    assert unit.tolist() == [0, 1 + 34 * 2 + 34 * 34]


def test_folders_and_archives_are_the_same_data(folder, tmp_path_factory):
    data = load("nmnist", dt=1.0, path=folder)
    assert (data.units, data.classes) == (2312, 10)
    assert [len(split) for split in data.splits().values()] == [18, 2, 4]
    assert data.test.labels.tolist() == [0, 0, 1, 1]
    assert data.test.time[:2].tolist() == [1.5, np.float32(299.999)]
    packed = tmp_path_factory.mktemp("packed")
    for split in ("Train", "Test"):
        with zipfile.ZipFile(packed / f"{split.lower()}.zip", "w") as file:
            for item in sorted((folder / split).rglob("*.bin")):
                file.write(item, item.relative_to(folder))
    same = load("nmnist", dt=1.0, path=packed)
    for one, other in zip(data.splits().values(), same.splits().values(), strict=True):
        for field in ("time", "unit", "offset", "labels"):
            np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_a_trial_of_the_test_set_is_never_in_another_split(folder):
    data = load("nmnist", dt=1.0, path=folder, validation_fraction=0.5, seed=3)
    assert [len(split) for split in data.splits().values()] == [10, 10, 4]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Train/0/00000.bin", b"1234567", "7 bytes are no whole number of events of 5"),
        ("Train/0/00000.bin", event(34, 0, 0, 0), r"pixel \(34, 0\), outside the camera"),
        ("Train/0/00000.bin", event(0, 0, 0, 500_000), "at 500 ms, outside the trial of 360 ms"),
        ("Train/x/00000.bin", event(0, 0, 0, 0), "in a folder that is no digit"),
        ("Train/10/00000.bin", event(0, 0, 0, 0), "in a folder that is no digit"),
    ],
)
def test_what_is_no_recording_is_named(folder, name, content, message):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        load("nmnist", dt=1.0, path=folder)
    assert str(folder) in str(error.value)


def test_late_events_are_dropped_where_that_is_wanted(folder, caplog):
    data = load("nmnist", dt=1.0, path=folder, duration=100.0, crop=True)
    assert [len(split.time) for split in data.splits().values()] == [18, 2, 4]
    assert "4 of 8 events dropped" in caplog.text


def test_an_empty_folder_names_what_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"no Train/DIGIT/\*\.bin, and no train\.zip"):
        load("nmnist", dt=1.0, path=tmp_path)


def test_more_events_than_memory_allows_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    for number in range(8):
        (folder / f"Test/0/{number:05}.bin").write_bytes(event(0, 0, 0, 0) * 10_000)
    with pytest.raises(DataError, match="events would take 2 MiB, the limit is 1"):
        load("nmnist", dt=1.0, path=folder)
