"""Events that would take too much memory lie on the disk, and nothing else changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from limited import file_limit

import genn_delays as gd
from genn_delays.cli import data_memory
from genn_delays.datasets import gathering, load
from genn_delays.datasets.augment import TimeShift
from genn_delays.datasets.base import Dataset
from genn_delays.datasets.stored_split import StoredSplit
from genn_delays.support import leftovers
from genn_delays.support.cache import cache_folder
from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import read_rows
from genn_delays.training.loader import Loader

UNITS, DURATION, TRIALS, EVENTS = 20, 100.0, 60, 500
FILES = ("train.h5", "test.h5")
SMALL = "GENN_DELAYS_MEMORY_LIMIT", "1"
"""128 KiB of events stay in memory; those of a file here are twice as many."""


def write(path, trials=TRIALS, events=EVENTS, *, seed=0, table=False, last=DURATION):
    rng = np.random.default_rng(seed)
    shape = (trials, events)
    counts = np.full(trials, events) if table else rng.integers(events // 2, events, trials)
    columns = {"times": rng.uniform(0.0, last / 1000.0, shape), "units": rng.integers(0, 20, shape)}
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            kind = np.dtype("f4" if name == "times" else "u2")
            if table:
                made = file.create_dataset(
                    f"spikes/{name}", shape, kind, chunks=(7, 100), compression="gzip"
                )
                made[:] = values
                continue
            made = file.create_dataset(f"spikes/{name}", trials, h5py.vlen_dtype(kind))
            for k, count in enumerate(counts.tolist()):
                made[k] = values[k, :count].astype(kind)
        file["labels"] = np.arange(trials) % 3
        file["extra/speaker"] = np.arange(trials) % 5
        file["extra/keys"] = np.array([b"a", b"b", b"c"])


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(FILES):
        write(tmp_path / name, seed=seed)
    return tmp_path


def read(folder, dt=1.0, **args) -> Dataset:
    sizes = {"units": UNITS, "duration": DURATION}
    files = dict(zip(("train", "test"), FILES, strict=True))
    return load("spike_hdf5", dt=dt, path=folder, **files, **sizes | args)


def both(folder, monkeypatch, **args) -> tuple[Dataset, Dataset]:
    """The data set in memory, and from the disk."""
    held = read(folder, **args)
    monkeypatch.setenv(*SMALL)
    return held, read(folder, **args)


def assert_same(held: Dataset, stored: Dataset) -> None:
    assert (held.class_names, held.classes) == (stored.class_names, stored.classes)
    rng = np.random.default_rng(1)
    for one, other in zip(held.splits().values(), stored.splits().values(), strict=True):
        assert type(one) is gd.datasets.Split
        assert isinstance(other, StoredSplit)
        np.testing.assert_array_equal(one.labels, other.labels)
        for index in (np.arange(len(one)), rng.permutation(len(one))[:9], np.array([3, 0, 3])):
            batch, again = one.batch(index), other.batch(index)
            for name in ("time", "unit", "trial"):
                expected, found = getattr(batch, name), getattr(again, name)
                assert expected.dtype == found.dtype
                assert expected.tobytes() == found.tobytes()


@pytest.mark.parametrize(
    "args",
    [
        {"validation_fraction": 0.3, "seed": 4},
        {"validation_speakers": [1, 3]},
        {"bin_units": 5, "from_first_spike": True, "duration": 90.0, "crop": True},
    ],
)
def test_batches_from_the_disk_are_those_from_memory_bit_for_bit(folder, monkeypatch, args, caplog):
    held, stored = both(folder, monkeypatch, **args)
    assert_same(held, stored)
    said = [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()]
    assert len(said) == (4 if args.get("crop") else 0)
    assert said[:2] == said[2:]


def test_a_table_of_packed_chunks_is_read_in_the_same_way(tmp_path, monkeypatch):
    for seed, name in enumerate(FILES):
        write(tmp_path / name, seed=seed, table=True)
    assert_same(*both(tmp_path, monkeypatch))


def test_a_compressed_file_is_read_in_the_same_way(folder, monkeypatch):
    held = read(folder)
    for name in FILES:
        subprocess.run(["gzip", folder / name], check=True)
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "1")
    assert_same(held, read(folder))


def test_times_that_become_too_fine_in_a_later_piece_are_float64_in_all(tmp_path, monkeypatch):
    for seed, name in enumerate(FILES):
        write(tmp_path / name, seed=seed, last=10.0)
        with h5py.File(tmp_path / name, "a") as file:
            file["spikes/times"][TRIALS - 1] = np.full_like(file["spikes/times"][TRIALS - 1], 0.099)
    held, stored = both(tmp_path, monkeypatch, dt=1e-5)
    assert held.train.time.dtype == np.float64
    assert_same(held, stored)


def test_what_was_converted_is_found_again_until_the_file_or_a_setting_changes(
    folder, monkeypatch, cache
):
    monkeypatch.setenv(*SMALL)
    first = read(folder)
    monkeypatch.setattr("genn_delays.datasets.spike_reader.read_rows", None)
    again = read(folder)
    assert again.train.file.path == first.train.file.path
    for change in ({"dt": 0.5}, {"bin_units": 2}, {"duration": 101.0}):
        with pytest.raises(TypeError):
            read(folder, **change)
    write(folder / "train.h5", seed=7)
    with pytest.raises(TypeError):
        read(folder)
    assert len(list((cache / "events").iterdir())) == 2


def fit(data: Dataset, network: gd.Network, **options):
    adam = gd.training.Adam
    optimiser = gd.training.Optimiser(weight=adam(0.02), delay=adam(0.2))
    options = {"epochs": 1, "batch_size": 16, "backend": "reference"} | options
    options |= {"progress": False, "optimiser": optimiser}
    return gd.fit(network, data, **options)


def make_network() -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), UNITS)
    net.add_population("hidden", gd.LIF(), 8)
    net.add_population("output", gd.LeakyReadout(), 3)
    delay = gd.init.Uniform(0, 10)
    learn = ("weight", "delay")
    net.connect(
        "input",
        "hidden",
        weight=gd.init.Normal(0.05, 0.1),
        delay=delay,
        max_delay=20.0,
        learn=learn,
    )
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.2))
    return net


def test_a_training_from_the_disk_ends_with_the_same_bits(folder, monkeypatch):
    results = []
    for data in both(folder, monkeypatch):
        monkeypatch.delenv("GENN_DELAYS_MEMORY_LIMIT", raising=False)
        network = make_network()
        result = fit(data, network, augmentations=[TimeShift(5.0)])
        tables = [p.synapses for p in network.projections.values()]
        state = [(table.weight.tobytes(), table.delay.tobytes()) for table in tables]
        results.append((state, result.evaluate("test").loss))
    assert results[0] == results[1]


def test_an_epoch_that_goes_on_has_the_same_batches(folder, monkeypatch):
    held, stored = (Loader(data, 16, seed=3) for data in both(folder, monkeypatch))
    for (one, labels), (other, again) in zip(
        list(held.training(1))[2:], stored.training(1, first=2), strict=True
    ):
        assert one.time.tobytes() == other.time.tobytes()
        np.testing.assert_array_equal(labels, again)


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv(*SMALL)
    peaks = []
    for trials in (60, 600):
        for seed, name in enumerate(FILES):
            write(tmp_path / name, trials, seed=seed)
        tracemalloc.start()
        data = read(tmp_path)
        for _ in Loader(data, 16, seed=1).training(0):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # labels, speakers and places of ten times as many trials, and no events
    assert peaks[1] < peaks[0] + 600 * 2 * 200
    assert peaks[0] < 3 << 20


def test_what_stays_in_memory_is_read_within_half_of_the_limit(tmp_path, monkeypatch):
    for seed, name in enumerate(FILES):
        write(tmp_path / name, 500, 2700, seed=seed)
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "64")
    tracemalloc.start()
    data = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 7 << 20 < data.train.nbytes + data.validation.nbytes < 8 << 20
    assert type(data.test) is gd.datasets.Split
    assert peak < 32 << 20


@pytest.mark.parametrize("augmentations", [(), (TimeShift(5.0),)])
def test_the_loader_stays_within_the_bound_of_estimate(folder, monkeypatch, augmentations):
    write(folder / "train.h5", 200, 4000)
    monkeypatch.setenv(*SMALL)
    data = read(folder)
    loader = Loader(data, 32, seed=1, augmentations=augmentations)
    for _ in loader.training(0):
        pass  # what is made once
    tracemalloc.start()
    for _ in loader.training(1):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < data_memory.loader_bound([data.train], 32, bool(augmentations)) < 2.5 * peak
    lines = data_memory.describe_data(data, 32, False)
    kept = sum(path.stat().st_size for path in (data.train.file.path, data.test.file.path))
    assert f"in memory, {kept / 2**20:,.1f} MiB on the disk" in lines[0]
    assert str(data.train.file.path) in "".join(lines)


def test_events_of_units_are_counted_in_pieces(folder, monkeypatch):
    held, stored = both(folder, monkeypatch)
    expected = np.bincount(held.train.unit, minlength=UNITS)
    for data in (held, stored):
        np.testing.assert_array_equal(data.train.unit_counts(UNITS), expected)
        assert data.train.event_bytes == 8


def test_rows_come_in_pieces_within_the_limit(tmp_path, monkeypatch):
    write(tmp_path / "x.h5", 600)
    monkeypatch.setenv("GENN_DELAYS_MEMORY_LIMIT", "4")
    with read_rows(tmp_path / "x.h5", (), ("spikes/times", "spikes/units")) as (_, count, pieces):
        found = [(len(times.lengths), times.values.nbytes + units.values.nbytes)
                 for times, units in pieces]  # fmt: skip
    assert sum(rows for rows, _ in found) == count == 600
    assert max(nbytes for _, nbytes in found) <= (4 << 20) // 64


def test_a_trial_larger_than_the_limit_is_refused(tmp_path, monkeypatch):
    for name in FILES:
        write(tmp_path / name, 3, 400_000)
    monkeypatch.setenv(*SMALL)
    with pytest.raises(DataError, match=r"train.h5: spikes/times would take . MiB, the limit is 1"):
        read(tmp_path)


def test_entries_that_share_their_rows_hold_no_more_than_the_file(folder, cache, monkeypatch):
    """Else a short file would fill the disk."""
    with h5py.File(folder / "train.h5") as file:
        place = file["spikes/times"].id.get_offset(), file["spikes/units"].id.get_offset()
    content = bytearray((folder / "train.h5").read_bytes())
    for start in place:
        content[start : start + 16 * TRIALS] = content[start : start + 16] * TRIALS
    (folder / "train.h5").write_bytes(content)
    monkeypatch.setenv(*SMALL)
    assert len(read(folder).train) == 48  # still less than the file has
    with h5py.File(folder / "train.h5", "a") as file:
        for name in ("times", "units"):
            row = file[f"spikes/{name}"][0]
            del file[f"spikes/{name}"]
            made = file.create_dataset(f"spikes/{name}", 4000, h5py.vlen_dtype(row.dtype))
            made[0] = row
        del file["labels"], file["extra/speaker"]
        file["labels"] = np.zeros(4000, int)
        place = file["spikes/times"].id.get_offset(), file["spikes/units"].id.get_offset()
    content = bytearray((folder / "train.h5").read_bytes())
    for start in place:
        content[start : start + 16 * 4000] = content[start : start + 16] * 4000
    (folder / "train.h5").write_bytes(content)
    with pytest.raises(DataError, match=r"its rows hold more than the file"):
        read(folder)
    assert not list((cache / "events").glob(".*"))


def test_a_full_disk_is_an_error_that_leaves_nothing(folder, monkeypatch, cache):
    monkeypatch.setenv(*SMALL)
    message = r"train.h5: its events take more than 0.125 MiB and cannot be kept .*\(/.*events: "
    with file_limit(100_000), pytest.raises(DataError, match=message + "File too large"):
        read(folder)
    free = shutil.disk_usage(cache)._replace(free=100_000)
    monkeypatch.setattr(gathering.shutil, "disk_usage", lambda _: free)
    with pytest.raises(DataError, match=message + "about 0 MiB are needed, 0 are free"):
        read(folder)
    assert list((cache / "events").iterdir()) == []


def test_no_folder_to_keep_events_in_is_an_error(folder, monkeypatch, tmp_path):
    monkeypatch.setenv(*SMALL)
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(folder / "train.h5"))
    with pytest.raises(DataError, match=r"cannot be kept on the disk \(cache folder .*\nfree some"):
        read(folder)


KILLED = """
import os, sys
from genn_delays.datasets import gathering, load
gathering.seal = lambda *_: os.kill(os.getpid(), 9)  # all is written
load("spike_hdf5", dt=1.0, path=sys.argv[1], train="train.h5", test="test.h5", units=20)
"""


def test_a_killed_conversion_leaves_nothing_that_is_found(folder, monkeypatch, cache):
    monkeypatch.setenv(*SMALL)
    done = subprocess.run([sys.executable, "-c", KILLED, folder], check=False, timeout=60)
    assert done.returncode == -9
    (left,) = (cache / "events").iterdir()
    assert leftovers.is_temporary(left.name)
    cache_folder("events")
    assert list((cache / "events").iterdir()) == []
    assert isinstance(read(folder).train, StoredSplit)


def test_a_damaged_file_is_made_again(folder, monkeypatch):
    monkeypatch.setenv(*SMALL)
    path = read(folder).train.file.path
    with path.open("r+b") as file:
        file.write(b"\xff")
    damaged = path.read_bytes()
    assert isinstance(read(folder).train, StoredSplit)
    assert path.read_bytes() != damaged


def test_a_file_that_is_cut_while_it_is_in_use_is_an_error(folder, monkeypatch):
    monkeypatch.setenv(*SMALL)
    data = read(folder)
    with data.train.file.path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match="was changed while it was in use"):
        data.train.batch(np.arange(len(data.train)))


def test_whole_columns_are_read_within_the_limit(folder, monkeypatch):
    held, stored = both(folder, monkeypatch)
    assert repr(stored.test).startswith("StoredSplit(")
    np.testing.assert_array_equal(held.test.time, stored.test.time)
    np.testing.assert_array_equal(held.test.unit, stored.test.unit)
    assert stored.test.value is None
    write(folder / "train.h5", 600)
    with pytest.raises(DataError, match="all its events at once would take"):
        read(folder).train.time  # noqa: B018
