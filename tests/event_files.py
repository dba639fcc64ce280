"""Event files of TensorBoard as TensorBoard reads them: framing, checksums, and what is void."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event, SessionLog


def crc32c(data: bytes) -> int:
    """CRC-32 of Castagnoli, bit by bit, as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path: Path) -> Iterator[Event]:
    """The events of a file, which has nothing besides them."""
    data, place = path.read_bytes(), 0
    while place < len(data):
        head, body = data[place : place + 8], place + 12
        (length,) = struct.unpack("<Q", head)
        content = data[body : body + length]
        assert struct.unpack("<I", data[place + 8 : body]) == (masked(head),)
        place = body + length + 4
        assert struct.unpack("<I", data[place - 4 : place]) == (masked(content),)
        yield Event.FromString(content)


def events_of(folder: Path) -> list[Event]:
    """The events of all files, in the order of their names, without what a later one voids."""
    kept: list[Event] = []
    for path in sorted(folder.iterdir()):
        assert "tfevents" in path.name
        first, *others = records(path)
        assert first.file_version == "brain.Event:2"
        for event in others:
            if event.HasField("session_log") and event.session_log.status == SessionLog.START:
                kept = [earlier for earlier in kept if earlier.step < event.step]
            else:
                kept.append(event)
    return kept


def scalars(folder: Path, tag: str) -> dict[int, list[float]]:
    """Values of a curve by step: one of each, where all is well."""
    found: dict[int, list[float]] = {}
    for event in events_of(folder):
        for value in event.summary.value:
            if value.tag == tag:
                found.setdefault(event.step, []).append(value.simple_value)
    return found
