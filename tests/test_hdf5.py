"""Files from outside are read in another process: what arrives, and what becomes of mishaps."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

from genn_delays.support.errors import CheckpointError, DataError
from genn_delays.support.hdf5 import Ragged, Text, process, read_hdf5, read_rows
from genn_delays.support.hdf5.tree import Other
from genn_delays.support.limits import VARIABLE

ARRAYS = {
    "big_endian": np.arange(6, dtype=">i4").reshape(2, 3),
    "half": np.array([0.1, np.nan], np.float16),
    "truth": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "scalar": np.array(3, np.uint64),
    "nothing": np.zeros((0, 4)),
    "large": np.arange(600_001.0),
    "deep": np.arange(24, dtype=np.int8).reshape(2, 3, 4),
}
CHUNKED = np.arange(2_000_000, dtype=np.int32).reshape(1000, 2000)
ROWS = [[0.5], [], [1.0, 2.0]]


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.attrs.update(name="ä", number=2.5, list=np.array([1, 2]))
        for name, array in ARRAYS.items():
            file[f"group/{name}"] = array
        file["group/large"].attrs["unit"] = "ms"
        file["group/inner"] = "text"
        file.create_dataset("group/chunks", data=CHUNKED, chunks=(7, 300), compression="gzip")
        file["texts"] = np.array([b"one", b"\xff"])
        file["empty"] = h5py.Empty("f4")
        file["compound"] = np.zeros(2, [("a", "i4"), ("b", "f8")])
        rows = file.create_dataset("rows", 3, h5py.vlen_dtype(np.dtype("f2")))
        for number, row in enumerate(ROWS):
            rows[number] = np.array(row, np.float16)
        file.create_dataset("endless", (10**11,), "f8", chunks=True)
    return tmp_path / "data.h5"


def test_what_a_file_holds_arrives_as_it_is(path):
    root = read_hdf5(path, ("group", "texts", "rows", "empty", "compound", "group/none", "none/x"))
    assert (root.text("name"), root.number("number")) == ("ä", 2.5)
    assert root.attributes["list"].tolist() == [1, 2]
    group = root.group("group")
    assert group.members.keys() == {*ARRAYS, "chunks", "inner"}
    np.testing.assert_array_equal(group.members["chunks"], CHUNKED)
    for name, array in ARRAYS.items():
        found = group.members[name]
        assert found.dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, array)
    assert group.note("large", "unit") == "ms"
    assert group.members["inner"] == Text((b"text",), ())
    assert root.members["texts"] == Text((b"one", b"\xff"), (2,))
    rows = root.members["rows"]
    assert isinstance(rows, Ragged)
    assert (rows.values.tolist(), rows.lengths.tolist()) == ([0.5, 1.0, 2.0], [1, 0, 2])
    assert root.members["empty"] == root.members["compound"] == Other()
    assert "none" not in root


def test_only_what_is_wanted_is_looked_at(path):
    assert read_hdf5(path, ("texts",)).members.keys() == {"texts"}


def test_the_size_of_what_is_wanted_is_checked_before_it_is_read(path, monkeypatch):
    with pytest.raises(CheckpointError, match=rf"data.h5: endless would take .*{VARIABLE}=") as no:
        read_hdf5(path, ("endless",), error=CheckpointError)
    assert len(str(no.value).splitlines()) == 1
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(DataError, match=r"group/large would take \d+ MiB, the limit is 1"):
        read_hdf5(path, ("group/large",))


def test_a_compressed_file_is_read_within_the_limit(path, monkeypatch):
    packed = path.with_name("data.h5.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    assert read_hdf5(packed, ("texts",)).members == read_hdf5(path, ("texts",)).members
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(DataError, match=r"data.h5.gz: unpacked would take"):
        read_hdf5(packed, ("texts",))
    monkeypatch.delenv(VARIABLE)
    packed.write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"data.h5.gz is truncated"):
        read_hdf5(packed, ("texts",))


def test_a_file_that_refers_to_itself_is_refused(path):
    with h5py.File(path, "a") as file:
        file["group/again"] = file["group"]
    with pytest.raises(DataError, match=r"data.h5 is .*damaged.*too deep"):
        read_hdf5(path, ("group",))


def test_a_reading_process_that_was_ended_is_replaced(path):
    read_hdf5(path, ())
    os.kill(process._pool.process.popen.pid, signal.SIGKILL)
    process._pool.process.popen.wait()
    assert "texts" in read_hdf5(path, ("texts",))


def test_a_process_reads_on_after_files_that_it_refuses_and_is_renewed_now_and_then(
    path, tmp_path, monkeypatch
):
    monkeypatch.setattr(process, "REFUSALS", 3)
    (tmp_path / "no.h5").write_bytes(b"nothing")
    readers = []
    for asked in (("endless",), ("texts",), None, ("group/half",), ("endless",), ("texts",)):
        if asked is None:
            with pytest.raises(DataError, match="not HDF5"):
                read_hdf5(tmp_path / "no.h5", ("texts",))
        elif asked == ("endless",):
            with pytest.raises(DataError, match="would take"):
                read_hdf5(path, asked)
        else:
            read_hdf5(path, asked)
            readers.append(process._pool.process.popen.pid)
    assert readers[0] == readers[1] != readers[2]


def test_a_reading_process_that_hangs_is_ended_and_replaced(path):
    read_hdf5(path, ())
    hung = process._pool.process.popen
    os.kill(hung.pid, signal.SIGSTOP)
    with pytest.raises(
        DataError, match=r"data.h5: damaged, reading it hung the HDF5 library; copy"
    ):
        read_hdf5(path, ("texts",), patience=0.05)
    assert hung.returncode == -signal.SIGKILL
    assert "texts" in read_hdf5(path, ("texts",))


def frame(payload=b"", **header):
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + payload


def one(content=b"", *, of="values", **header):
    """An array of two small numbers, or what is said instead."""
    start = {"at": ["x"], "attribute": None, "kind": "numbers", "dtype": "|i1", "shape": [2]}
    return (
        frame(**(start | header))
        + frame(content, **{of: len(content)})
        + frame(end=True)
        + frame(done=True)
    )


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """Lets a program of three lines stand in for the reading process."""

    def put(code):
        script = tmp_path / "stand_in.py"
        ready = f"import os, sys\nos.write(1, {frame(ready=True)!r})\nsys.stdin.readline()\n"
        script.write_text(ready + code)
        monkeypatch.setattr(process, "READER", script)
        monkeypatch.setattr(process, "_pool", process.Pool())

    yield put
    process._pool.end()


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os.abort()", "crashed"),
        ("os._exit(0)", "crashed"),
        ("os.kill(os.getpid(), 24)", "hung"),  # SIGXCPU: its processor time is spent
    ],
)
def test_a_reading_process_that_dies_is_an_error_and_is_replaced(
    path, instead, monkeypatch, code, how
):
    instead(code)
    with pytest.raises(
        CheckpointError, match=rf"data.h5: damaged, reading it {how}.*; use another"
    ):
        read_hdf5(path, ("texts",), error=CheckpointError, remedy="use another")
    monkeypatch.undo()
    assert "texts" in read_hdf5(path, ("texts",))


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\2{]",
        b"\0\0\0\2[]",
        frame(neither=1),
        frame(size=5, what="less than the limit"),
        frame(at=[0]),
        frame(at=["x"]) + one(b"12"),
        one(b"123"),
        one(b"1"),
        one(b"12", dtype="|O8"),
        one(b"12", dtype="<f3"),
        one(b"12", shape=[-2]),
        one(b"12", shape="2"),
        one(b"12", kind="ragged"),
        one(b"\xff" * 16, of="lengths", kind="text"),
        one(b"12", attribute="of nothing"),
    ],
)
def test_an_answer_that_makes_no_sense_is_taken_for_a_crash(path, instead, answer):
    instead(f"os.write(1, {answer!r})")
    with pytest.raises(DataError, match="reading it crashed the HDF5 library"):
        read_hdf5(path, ("texts",))


def few(*lengths, dtype="|u1"):
    """Some rows, as the next piece of a data set."""
    counts = np.array(lengths, np.int64).tobytes()
    start = frame(at=["x"], attribute=None, kind="ragged", dtype=dtype, shape=[len(lengths)])
    content = bytes(max(0, sum(lengths)) * np.dtype(dtype).itemsize)
    pieces = frame(counts, lengths=len(counts)) + frame(content, values=len(content))
    return start + pieces + frame(end=True)


def rows_of(path):
    with read_rows(path, (), ("x", "y")) as (_, count, pieces):
        return count, [tuple(one.lengths.tolist() for one in piece) for piece in pieces]


@pytest.mark.parametrize(
    "answer",
    [
        frame(rows=-1),
        frame(rows="3"),
        frame(rows=3) + few(1, 2) + few(1),
        frame(rows=3) + few(2) + one(b"12"),
        frame(rows=3) + few(1, 2, 3, 4) * 2,
        frame(rows=3) + few() + few(),
        frame(rows=3) + few(4, -1) * 2,
        frame(rows=3) + few(2, dtype="|b1") * 2,
        frame(rows=3) + few(2, 0) * 2 + frame(done=True),
        frame(rows=2) + few(2, 0) * 2 + frame(end=True),
        frame(rows=2) + few(2, 0) * 2,
    ],
)
def test_rows_that_make_no_sense_are_taken_for_a_crash(path, instead, answer):
    instead(f"os.write(1, {answer!r})")
    with pytest.raises(DataError, match="reading it crashed the HDF5 library"):
        rows_of(path)


def test_rows_come_together_and_only_where_they_are_asked_for(path, instead):
    answer = frame(rows=3) + few(2, 0) + few(1, 3) + few(7) * 2 + frame(done=True)
    instead(f"os.write(1, {answer!r})")
    assert rows_of(path) == (3, [([2, 0], [1, 3]), ([7], [7])])
    instead(f"os.write(1, {answer!r})")
    with pytest.raises(DataError, match="reading it crashed the HDF5 library"):
        read_hdf5(path, ("x",))


def left_early(path):
    with read_rows(path, (), ("group/chunks", "group/chunks")) as (_, _, pieces):
        next(pieces)
        raise KeyboardInterrupt


def test_a_file_that_is_left_before_its_end_does_not_hold_up_the_next(path):
    with pytest.raises(KeyboardInterrupt):
        left_early(path)
    assert "texts" in read_hdf5(path, ("texts",))


def test_an_answer_larger_than_the_limit_is_not_taken(path, instead):
    instead(f"os.write(1, {one(b'12', shape=[10**12])!r})")
    with pytest.raises(DataError, match="would take"):
        read_hdf5(path, ("texts",))


def test_a_reading_process_that_does_not_start_is_named(path, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "READER", tmp_path / "none.py")
    monkeypatch.setattr(process, "_pool", process.Pool())
    with pytest.raises(DataError, match=r"does not start.*import h5py"):
        read_hdf5(path, ())


def test_threads_take_turns(path):
    keys = [("texts",), ("rows",), ("group/large",)] * 8
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: read_hdf5(path, key), keys))
    for (key,), root in zip(keys, found, strict=True):
        assert root.members.keys() == {key.split("/")[0]}
        if key == "group/large":
            assert root.group("group").array("large").size == 600_001


FORKED = """
import os, sys
from genn_delays.support.hdf5 import process, read_hdf5
read_hdf5(sys.argv[1], ("texts",))
before = process._pool.process.popen.pid
child = os.fork()
found = "texts" in read_hdf5(sys.argv[1], ("texts",))
other = process._pool.process.popen.pid != before
if not child:
    process._pool.end()
    os._exit(not (found and other))
status = os.waitpid(child, 0)[1]
print(found, not other, status)
"""


def test_a_forked_process_has_a_reading_process_of_its_own(path):
    command = [sys.executable, "-W", "ignore", "-c", FORKED, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "True", "0"]


ABANDONED = """
import os, sys
from genn_delays.support.hdf5 import process, read_hdf5
read_hdf5(sys.argv[1], ())
print(process._pool.process.popen.pid, flush=True)
sys.stdin.readline()
os._exit(1)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for it needs pidfd_open")
def test_the_reading_process_goes_when_the_one_that_asks_is_gone(path):
    command = [sys.executable, "-c", ABANDONED, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as parent:
        reader = os.pidfd_open(int(parent.stdout.readline()))
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert select.select([reader], [], [], 60)[0] == [reader]
        os.close(reader)
