"""Files of a run are replaced or lengthened as a whole, or stay as they were."""

from __future__ import annotations

import pytest
from limited import file_limit

from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError


@pytest.mark.parametrize("room", [0, 1, 9])
def test_what_does_not_fit_is_taken_back(tmp_path, room):
    path = tmp_path / "log.txt"
    recording.append(path, "first\n")
    with file_limit(6 + room), pytest.raises(CheckpointError, match=r"log.txt cannot be written"):
        recording.append(path, "0123456789\n")
    assert path.read_text() == "first\n"
    recording.append(path, "second\n")
    assert path.read_text() == "first\nsecond\n"


def test_a_log_does_not_write_later_what_did_not_fit(tmp_path):
    log = recording.Log(tmp_path / "log.txt")
    print("first", file=log, flush=True)
    print("long" * 100, file=log)
    with file_limit(50), pytest.raises(CheckpointError, match="make room"):
        log.flush()
    log.close()
    assert log.path.read_text() == "first\n"


@pytest.mark.parametrize("room", [0, 5])
def test_what_cannot_be_replaced_stands(tmp_path, room):
    path = tmp_path / "summary.json"
    recording.replace(path, b"old")
    with file_limit(room), pytest.raises(CheckpointError, match=r"summary.json cannot be written"):
        recording.replace(path, b"0123456789")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    for write in (lambda p: recording.append(p, "x"), lambda p: recording.replace(p, b"x")):
        with pytest.raises(CheckpointError, match=r"none/log.txt cannot be written"):
            write(tmp_path / "none" / "log.txt")
