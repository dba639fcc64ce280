"""Data sets of tonic, by a stand-in with its interface: classes that give events and targets."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.support.errors import DataError


def events(names: str, rows: list[tuple[int, ...]]) -> np.ndarray:
    return np.array(rows, dtype=[(name, int) for name in names])


class ByFlag:
    """As NMNIST: a camera of 4 by 3, and ``train`` or not."""

    sensor_size = (4, 3, 2)
    target = 1

    def __init__(self, save_to, train=True, transform=None):
        self.count = 10 if train else 3

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rows = [(3, 2, 1500 + index, 1), (0, 0, 0, 0)]
        return events("xytp", rows), index % 2 * self.target


class ByName(ByFlag):
    """As SSC: channels with a polarity that has no meaning, and named splits."""

    sensor_size = (7, 1, 1)

    def __init__(self, save_to, split="train", transform=None):
        self.count = {"train": 4, "valid": 2, "test": 3}[split]

    def __getitem__(self, index):
        return events("txp", [(2500, 6, 1)]), np.int64(index % 2)


class Unlabelled(ByFlag):
    def __getitem__(self, index):
        return super().__getitem__(index)[0], "left"


class Outside(ByFlag):
    def __getitem__(self, index):
        return events("xytp", [(4, 0, 0, 0)]), 0


class AnySize(ByFlag):
    sensor_size = None


class Offline(ByFlag):
    def __init__(self, save_to, train=True):
        raise OSError("no network")


@pytest.fixture(autouse=True)
def tonic(monkeypatch):
    package, module = ModuleType("tonic"), ModuleType("tonic.datasets")
    for kind in (ByFlag, ByName, Unlabelled, Outside, AnySize, Offline):
        setattr(module, kind.__name__, kind)
    package.datasets = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tonic", package)
    monkeypatch.setitem(sys.modules, "tonic.datasets", module)


def test_events_of_a_camera_have_a_unit_for_each_pixel_and_polarity():
    data = load("tonic", dt=1.0, dataset="ByFlag", duration=10)
    assert (data.units, data.classes) == (24, 2)
    assert [len(split) for split in data.splits().values()] == [8, 2, 3]
    assert data.test.unit.tolist() == [0, 23] * 3
    np.testing.assert_allclose(data.test.time[1::2], [1.5, 1.501, 1.502], rtol=1e-6)


def test_named_splits_are_used_and_a_single_polarity_is_none():
    data = load("tonic", dt=1.0, dataset="ByName", duration=10)
    assert [len(split) for split in data.splits().values()] == [4, 2, 3]
    assert (data.units, data.train.unit[0], data.train.time[0]) == (7, 6, 2.5)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("ByFlags", "did you mean 'ByFlag'?"),
        ("Unlabelled", "its target is no class"),
        ("Outside", "an event outside the sensor"),
        ("AnySize", "no sensor of one size"),
        ("Offline", "no network; give its folder in data.path"),
    ],
)
def test_what_cannot_be_read_is_named(dataset, message):
    with pytest.raises(DataError) as error:
        load("tonic", dt=1.0, dataset=dataset, duration=10)
    assert message in str(error.value)


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic.datasets", None)
    with pytest.raises(DataError, match=r"pip install 'genn-delays\[tonic\]'"):
        load("tonic", dt=1.0, dataset="ByFlag", duration=10)
