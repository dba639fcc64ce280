"""The reading process: requests on stdin, what the files hold on stdout.

It runs as a script that imports nothing of this package, so that it is there quickly. A request
is a line of JSON: ``path``, ``wanted`` and ``rows`` (lists of names, from the root) and ``limit``
(bytes). The answer is a sequence of frames: the length of a header (4 bytes), the header in JSON,
and the bytes that it announces.

    {"at": names}                                             a group
    {"at": names, "attribute": name, "kind", "dtype", "shape"}   an array; null is a data set
    {"lengths": bytes}, {"values": bytes}                     pieces of the last array, in order
    {"end": true}                                             the last array is complete
    {"rows": count}     nothing but rows follows: the next few of each data set in turn, as arrays
    {"alive": true}                                           a file is being unpacked
    {"done": true}, {"refused": text}, {"size": bytes, "what": place}        the last frame

Kinds: ``numbers``, ``ragged`` (a row of numbers per entry) and ``text``, which both have int64
lengths, and ``other``, which is not sent.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

import h5py
import numpy as np

BLOCK, ROWS, SHARE = 1 << 22, 256, 64
"""Bytes, or rows of unknown length, that are read and sent at a time. Of several data sets at once
no more bytes than this share of the limit."""
PROCESSOR_SECONDS, PER_SECOND = 2, 16 << 20
"""For one step, such as opening or listing a group: none takes a second in a sound file. Reading a
block has a second more for so many bytes, which are more than a few where chunks are large."""
OWN_MEMORY = 256 << 20
"""Bytes for the libraries, beside what the limit allows for the data."""
ROW = 128
"""Bytes that a text or a row of numbers takes here besides its content."""
MOST_OBJECTS, DEEPEST = 100_000, 16


class RefusedError(Exception):
    """What cannot be read, as the last frame."""

    def __init__(self, **header: Any) -> None:
        super().__init__(header)
        self.header = header


class Answer:
    """What is sent for one request."""

    def __init__(self, out: BinaryIO, limit: int) -> None:
        self.out, self.limit = out, limit
        self.bytes = self.objects = self.in_rows = self.unpacked = 0

    def frame(self, payload: Any = b"", **header: Any) -> None:
        """Send a frame."""
        text = json.dumps(header).encode()
        self.out.write(struct.pack(">I", len(text)) + text)
        self.out.write(payload)

    def step(self, at: list[str]) -> None:
        """Allow the processor time of a step, which ends the process when it is spent."""
        self.objects += 1
        if self.objects > MOST_OBJECTS or len(at) > DEEPEST:
            raise RefusedError(refused="too many objects, or too deep")
        allow_processor_time()

    def count(self, nbytes: int, what: str) -> None:
        """Refuse what would exceed the limit, before it is read."""
        self.bytes += nbytes
        if self.bytes > self.limit:
            raise RefusedError(size=self.bytes, what=what)

    def group(self, group: h5py.Group, at: list[str]) -> None:
        """Send a group with all below it."""
        self.step(at)
        self.frame(at=at)
        self.attributes(group, at)
        for name in group:
            self.member(group[name], [*at, name])

    def member(self, node: Any, at: list[str]) -> None:
        """Send a group or a data set."""
        if isinstance(node, h5py.Group):
            self.group(node, at)
        elif isinstance(node, h5py.Dataset):
            self.step(at)
            self.array(at, None, node.dtype, node.shape, lambda part: node[part], node.chunks)
            self.attributes(node, at)

    def attributes(self, node: h5py.Group | h5py.Dataset, at: list[str]) -> None:
        """Send the attributes of a group or a data set."""
        for name in node.attrs:
            self.step(at)
            header = node.attrs.get_id(name)
            value = lambda part, name=name: np.asarray(node.attrs[name])[part]  # noqa: E731
            self.array(at, name, header.dtype, header.shape, value)

    def array(
        self,
        at: list[str],
        attribute: str | None,
        dtype: np.dtype,
        shape: tuple[int, ...] | None,
        read: Callable[[Any], Any],
        chunks: tuple[int, ...] | None = None,
    ) -> None:
        """Send an array, block by block; ``shape`` is None where there is no data."""
        kind, sent = kind_of(dtype, shape)
        size = [] if shape is None else [int(length) for length in shape]
        entries: int = math.prod(size)
        if kind != "other":
            itemsize = sent.itemsize if kind == "numbers" else ROW + dtype.itemsize
            what = "/".join(at) + ("" if attribute is None else f" ({attribute})")
            self.count(entries * itemsize, what)
        self.frame(at=at, attribute=attribute, kind=kind, dtype=sent.str, shape=size)
        if kind != "other" and entries:
            each = itemsize if kind == "numbers" else BLOCK // ROWS
            for part, nbytes in blocks(size, each, chunks or (1,) * len(size)):
                allow_processor_time(nbytes)
                if kind == "numbers":
                    values = np.ascontiguousarray(read(part)).astype(sent, copy=False)
                else:
                    values = self.rows(kind, sent, read(part), what)
                self.frame(values.reshape(-1).view(np.uint8), values=values.nbytes)
        self.frame(end=True)

    def together(self, nodes: list[Any], places: list[list[str]]) -> None:
        """Send data sets of as many rows, a block at a time, which alone counts for the limit."""
        before, start, count = self.bytes, 0, len(nodes[0])
        most = sum(self.unpacked or os.path.getsize(node.file.filename) for node in nodes)
        rows = chunk = max((node.chunks or (1,))[0] if node.ndim == 2 else 1 for node in nodes)
        self.frame(rows=count)
        while start < count:
            end, self.bytes = min(start + rows, count), before
            for node, at in zip(nodes, places, strict=True):
                read, shape = partial(part_of, node, start, end), (end - start, *node.shape[1:])
                self.array(at, None, node.dtype, shape, read, node.chunks)
            if self.in_rows > most:  # entries that share their content
                raise RefusedError(refused="its rows hold more than the file")
            block = min(BLOCK, self.limit // SHARE)
            fitting = (end - start) * block // max(1, self.bytes - before)
            rows, start = max(1, min(2 * rows, ROWS * chunk, fitting) // chunk) * chunk, end

    def rows(self, kind: str, dtype: np.dtype, block: Any, what: str) -> np.ndarray:
        """Send the lengths of some rows; their values, joined."""
        rows = np.asarray(block, dtype=object).reshape(-1)
        if kind == "text":
            joined: list[Any] = [as_bytes(row) for row in rows]
            values = np.frombuffer(b"".join(joined), np.uint8)
        else:
            joined = [np.asarray(row, dtype).reshape(-1) for row in rows]
            values = np.concatenate(joined)
        self.count(values.nbytes, what)
        self.in_rows += values.nbytes
        lengths = np.array([len(row) for row in joined], np.int64)
        self.frame(lengths.view(np.uint8), lengths=lengths.nbytes)
        return values


def kind_of(dtype: np.dtype, shape: tuple[int, ...] | None) -> tuple[str, np.dtype]:
    """How an array is sent, and the type of its numbers in this machine's byte order."""
    if shape is not None:
        if h5py.check_string_dtype(dtype) is not None:
            return "text", np.dtype(np.uint8)
        base = h5py.check_vlen_dtype(dtype)
        if isinstance(base, np.dtype) and base.kind in "biufc" and len(shape) == 1:
            return "ragged", np.dtype(base.str).newbyteorder("=")
        if base is None and dtype.kind in "biufc":
            return "numbers", np.dtype(dtype.str).newbyteorder("=")
    return "other", np.dtype(np.uint8)


def blocks(
    shape: list[int], itemsize: int, chunks: tuple[int, ...]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Selections of about a block, and their bytes, that make up an array in C order.

    They hold whole chunks, which would else be unpacked several times.
    """
    if not shape:
        yield (), itemsize
        return
    axis = 0
    while axis < len(shape) - 1 and math.prod(shape[axis + 1 :]) * itemsize > BLOCK:
        axis += 1
    row = math.prod(shape[axis + 1 :]) * itemsize
    rows = -(-max(1, BLOCK // row) // chunks[axis]) * chunks[axis]
    for lead in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], rows):
            yield (*lead, slice(start, start + rows)), min(rows, shape[axis]) * row


def is_rows(node: Any) -> bool:
    """Whether this is a data set with a row of real numbers for each of some entries."""
    if not isinstance(node, h5py.Dataset) or not node.shape or not len(node):
        return False
    kind, sent = kind_of(node.dtype, node.shape)
    return (kind, node.ndim) in (("ragged", 1), ("numbers", 2)) and sent.kind in "iuf"


def part_of(node: h5py.Dataset, start: int, end: int, part: tuple[Any, ...]) -> np.ndarray:
    """A selection within the rows from ``start`` to ``end``."""
    first, *others = part
    if isinstance(first, slice):
        return node[(slice(start + first.start, min(start + first.stop, end)), *others)]
    return node[(start + first, *others)]


def as_bytes(text: Any) -> bytes:
    """A text as it lies in the file."""
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")


def opened(path: str, answer: Answer) -> Any:
    """The path, or an unpacked copy in memory where it is compressed with gzip."""
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
        file.seek(0)
        unpacked = io.BytesIO()
        with gzip.GzipFile(fileobj=file) as packed:
            while block := packed.read(BLOCK):
                answer.count(len(block), "unpacked")
                unpacked.write(block)
                allow_processor_time()
                answer.frame(alive=True)
                answer.out.flush()
    answer.unpacked, answer.bytes = answer.bytes, 0  # the data are a part of it
    return unpacked


def serve(request: dict[str, Any], out: BinaryIO) -> None:
    """Answer one request."""
    answer = Answer(out, request["limit"])
    set_limit(resource.RLIMIT_DATA, OWN_MEMORY + request["limit"])
    allow_processor_time()
    try:
        with h5py.File(opened(request["path"], answer), "r") as file:
            answer.attributes(file, [])
            found = [found_at(file, names) for names in request["rows"]]
            streamed = bool(found) and all(map(is_rows, found)) and len(set(map(len, found))) == 1
            for names in request["wanted"] + ([] if streamed else request["rows"]):
                if (node := found_at(file, names)) is not None:
                    answer.member(node, names)
            if streamed:
                answer.together(found, request["rows"])
        answer.frame(done=True)
    except RefusedError as refusal:
        answer.frame(**refusal.header)
    except Exception as failure:  # h5py raises nearly every kind there is
        answer.frame(refused=f"{type(failure).__name__}: {failure}"[:500])
    out.flush()


def found_at(file: h5py.File, names: list[str]) -> Any:
    """The group or data set of these names; None where there is none."""
    node: Any = file
    for name in names:
        node = node[name] if isinstance(node, h5py.Group) and name in node else None
    return node


def allow_processor_time(nbytes: int = 0) -> None:
    """Let the system end this process if it computes for long without coming here again."""
    allowed = PROCESSOR_SECONDS + nbytes // PER_SECOND
    set_limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + allowed)


def set_limit(which: int, wanted: int) -> None:
    """Lower a limit, or raise it again, as far as the system lets us."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (wanted if hard < 0 else min(wanted, hard), hard))


def main() -> None:
    """Answer requests until stdin is closed."""
    out = os.fdopen(os.dup(1), "wb", 1 << 16)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no frame
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Answer(out, 0).frame(ready=True)
    out.flush()
    for line in sys.stdin.buffer:
        serve(json.loads(line), out)


if __name__ == "__main__":
    main()
