"""The cache folder is where the user wants it, and its files appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from flushed import Disk

from genn_delays.datasets.band_file import remembered
from genn_delays.support import leftovers
from genn_delays.support.cache import atomic_path, cache_folder, keep, kept, seal
from genn_delays.support.errors import GennDelaysError

DAY = 24 * 3600


def test_variables_choose_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("a", "b") == tmp_path / "own" / "a" / "b"
    monkeypatch.delenv("GENN_DELAYS_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "genn-delays"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder("a") == tmp_path / "home" / ".cache" / "genn-delays" / "a"
    assert cache_folder("a").is_dir()


def test_impossible_folder_names_the_variable(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(GennDelaysError, match="set GENN_DELAYS_CACHE"):
        cache_folder()
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    monkeypatch.setattr("genn_delays.support.cache.os.access", lambda *_: False)
    with pytest.raises(GennDelaysError, match="not writable; set GENN_DELAYS_CACHE"):
        cache_folder()


def test_file_appears_when_complete(tmp_path):
    target = tmp_path / "x.h5"
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".h5"
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


def sealed(path: Path) -> None:
    made = path.with_name("made.h5")
    made.write_text("whole")
    seal(made, path.parent, "key", "h5")


def written(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("whole")


@pytest.mark.parametrize("write", [written, sealed])
def test_a_file_and_then_its_name_are_on_the_disk_before_anything_else_happens(
    monkeypatch, tmp_path, write
):
    disk = Disk(monkeypatch)
    write(tmp_path / "x.h5")
    (target,) = tmp_path.iterdir()
    assert disk.named == [target]
    assert disk.holds(target)
    assert disk.holds(tmp_path)


def fail(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        fail(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


KILLED = """
import os, sys
from genn_delays.support.cache import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_is_removed_when_the_cache_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    folder = cache_folder("native")
    command = [sys.executable, "-c", KILLED, folder / "x.so"]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9
    (left,) = folder.iterdir()
    assert leftovers.is_temporary(left.name)
    with atomic_path(folder / "y.so") as own:
        own.write_text("being written")
        cache_folder("native")
        assert list(folder.iterdir()) == [own]


@pytest.mark.parametrize(("folder", "days"), [(False, 1), (True, 30)])
def test_what_another_machine_may_still_write_goes_when_it_is_old(tmp_path, folder, days):
    names = [".x-00000000-1-abcdef01.h5", ".x-1-abcdef01.h5"]
    assert all(map(leftovers.is_temporary, names))
    for age, left in ((days - 0.5, sorted(names)), (days + 0.5, [])):
        for name in names:
            path = tmp_path / name
            path.mkdir(exist_ok=True) if folder else path.touch()
            then = time.time() - age * DAY
            os.utime(path, (then, then))
        leftovers.remove_leftovers(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_other_hidden_files_are_never_leftovers(tmp_path):
    names = [".gitignore", ".x.h5", ".nfs000000001", ".x-y-z.swp", ".x-1-2.h5", "x-1-abcdef01.h5"]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    leftovers.remove_leftovers(tmp_path, shared=False)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


LIMITED = """
import resource, sys
import numpy as np
from genn_delays.datasets.band_file import remembered
resource.setrlimit(resource.RLIMIT_FSIZE, 2 * (int(sys.argv[1]),))
def make():
    for split in ("train", "validation", "test"):
        yield split, np.ones((300, 2, 4), np.float16), np.arange(300)
print(sum(int(bands.sum()) for _, bands, _ in remembered(make, "features", "key")))
"""


@pytest.mark.parametrize("room", [0, 2000, 9000, 15_000])
def test_a_cache_that_cannot_be_written_costs_the_cache_alone(monkeypatch, tmp_path, room):
    """In a process of its own: the limit would hold for the test's own files."""
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    command = [sys.executable, "-c", LIMITED, str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "7200\n"), done.stderr
    assert done.stderr.count("not cached") == 1
    assert list((tmp_path / "features").iterdir()) == []


def test_no_room_for_the_folder_costs_the_cache_alone(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "file"))
    made = [("train", np.zeros((1, 2, 3), np.float16), np.zeros(1, np.int64))]
    assert list(remembered(lambda: (piece for piece in made), "features", "key")) == made
    assert "not cached: cache folder" in caplog.text


def put(folder: Path, content: str, key: str = "key") -> None:
    with keep(folder, key, "txt") as temporary:
        temporary.write_text(content)
        assert kept(folder, key) is None or kept(folder, key).read_text() != content


def test_what_is_kept_is_found_by_its_key_alone(tmp_path):
    assert kept(tmp_path, "key") is None
    put(tmp_path, "content")
    put(tmp_path, "other", key="key2")
    found = kept(tmp_path, "key")
    assert found.suffix == ".txt"
    assert found.read_text() == "content"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"conten", b"Content", b"content "])
def test_what_was_damaged_is_not_found_and_gives_way_to_what_is_made_again(tmp_path, damage):
    put(tmp_path, "content")
    kept(tmp_path, "key").write_bytes(damage)
    assert kept(tmp_path, "key") is None
    put(tmp_path, "content")
    assert kept(tmp_path, "key").read_text() == "content"
    assert len(list(tmp_path.iterdir())) == 1


def test_two_that_make_unlike_files_of_one_key_leave_both_whole(tmp_path):
    """Compilers may write the time into a library: either is as good, a mixture would not be."""
    with keep(tmp_path, "key", "txt") as first, keep(tmp_path, "key", "txt") as second:
        first.write_text("one")
        second.write_text("two")
    contents = {path.read_text() for path in tmp_path.iterdir()}
    assert contents == {"one", "two"}
    found = kept(tmp_path, "key")
    found.write_text("damaged")
    assert kept(tmp_path, "key").read_text() in contents - {"damaged"}


def interrupted(folder: Path) -> None:
    with keep(folder, "key", "txt") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_what_could_not_be_made_is_not_kept(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert list(tmp_path.iterdir()) == []
