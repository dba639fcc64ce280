"""Fetching and importing against a server in this process: resumed, checked, named when offline."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from genn_delays.datasets.published import data_folder
from genn_delays.datasets.published.catalogue import CATALOGUE, Download, Entry
from genn_delays.datasets.published.fetch import bring, fetch, is_complete
from genn_delays.support.errors import DataError

CONTENT = bytes(range(256)) * 400
MARK = "lists.txt"


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@dataclass
class Server:
    """Its address, what it has, and what was asked of it."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    ranges: bool = True
    cut: int | None = None
    """Bytes after which it breaks off."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, given = self.path.lstrip("/"), self.headers["Range"]
            known.asked.append((name, given))
            if name not in known.files:
                self.send_error(404)
                return
            content = known.files[name]
            start = int(given[6:-1]) if given and known.ranges else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start : known.cut])

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known = Server(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield known
        http.shutdown()
        thread.join()


@pytest.fixture
def entry(server, monkeypatch):
    """Puts a data set of one file into the catalogue and on the server."""

    def entry(content: bytes = CONTENT, checksums: str | None = None, **options) -> None:
        options = {"md5": md5(content)} | options
        server.files["one.gz"] = content
        file = Download("one.gz", f"{server.url}/one.gz", **options)
        monkeypatch.setitem(CATALOGUE, "one", Entry("one", (file,), checksums))

    return entry


def archive(members: dict[str, bytes | None]) -> bytes:
    """A .tar.gz; None makes a link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


def test_a_file_is_fetched_once_and_checked(entry, server):
    entry()
    lines: list[str] = []
    folder = fetch("one", say=lines.append)
    assert folder == data_folder("one")
    assert (folder / "one.gz").read_bytes() == CONTENT
    assert lines == ["one.gz: fetched, the checksum is right"]
    assert fetch("one") == folder
    assert len(server.asked) == 1
    assert [path.name for path in folder.iterdir()] == ["one.gz"]


def test_a_transfer_that_broke_off_goes_on_where_it_ended(entry, server):
    entry()
    server.cut = 1000
    with pytest.raises(DataError, match="1000 of 102400 bytes arrived; fetch it again, it goes on"):
        fetch("one")
    assert not is_complete("one")
    server.cut = None
    assert (fetch("one") / "one.gz").read_bytes() == CONTENT
    assert server.asked[-1] == ("one.gz", "bytes=1000-")


def test_a_server_that_always_begins_at_the_beginning_is_no_harm(entry, server):
    entry()
    server.cut, server.ranges = 1000, False
    with pytest.raises(DataError, match="1000 of 102400"):
        fetch("one")
    server.cut = None
    assert (fetch("one") / "one.gz").read_bytes() == CONTENT


def test_what_had_arrived_whole_is_only_checked(entry, server):
    entry()
    folder = data_folder("one")
    folder.mkdir(parents=True)
    (folder / "one.gz.part").write_bytes(CONTENT)
    assert (fetch("one") / "one.gz").read_bytes() == CONTENT
    assert server.asked == [("one.gz", f"bytes={len(CONTENT)}-")]


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(entry, server):
    entry()
    server.files["one.gz"] = CONTENT[::-1]
    with pytest.raises(DataError, match=f"published is {md5(CONTENT)}; it was removed"):
        fetch("one")
    assert list(data_folder("one").iterdir()) == []


def test_checksums_come_from_a_list_where_the_authors_have_one(entry, server):
    entry(md5=None, checksums=f"{server.url}/md5sums.txt")
    server.files["md5sums.txt"] = f"{'0' * 32}  one.gz\n".encode()
    with pytest.raises(DataError, match=f"published is {'0' * 32}"):
        fetch("one")
    server.files["md5sums.txt"] = f"{md5(CONTENT)}  one.gz\n".encode()
    lines: list[str] = []
    fetch("one", say=lines.append)
    assert lines == ["one.gz: fetched, the checksum is right"]


def test_a_file_without_a_published_checksum_says_so(entry):
    entry(md5=None)
    lines: list[str] = []
    fetch("one", say=lines.append)
    assert lines == [f"one.gz: fetched; no checksum is published, its MD5 is {md5(CONTENT)}"]


def test_without_a_network_the_files_to_place_are_named(entry, monkeypatch):
    entry()

    def nobody(*args: object, **options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", nobody)
    with pytest.raises(DataError) as error:
        fetch("one")
    lines = str(error.value).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("cannot be reached (Name or service not known)")
    assert lines[1].startswith(f"place one.gz in {data_folder('one')} by hand")
    (data_folder("one") / "one.gz").write_bytes(CONTENT)
    assert fetch("one") == data_folder("one")


def test_a_file_that_is_not_on_the_server_is_named(entry, server):
    entry()
    del server.files["one.gz"]
    with pytest.raises(DataError, match=r"one\.gz: 404"):
        fetch("one")


def test_a_mirror_has_the_files_under_their_names(entry, server):
    entry()
    server.files = {"mirror/one.gz": CONTENT}
    assert is_complete("one") is False
    fetch("one", mirror=f"{server.url}/mirror/")
    assert is_complete("one")


def test_two_processes_do_not_fetch_a_file_at_once(entry):
    entry()
    folder = data_folder("one")
    folder.mkdir(parents=True)
    with (folder / "one.gz.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process is fetching it"):
            fetch("one")


def test_a_file_placed_by_hand_that_is_another_one_is_named_and_stays(entry, server):
    entry()
    folder = data_folder("one")
    folder.mkdir(parents=True)
    (folder / "one.gz").write_bytes(b"other")
    with pytest.raises(DataError, match="it is another file or damaged, move it away"):
        fetch("one")
    assert (folder / "one.gz").read_bytes() == b"other"
    assert server.asked == []


def test_an_archive_is_unpacked_once(entry, server):
    entry(archive({"./yes/a.wav": b"sound", f"./{MARK}": b"list"}), unpacked=MARK)
    folder = fetch("one")
    assert (folder / "yes/a.wav").read_bytes() == b"sound"
    assert sorted(path.name for path in folder.iterdir()) == sorted(["one.gz", MARK, "yes"])
    (folder / "one.gz").unlink()
    fetch("one")
    assert len(server.asked) == 1


def damaged_in_the_middle() -> bytes:
    """An archive of three members, of which the second has a header that is none."""
    whole = bytearray(gzip.decompress(archive({MARK: b"list", "a": b"x", "b": b"y"})))
    whole[1024 + 150] ^= 1  # of its checksum
    return gzip.compress(bytes(whole))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (damaged_in_the_middle(), "damaged in the middle"),
        (archive({"../out.txt": b"x", MARK: b""}), "cannot be unpacked"),
        (archive({"/tmp/out.txt": b"x"}), "no lists.txt in it"),
        (archive({"link": None, MARK: b""}), "'link' is a link or a device"),
        (archive({"a": b"x"}), "no lists.txt in it"),
        (archive({"a": b"x" * 5000, MARK: b""})[:-40], "cannot be unpacked"),
        (gzip.compress(b"x" * 2000), "cannot be unpacked"),
        (b"no archive", "cannot be unpacked"),
    ],
    ids=range(8),  # the bytes hold the time
)
def test_an_archive_that_is_damaged_or_leads_out_of_its_folder_is_refused(entry, content, message):
    entry(content, unpacked=MARK)
    with pytest.raises(DataError, match=message):
        fetch("one")
    assert [path.name for path in data_folder("one").iterdir()] == ["one.gz"]
    assert not (data_folder("one").parent / "out.txt").exists()


def test_files_are_imported_checked_and_unpacked(entry, tmp_path):
    content = archive({"a": b"x", MARK: b"list"})
    entry(content, unpacked=MARK)
    (tmp_path / "one.gz").write_bytes(content)
    folder = bring("one", tmp_path, say=lambda line: None)
    assert (folder / MARK).read_bytes() == b"list"
    assert is_complete("one")
    assert bring("one", folder, say=lambda line: None) == folder


def test_unpacked_files_are_imported_as_they_are(entry, tmp_path):
    entry(instead="one")
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a").write_bytes(b"x")
    lines: list[str] = []
    assert (bring("one", tmp_path, say=lines.append) / "one/a").read_bytes() == b"x"
    assert lines == ["one: copied, not checked"]
    assert is_complete("one")


def test_an_import_of_another_or_a_missing_file_changes_nothing(entry, tmp_path):
    entry(instead="one")
    with pytest.raises(DataError, match=r"no one\.gz or one in"):
        bring("one", tmp_path)
    (tmp_path / "one.gz").write_bytes(b"other")
    with pytest.raises(DataError, match="it is another file or damaged"):
        bring("one", tmp_path)
    assert list(data_folder("one").iterdir()) == []


def test_the_catalogue_is_whole():
    for name, known in CATALOGUE.items():
        for file in known.files:
            assert file.url.startswith("https://"), name
            assert file.md5 is None or len(file.md5) == 32
