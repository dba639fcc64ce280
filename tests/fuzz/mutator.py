"""A plain mutator of bytes: the same seed and files give the same inputs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Operation = Callable[[random.Random, bytearray, bytes], None]
INTERESTING = (
    0,
    1,
    2,
    127,
    *(2**bits + shift for bits in (7, 8, 15, 16, 31, 32, 63, 64) for shift in (-1, 0)),
)
NEAR = 256
"""Bytes at the beginning of a file in which half of the changes lie: headers are there."""


def mutate(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the files with one to some ten changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(1 + min(int(rng.expovariate(0.5)), 10)):
        rng.choice(OPERATIONS)(rng, data, rng.choice(seeds))
    return bytes(data)


def _place(rng: random.Random, data: bytes | bytearray) -> int:
    size = min(len(data), NEAR) if rng.random() < 0.5 else len(data)
    return rng.randrange(size + 1)


def _block(rng: random.Random, data: bytes | bytearray) -> slice:
    start = _place(rng, data)
    return slice(start, start + int(rng.expovariate(1 / 16)) + 1)


def _flip_bit(rng: random.Random, data: bytearray, _: bytes) -> None:
    if data:
        data[_place(rng, data) - 1] ^= 1 << rng.randrange(8)


def _set_byte(rng: random.Random, data: bytearray, _: bytes) -> None:
    if data:
        data[_place(rng, data) - 1] = rng.randrange(256)


def _set_integer(rng: random.Random, data: bytearray, _: bytes) -> None:
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice(INTERESTING) % 256**width
    start = _place(rng, data)
    data[start : start + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _add_to_integer(rng: random.Random, data: bytearray, _: bytes) -> None:
    width = rng.choice((1, 2, 4, 8))
    start = _place(rng, data)
    value = int.from_bytes(data[start : start + width], "little") + rng.randint(-16, 16)
    data[start : start + width] = (value % 256**width).to_bytes(width, "little")


def _truncate(rng: random.Random, data: bytearray, _: bytes) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _delete(rng: random.Random, data: bytearray, _: bytes) -> None:
    del data[_block(rng, data)]


def _repeat(rng: random.Random, data: bytearray, _: bytes) -> None:
    start = _place(rng, data)
    data[start:start] = data[_block(rng, data)] * rng.choice((1, 2, 64))


def _overwrite(rng: random.Random, data: bytearray, _: bytes) -> None:
    block = data[_block(rng, data)]
    start = _place(rng, data)
    data[start : start + len(block)] = block


def _insert(rng: random.Random, data: bytearray, _: bytes) -> None:
    start = _place(rng, data)
    data[start:start] = rng.randbytes(rng.randrange(1, 16))


def _take_from(rng: random.Random, data: bytearray, other: bytes) -> None:
    block = other[_block(rng, other)]
    start = _place(rng, data)
    data[start : start + rng.choice((0, len(block)))] = block


def _splice(rng: random.Random, data: bytearray, other: bytes) -> None:
    data[_place(rng, data) :] = other[_place(rng, other) :]


OPERATIONS: tuple[Operation, ...] = (
    _flip_bit,
    _flip_bit,
    _set_byte,
    _set_byte,
    _set_integer,
    _set_integer,
    _add_to_integer,
    _truncate,
    _delete,
    _repeat,
    _overwrite,
    _insert,
    _take_from,
    _splice,
)
