"""Arrays, sounds and archives that are whole and say odd things."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pickle_writer import Call, frame, pickle_of

from fuzz import files, text
from fuzz.values import Input, values
from genn_delays.datasets.pickled_tables import BACKED

Chunk = tuple[bytes, bytes]
"""Name and content of a part of a RIFF file."""


def arrays() -> Input:
    """Numpy files whose header says something else than what follows."""
    sizes = st.sampled_from((0, 1, 3, 4, 5, 2**31, 2**40, 10**11, -1, 1.5, True, None))
    kinds = [
        "f4",
        "<f8",
        ">f2",
        "i4",
        "u8",
        "?",
        "c8",
        "S3",
        "U2",
        "O",
        "V5",
        "m8",
        "M8[s]",
        "f16",
        "x",
    ]
    descr = st.sampled_from((*kinds, "<i99999999999", [("a", "f4")], ("f4", (2,)), None)) | values
    entries = st.fixed_dictionaries(
        {
            "descr": descr,
            "fortran_order": st.sampled_from((False, True, 0, None, "no")),
            "shape": st.sampled_from(((5, 4, 3), (5,))) | st.lists(sizes, max_size=4).map(tuple),
        },
        optional={"more": values},
    )
    odd = (
        "(" * 300,
        "{" * 300,
        "9" * 5000,
        "lambda: 0",
        "{'a'",
        "'\\",
        "f''",
        "{'shape': (5,)}",
        "\0",
    )
    texts = entries.map(repr) | st.sampled_from(odd) | st.text(max_size=30)
    versions = st.sampled_from((b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\4\0", b"\0\0", b"\xff\xff"))
    excess = st.sampled_from((0, 0, 0, -1, 1, 1000))
    names = st.sampled_from(("training_x_data.npy", "training_y_data.npy"))
    return st.builds(_array, names, versions, texts, excess, st.sampled_from((0, 20, 240, 480)))


def _array(name: str, version: bytes, text: str, excess: int, size: int) -> tuple[str, bytes]:
    header = text.encode("utf-8", "surrogatepass") + b"\n"
    length = max(0, len(header) + excess)
    if version == b"\1\0":
        packed = struct.pack("<H", length % 2**16)
    else:
        packed = struct.pack("<I", length)
    content = (np.arange(size) % 3).astype(np.uint8).tobytes()
    return name, b"\x93NUMPY" + version + packed + header + content


def sounds() -> Input:
    """RIFF files with odd fields and chunks, and Ogg pages whose checksums are right."""
    return _riffs() | _riffs() | _pages()


def _riffs() -> Input:
    word = st.sampled_from((0, 1, 2, 3, 6, 7, 8, 16, 24, 32, 64, 0xFFFE, 0xFFFF))
    long = st.sampled_from((0, 1, 7, 8000, 16000, 44100, 2**31 - 1, 2**31, 2**32 - 1))
    fields = st.tuples(word, word, long, long, word, word)
    form = fields.map(lambda given: struct.pack("<HHIIHH", *given))
    good = st.sampled_from([sound[20:36] for sound in files.sounds() if sound[:4] == b"RIFF"])
    names = st.sampled_from((b"fmt ", b"data", b"LIST", b"fact", b"JUNK", b"\0\0\0\0"))
    chunk = st.tuples(names, form | good | st.binary(max_size=60) | st.just(b"\1\2" * 100))
    first = st.tuples(st.just(b"fmt "), form | good)
    size = st.sampled_from((None, None, 0, 1, 99, 2**31, 2**32 - 1))
    return st.builds(_riff, first, st.lists(chunk, max_size=4), size, size)


def _riff(first: Chunk, rest: list[Chunk], size: int | None, last: int | None) -> tuple[str, bytes]:
    sound = bytearray(files.riff([first, *rest, (b"data", b"\1\2" * 100)]))
    for place, given in ((4, size), (len(sound) - 204, last)):
        if given is not None:
            sound[place : place + 4] = struct.pack("<I", given)
    return "a.wav", bytes(sound)


def _pages() -> Input:
    whole = st.sampled_from([sound for sound in files.sounds() if sound[:4] == b"OggS"])
    place = st.floats(0, 1, exclude_max=True) | st.floats(0, 0.1)
    changes = st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=6)
    return st.builds(lambda sound, some: ("a.wav", _resealed(sound, some)), whole, changes)


def _resealed(sound: bytes, changes: Sequence[tuple[float, int]]) -> bytes:
    """An Ogg file with other bytes within its packets, and the checksums of those pages."""
    made, position = bytearray(sound), 0
    while position < len(sound):
        start = position + 27 + sound[position + 26]
        end = start + sum(sound[position + 27 : start])
        for place, value in changes:
            index = int(place * len(sound))
            if start <= index < end:
                made[index] = value
        made[position + 22 : position + 26] = bytes(4)
        checksum = _ogg_checksum(bytes(made[position:end]))
        made[position + 22 : position + 26] = struct.pack("<I", checksum)
        position = end
    return bytes(made)


def _ogg_checksum(page: bytes) -> int:
    """The CRC of Ogg: polynomial 0x04C11DB7, highest bit first, from 0."""
    register = 0
    for byte in page:
        register = (register << 8 & 0xFFFFFFFF) ^ _TABLE[register >> 24 ^ byte]
    return register


def _remainder(byte: int) -> int:
    register = byte << 24
    for _ in range(8):
        register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
    return register


_TABLE = [_remainder(byte) for byte in range(256)]


def archives() -> Input:
    """Zip archives whose checksums are right and whose members are not."""
    kinds = st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    whole = files.recordings()
    names = st.sampled_from(("/a.wav", "a.wav/", "../a.wav", "A.WAV", "\u00e9.wav"))
    member = sounds() | text.lists() | st.tuples(names, st.binary(max_size=20))

    def one(changed: list[tuple[str, bytes]], missing: str | None, kind: int) -> tuple[str, bytes]:
        made = {name: data for name, data in (whole | dict(changed)).items() if name != missing}
        return "audio.zip", files.archive(made, kind)

    missing = st.sampled_from((None, None, None, *whole))
    return st.builds(one, st.lists(member, max_size=3), missing, kinds)


def cameras() -> Input:
    """Recordings of a camera: any five bytes, mostly a whole number of times."""
    event = st.tuples(st.integers(0, 40), st.sampled_from((0, 33, 34, 240, 255)), *[_BYTE] * 3)
    rows = st.lists(event.map(bytes), max_size=30).map(b"".join)
    return st.tuples(st.just("Train/0/a.bin"), rows | st.binary(max_size=23))


_BYTE = st.integers(0, 255)


def pickles() -> Input:
    """Tables with columns of anything, calls of anything, and opcodes in any order."""
    whole = st.just(files.braille_table())
    numbers = st.integers(-(2**31), 2**31 - 1) | st.floats() | st.booleans() | st.none()
    names = st.sampled_from(
        (
            *("numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar"),
            *("numpy.dtype", "numpy._core.numeric._frombuffer", "builtins.slice", "os.getcwd"),
            *("pandas.core.frame.DataFrame", "pandas.core.indexes.base._new_Index"),
            *("pandas.core.internals.managers.BlockManager", BACKED),
        )
    )

    def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        lists = st.lists(inner, max_size=4)
        keys = st.sampled_from(("_mgr", "letter", "events", "0.14.1", "axes", "blocks", "data"))
        call = st.builds(Call, names, lists.map(tuple), inner)
        return lists | lists.map(tuple) | st.dictionaries(keys, inner, max_size=3) | call

    leaf = numbers | st.text(max_size=5) | st.binary(max_size=16) | st.sampled_from(("f8", "A"))
    anything = st.recursive(leaf, nested, max_leaves=15)
    column = st.sampled_from(("letter", "events"))
    tables = st.builds(lambda table, name, value: table | {name: value}, whole, column, anything)
    framed = st.builds(
        lambda value, old: frame({"letter": ["A"], "events": [value]}, old=old),
        anything,
        st.booleans(),
    )
    made = (tables | framed | anything).map(pickle_of)
    known = b"].()}{0N\x85\x86Rb(tuaseQh\x00q"
    codes = st.lists(st.sampled_from([bytes([code]) for code in known]))
    content = made | codes.map(lambda some: b"\x80\x04" + b"".join(some) + b".")
    return st.tuples(st.just(files.BRAILLE), content)
