"""What the reading process sends, checked: a file that upset it may make it send anything."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Generator
from typing import Any, BinaryIO

import numpy as np

from genn_delays.support.errors import short
from genn_delays.support.hdf5.tree import Group, Other, Ragged, Source, Text, Value
from genn_delays.support.limits import check_size

HEADER = 1 << 20
"""Bytes of the longest header."""
PIECE = 1 << 18
"""Bytes that are taken from the pipe at a time."""
NUMBERS = re.compile(r"[<>|=][biufc]\d{1,2}")


class UpsetError(Exception):
    """An answer that no sound reading process gives."""


class EndedError(Exception):
    """An answer that came to its end with a refusal, ``args[0]``: the next file may follow."""


def receive(stream: BinaryIO, source: Source) -> tuple[Group, int]:
    """The tree of an answer, and how many rows follow it; else it was read to its last frame.

    Raises:
        EndedError: with the error of ``source``: the file cannot be read, or it holds too much.
        DataError: (that of ``source``) it holds too much, and more of it is under way.
        UpsetError: the answer makes no sense.
        EOFError: it breaks off.
    """
    root = Group(source)
    budget = 0
    while not {"done", "rows"} & (header := _next(stream, source)).keys():
        group, name = _place(root, header.get("at"), "kind" in header)
        if "kind" in header:
            value, nbytes = _value(stream, header, source)
            budget += nbytes
            check_size(budget, str(source.path), error=source.error)
            _put(group, name, header.get("attribute"), value)
    return root, _natural(header.get("rows", 0))


def receive_rows(
    stream: BinaryIO, source: Source, rows: int, width: int
) -> Generator[tuple[Ragged, ...]]:
    """What follows a tree: the next rows of each of ``width`` data sets, up to the last frame.

    Raises:
        what :func:`receive` does.
    """
    if not rows:
        return
    while rows:
        values = (_value(stream, _next(stream, source), source)[0] for _ in range(width))
        found = tuple(several for value in values if (several := Ragged.of(value)) is not None)
        counts = {len(several.lengths) for several in found}
        real = all(several.values.dtype.kind in "iuf" for several in found)
        if len(found) != width or not real or len(counts) != 1 or not 0 < min(counts) <= rows:
            raise UpsetError
        rows -= min(counts)
        yield found
    if "done" not in _next(stream, source):
        raise UpsetError


def read_header(stream: BinaryIO) -> dict[str, Any]:
    """The next header."""
    (size,) = struct.unpack(">I", _exactly(stream, 4))
    if size > HEADER:
        raise UpsetError
    try:
        header = json.loads(_exactly(stream, size))
    except (ValueError, RecursionError):
        raise UpsetError from None
    if not isinstance(header, dict):
        raise UpsetError
    return header


def _next(stream: BinaryIO, source: Source) -> dict[str, Any]:
    """The next header that is no sign of life; the error of a last one that refuses."""
    while "alive" in (header := read_header(stream)):
        pass
    if "refused" in header:
        text = short(str(header["refused"]), 200)
        raise EndedError(
            source.error(
                f"{source.path} is truncated, damaged or not HDF5 ({text}); {source.remedy}"
            )
        )
    if "size" in header:
        size = _natural(header["size"])
        what = short(str(header.get("what")), 200)
        try:
            check_size(size, f"{source.path}: {what}", error=source.error)
        except source.error as refusal:
            raise EndedError(refusal) from None
        raise UpsetError
    return header


def _put(group: Group, name: str, attribute: Any, value: Value) -> None:
    """Keep a data set, or an attribute of what has the name in this group ("" for the root)."""
    member = group.members.get(name) if name else group
    if attribute is None and name and not isinstance(member, Group):
        group.members[name] = value
    elif not isinstance(attribute, str) or member is None:
        raise UpsetError
    elif isinstance(member, Group):
        member.attributes[attribute] = value
    else:
        group.notes.setdefault(name, {})[attribute] = value


def _place(root: Group, at: Any, leaf: bool) -> tuple[Group, str]:
    """The group that holds what is ``at`` these names, made where needed, and the last name."""
    if not isinstance(at, list) or not all(isinstance(name, str) and name for name in at):
        raise UpsetError
    group = root
    for name in at[:-1] if leaf else at:
        place = f"{group.place}/{name}".lstrip("/")
        below = group.members.setdefault(name, Group(root.source, place))
        if not isinstance(below, Group):
            raise UpsetError
        group = below
    return group, at[-1] if at else ""


def _value(stream: BinaryIO, header: dict[str, Any], source: Source) -> tuple[Value, int]:
    """The array that a header announces, and its bytes."""
    shape, kind = header.get("shape"), header.get("kind")
    if not isinstance(shape, list) or len(shape) > 32:
        raise UpsetError
    size = tuple(_natural(length) for length in shape)
    dtype = _dtype(header.get("dtype"))
    entries = math.prod(size)
    if kind == "numbers":  # known before a byte of it is here
        check_size(entries * dtype.itemsize, str(source.path), error=source.error)
    content, lengths = _pieces(stream, source)
    values = _as(content, dtype)
    if kind == "numbers" and len(values) == entries and not lengths:
        return values.reshape(size), len(content)
    if kind == "other" and not content and not lengths:
        return Other(), 0
    rows = _as(lengths, np.dtype(np.int64))
    if len(rows) != entries or rows.min(initial=0) < 0 or rows.sum() != len(values):
        raise UpsetError
    if kind == "text":
        ends = np.cumsum(rows).tolist()
        parts = (bytes(content[e - n : e]) for e, n in zip(ends, rows.tolist(), strict=True))
        return Text(tuple(parts), size), len(content)
    if kind == "ragged" and len(size) == 1:
        return Ragged(values, rows), len(content)
    raise UpsetError


def _pieces(stream: BinaryIO, source: Source) -> tuple[bytearray, bytearray]:
    """Values and lengths up to the end of an array."""
    joined = {"values": bytearray(), "lengths": bytearray()}
    # one small piece after the other: its memory stays in the cache, and no more is ever
    # allocated than has arrived
    piece = memoryview(bytearray(PIECE))
    while "end" not in (header := _next(stream, source)):
        what = next((name for name in joined if name in header), None)
        if what is None:
            raise UpsetError
        missing = _natural(header[what])
        total = sum(map(len, joined.values())) + missing
        check_size(total, str(source.path), error=source.error)
        while missing:
            part = piece[: min(missing, PIECE)]
            if stream.readinto(part) != len(part):  # type: ignore[attr-defined]
                raise EOFError
            joined[what] += part
            missing -= len(part)
    return joined["values"], joined["lengths"]


def _as(raw: bytearray, dtype: np.dtype) -> np.ndarray:
    if len(raw) % dtype.itemsize:
        raise UpsetError
    if dtype.kind == "b":  # any byte but 0 and 1 would be neither true nor false
        return np.frombuffer(raw, np.uint8) != 0
    return np.frombuffer(raw, dtype)


def _dtype(given: Any) -> np.dtype:
    if not isinstance(given, str) or not NUMBERS.fullmatch(given):
        raise UpsetError
    try:
        return np.dtype(given)
    except TypeError:
        raise UpsetError from None


def _natural(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise UpsetError
    return given


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data
