"""Members of a zip archive, of which none takes more memory than it says that it is long.

zipfile inflates stored and deflated members in pieces, but whatever a few bytes of bzip2 or LZMA
stand for at once. These two are inflated here, up to the length in the directory.
"""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from copy import copy

PIECE = 4096
"""Bytes that are inflated at a time; zipfile would inflate a member of any size at once."""

KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

LZMA_HEADER = 4
"""Version of the encoder and length of the properties, two bytes each (APPNOTE 5.8.8)."""


def read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The content of a member, its checksum verified.

    Raises:
        Exception: whatever zipfile and the decompressors make of damage, encryption included.
    """
    if info.compress_type == zipfile.ZIP_BZIP2:
        return _inflated(bz2.BZ2Decompressor(), _compressed(archive, info), info)
    if info.compress_type == zipfile.ZIP_LZMA:
        data = _compressed(archive, info)
        start = LZMA_HEADER + int.from_bytes(data[2:LZMA_HEADER], "little")
        decompressor = _lzma(data[LZMA_HEADER:start], info.file_size)
        return _inflated(decompressor, data[start:], info)
    with archive.open(info) as member:
        return b"".join(iter(lambda: member.read(PIECE), b""))


def _compressed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member as they lie in the archive."""
    stored = copy(info)
    stored.compress_type, stored.file_size = zipfile.ZIP_STORED, info.compress_size
    del stored.CRC  # it is that of the content
    with archive.open(stored) as member:
        return member.read()


def _lzma(properties: bytes, size: int) -> lzma.LZMADecompressor:
    """A decompressor whose dictionary, allocated at once, is no larger than the content."""
    if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
        raise lzma.LZMAError("properties of LZMA")
    rest, literal_context = divmod(properties[0], 9)
    position, literal_position = divmod(rest, 5)
    filters = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(min(int.from_bytes(properties[1:], "little"), size), PIECE),
        "lc": literal_context,
        "lp": literal_position,
        "pb": position,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])


def _inflated(
    decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor, data: bytes, info: zipfile.ZipInfo
) -> bytes:
    content = decompressor.decompress(data, max_length=info.file_size + 1)
    if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile("not the content that its checksum is of")
    return content
