"""Pickles written opcode by opcode, with tables in the layout of pandas, which is not needed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

OBJECTS = "O8"


@dataclass(frozen=True)
class Call:
    """What a pickle makes: ``name(*args)``, then given a state."""

    name: str
    args: tuple[Any, ...]
    state: Any = None


def pickle_of(value: Any) -> bytes:
    """A pickle of protocol 3."""
    return b"\x80\x03" + opcodes(value) + b"."


def named(name: str) -> bytes:
    """The opcode that imports a name."""
    module, _, last = name.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def opcodes(value: Any) -> bytes:
    """What puts a value onto the stack."""
    match value:
        case Call(name, args, state):
            given = b"" if state is None else opcodes(state) + b"b"
            return named(name) + opcodes(args) + b"R" + given
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"J" + struct.pack("<i", value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case bytes():
            return b"B" + struct.pack("<I", len(value)) + value
        case tuple():
            return b"(" + b"".join(map(opcodes, value)) + b"t"
        case list():
            return b"](" + b"".join(map(opcodes, value)) + b"e"
        case dict():
            items = (part for item in value.items() for part in item)
            return b"}(" + b"".join(map(opcodes, items)) + b"u"
    raise TypeError(type(value))


def dtype(code: str) -> Call:
    return Call("numpy.dtype", (code, False, True), (3, "<", None, None, None, -1, -1, 0))


def objects(entries: list[Any], shape: tuple[int, ...]) -> Call:
    """An array of objects."""
    state = (1, shape, dtype(OBJECTS), False, entries)
    return Call("numpy.core.multiarray._reconstruct", (), state)


def numbers(array: Any) -> Call:
    """An array of numbers."""
    state = (1, array.shape, dtype(array.dtype.str[1:]), False, array.tobytes())
    return Call("numpy.core.multiarray._reconstruct", (), state)


def index(names: list[str]) -> Call:
    data = {"data": objects(names, (len(names),)), "name": None}
    return Call("pandas.core.indexes.base._new_Index", ("Index", data))


def frame(columns: dict[str, list[Any]], *, old: bool = False) -> Call:
    """A DataFrame of columns of objects, of pandas 1.3 and later, or of the ones before."""
    rows = [entry for column in columns.values() for entry in column]
    trials = len(rows) // len(columns)
    values = objects(rows, (len(columns), trials))
    axes = [index(list(columns)), index([str(k) for k in range(trials)])]
    manager = "pandas.core.internals.managers.BlockManager"
    places = Call("builtins.slice", (0, len(columns), 1))
    if old:
        blocks = {"axes": axes, "blocks": [{"values": values, "mgr_locs": places}]}
        made = Call(manager, (), (axes, [values], [axes[0]], {"0.14.1": blocks}))
    else:
        block = Call("pandas._libs.internals._unpickle_block", (values, places, 2))
        made = Call(manager, ((block,), axes))
    return Call("pandas.core.frame.DataFrame", (), {"_mgr": made, "_typ": "dataframe"})
