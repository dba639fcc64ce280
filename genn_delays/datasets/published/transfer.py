"""A file from a server, begun where the last attempt ended.

What has arrived lies under the name with ``.part`` added until all of it is there and its checksum
is right. Two processes do not fetch a file at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from genn_delays.support.errors import DataError, reason

BLOCK = 1 << 18
PATIENCE = 30.0
"""Seconds without a byte after which a server counts as gone."""
LIST = 1 << 20
"""Bytes that a list of checksums may have."""

PARTIAL, COMPLETE, PAST_THE_END = 206, 200, 416


class UnreachableError(DataError):
    """Nothing answers at an address, or it has no such file."""


def transfer(url: str, path: Path, md5: str | None) -> str:
    """Fetch ``url`` to ``path``, which is not there yet; the MD5 of its content.

    Raises:
        UnreachableError: there is no network, or no such file; what arrived before is kept.
        DataError: the file is not what its checksum says, or ended early; in the latter case what
            has arrived is kept.
    """
    part = path.with_name(f"{path.name}.part")
    with _alone(part) as file:
        _receive(url, file, part)
        found = _digest(part)
        if md5 is not None and found != md5:
            part.unlink()
            raise DataError(
                f"{url}: what arrived has the MD5 {found}, published is {md5}; it was removed, "
                "fetch it again"
            )
        os.fsync(file.fileno())
        part.replace(path)
    return found


def checksum(path: Path) -> str:
    """The MD5 of a file; DataError where it cannot be read."""
    try:
        return _digest(path)
    except OSError as failure:
        raise DataError(f"{path}: {reason(failure)}; check who may read it") from None


def listed_checksums(url: str) -> dict[str, str]:
    """The checksums by file in a list as md5sum writes it.

    Raises:
        UnreachableError: it cannot be fetched.
    """
    with _opened(url, 0) as answer:
        text = answer.read(LIST).decode("utf-8", "replace")
    pairs = [line.split() for line in text.splitlines()]
    return {pair[1].lstrip("*"): pair[0].lower() for pair in pairs if len(pair) == 2}


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """The file that grows, opened by this process and by no other."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(file.fileno()), part.stat()):
                raise BlockingIOError  # it was finished and renamed since it was opened
        except OSError:
            raise DataError(f"{part}: another process is fetching it; wait for it") from None
        yield file


def _receive(url: str, file: BinaryIO, part: Path) -> None:
    """Append what is missing of ``url``."""
    have = file.seek(0, os.SEEK_END)
    try:
        answer = _opened(url, have)
    except _PastTheEndError:  # all of it is there already, or it is another file
        return
    with answer:
        if have and answer.status != PARTIAL:  # the server begins at the beginning
            file.truncate(0)
            have = 0
        length = answer.headers.get("Content-Length", "")
        wanted = have + int(length) if length.isdecimal() and len(length) < 16 else None
        added, ended = _copy(answer, file, url, have, wanted)
    if not ended or wanted not in (None, have + added):
        raise DataError(
            f"{url}: {have + added} of {wanted or 'an unknown number of'} bytes arrived; fetch it "
            f"again, it goes on from there ({part})"
        )


def _copy(
    answer: http.client.HTTPResponse, file: BinaryIO, url: str, have: int, wanted: int | None
) -> tuple[int, bool]:
    """Bytes that were added to the file, and whether the server came to an end."""
    from tqdm import tqdm  # not where nothing is fetched

    added, ended = 0, True
    name = url.rsplit("/", 1)[-1]
    with tqdm(
        desc=name, total=wanted, initial=have, unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        try:
            while block := answer.read(BLOCK):
                file.write(block)
                added += len(block)
                bar.update(len(block))
        except (http.client.HTTPException, TimeoutError, ConnectionError):
            ended = False
        file.flush()
    return added, ended


class _PastTheEndError(Exception):
    """The server has nothing behind what is there."""


def _opened(url: str, have: int) -> http.client.HTTPResponse:
    """The answer of the server, from the byte ``have`` on where it can."""
    request = urllib.request.Request(url, headers={"User-Agent": "genn-delays"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as failure:
        if failure.code == PAST_THE_END and have:
            raise _PastTheEndError from None
        raise UnreachableError(f"{url}: {failure.code} {failure.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as failure:
        why = getattr(failure, "reason", failure)
        said = reason(why) if isinstance(why, BaseException) else str(why)
        raise UnreachableError(f"{url} cannot be reached ({said})") from None
    return answer


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
