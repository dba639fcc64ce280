"""Is a sound file all there? What its own headers say, before a decoder sees it.

A decoder reads a file that was cut short, or has lost a page in the middle, as a shorter sound.
A WAV header written before the sound was known, into a pipe, says 0 or 2^32 - 1 bytes: those
samples run to the end of the file.
"""

from __future__ import annotations

import struct
import zlib

from genn_delays.support.errors import DataError

HIGHEST_RATE = 768_000  # Hz; above it there are no recordings, only damaged headers

UNKNOWN = 0xFFFFFFFF
EXTENSIBLE = 0xFFFE
CODES = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law"}
"""WAV formats of which every sample takes the same number of bytes."""

MOST = 1000  # kinds of chunks in front of the samples

STREAM = "a header without a length, as a pipe leaves it; read to the end of the file"
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
FIRST, LAST = 2, 4  # flags of an Ogg page


def whole(data: bytes, where: str) -> tuple[bytes, str | None]:
    """The file with its length in the header, and what had to be put right there, if anything.

    Args:
        data: content of a WAV, FLAC or OGG file.
        where: begins the message: the file.

    Raises:
        DataError: another format, or a file that is damaged or truncated.
    """
    try:
        if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
            return _wav(data, where)
        if data[:4] == b"OggS":
            _ogg(data, where)
            return data, None
    except struct.error:
        raise truncated(where, "it ends within its header") from None
    if data[:4] != b"fLaC":
        found = "it is empty" if not data else f"it begins with {data[:4]!r}"
        raise DataError(
            f"{where}: not a readable sound ({found}); WAV, FLAC and OGG are read, convert it, "
            "for instance with `ffmpeg -i IN OUT.wav`"
        )
    return data, None


def truncated(where: str, what: str) -> DataError:
    """The error that a part of the file is missing."""
    return DataError(f"{where}: damaged or truncated, {what}; copy the file again")


def check_rate(rate: int, where: str) -> None:
    """Raise DataError unless a sample rate (Hz) is one of a recording."""
    if not 1 <= rate <= HIGHEST_RATE:
        raise DataError(
            f"{where}: a sample rate of {rate} Hz, it must lie within 1 to {HIGHEST_RATE} Hz; "
            "copy the file again or correct its header"
        )


def _wav(data: bytes, where: str) -> tuple[bytes, str | None]:
    chunks = _chunks(data)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise truncated(where, "its chunks lead to no samples")
    code, channels, rate, _, width, bits = struct.unpack_from("<HHIIHH", data, chunks[b"fmt "])
    if code == EXTENSIBLE:  # the format proper begins the identifier behind
        (code,) = struct.unpack_from("<H", data, chunks[b"fmt "] + 24)
    if code not in CODES:
        raise DataError(
            f"{where}: WAV of format {code}; {', '.join(CODES.values())} are read, convert it, "
            "for instance with `ffmpeg -i IN -c:a pcm_s16le OUT.wav`"
        )
    check_rate(rate, where)
    if not width or width != channels * -(-bits // 8):  # libsndfile would believe the bits
        raise truncated(
            where, f"{channels} channel(s) of {bits} bits in {width} bytes contradict each other"
        )
    place = chunks[b"data"]
    size, there = struct.unpack_from("<I", data, place - 4)[0], len(data) - place
    # no samples at all are meant where the file is as long as its header says without them
    beyond = abs(struct.unpack_from("<I", data, 4)[0] + 8 - len(data)) > 1
    note = STREAM if size == UNKNOWN or (size == 0 and beyond) else None
    if note:
        size, data = there, data[: place - 4] + struct.pack("<I", there) + data[place:]
    if size > there:
        raise truncated(where, f"{there} of {size} bytes of samples are there")
    if size % width:
        raise truncated(where, f"{size} bytes are no whole number of samples of {width} bytes")
    return data, note


def _chunks(data: bytes) -> dict[bytes, int]:
    """Where the content of each chunk begins, up to the samples."""
    position, found = 12, dict[bytes, int]()
    while position + 8 <= len(data) and b"data" not in found and len(found) < MOST:
        name, size = struct.unpack_from("<4sI", data, position)
        found[name] = position + 8
        position += 8 + size + size % 2
    return found


def _ogg(data: bytes, where: str) -> None:
    """Raise DataError unless the pages are whole, without a gap, and of one stream."""
    position = number = flags = streams = 0
    while position < len(data):
        magic, flags, sequence, check, count = struct.unpack_from("<4sxB12xI4sB", data, position)
        end = position + 27 + count + sum(data[position + 27 : position + 27 + count])
        page = data[position : position + 22] + bytes(4) + data[position + 26 : end]
        streams += bool(flags & FIRST)
        if streams > 1:
            raise DataError(f"{where}: several streams in one file; divide it, one sound is read")
        if magic != b"OggS" or end > len(data) or sequence != number or check != _checksum(page):
            raise truncated(where, f"its page {number} is not whole")
        position, number = end, number + 1
    if not flags & LAST:
        raise truncated(where, "its last page is missing")


def _checksum(page: bytes) -> bytes:
    """Of an Ogg page: zlib's CRC with the bits of each byte mirrored, begun at 0, not inverted."""
    crc = zlib.crc32(page.translate(MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(MIRRORED)
