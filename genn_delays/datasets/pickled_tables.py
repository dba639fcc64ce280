"""Arrays of numpy and tables of pandas in a pickle that was read but not run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from genn_delays.datasets.pickles import Made
from genn_delays.support.errors import DataError, short

NUMPY = tuple(
    f"numpy.{core}.{part}." for core in ("core", "_core") for part in ("multiarray", "numeric")
)
FRAMES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")
BACKED = "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"
KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")


def column(table: Any, name: str, where: str) -> list[Any]:
    """The entries of a column of a table: a dictionary of columns, or a DataFrame.

    Raises:
        DataError: it is no such table, or has no such column.
    """
    columns = table
    if isinstance(table, Made) and table.name in FRAMES:
        columns = _of_frame(table, where)
    if not isinstance(columns, dict):
        raise DataError(f"{where}: no table with columns; is it the right file?")
    if name not in columns:
        names = ", ".join(sorted(key for key in columns if isinstance(key, str)))
        raise DataError(f"{where}: no column {name!r}; it has {short(names, 200) or 'none'}")
    return sequence(columns[name], where)


def sequence(value: Any, where: str) -> list[Any]:
    """The entries of a list, a tuple, an array of objects or a Series of one."""
    if isinstance(value, Made):
        value = array(value, where)
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.tolist()
    raise DataError(f"{where}: a column that is no list; is it the right file?")


def numbers(value: Any, where: str) -> np.ndarray:
    """Numbers in a list or an array, or one alone, as float64 in one dimension."""
    if isinstance(value, (list, tuple)):
        return np.array([_number(entry, where) for entry in value], dtype=np.float64)
    found = array(value, where) if isinstance(value, Made) else value
    if isinstance(found, np.ndarray):
        return found.astype(np.float64).reshape(-1)
    if isinstance(found, list):
        return numbers(found, where)
    return np.array([_number(found, where)], dtype=np.float64)


def _number(value: Any, where: str) -> float:
    found = array(value, where) if isinstance(value, Made) else value
    if type(found) not in (int, float) or not abs(found) < 2.0**63:
        raise DataError(f"{where}: a time that is no number; is it the right file?")
    return float(found)


def array(made: Made, where: str) -> Any:
    """The array, or the number, that numpy would have made.

    Raises:
        DataError: made by something else, or its bytes are not what its shape says.
    """
    kind = made.name.removeprefix(next(filter(made.name.startswith, NUMPY), "?"))
    match kind, made.args, made.state:
        case "scalar", (Made() as dtype, bytes(data)), _:
            return _from_bytes(data, (), dtype, False, where).item()
        case "_reconstruct", _, (_, tuple(shape), Made() as dtype, fortran, bytes(data)):
            return _from_bytes(data, shape, dtype, fortran is True, where)
        case "_frombuffer", (
            bytes(data) | bytearray(data),
            Made() as dtype,
            tuple(shape),
            order,
        ), _:
            return _from_bytes(bytes(data), shape, dtype, order == "F", where)
        case "_reconstruct", _, (_, tuple(shape), _, fortran, list(entries)):
            return _objects(shape, fortran is True, entries, where)
        case _, _, (_, Made() as inner) if made.name == BACKED and inner.name != BACKED:
            return array(inner, where)
    raise DataError(f"{where}: {made.name}, which is not read; only arrays of numpy are")


def _from_bytes(
    data: bytes, shape: tuple[Any, ...], dtype: Made, fortran: bool, where: str
) -> np.ndarray:
    order = dtype.state[1] if isinstance(dtype.state, tuple) and len(dtype.state) > 1 else "<"
    code = dtype.args[0] if isinstance(dtype.args, tuple) and dtype.args else None
    if dtype.name != "numpy.dtype" or code not in KINDS:
        raise DataError(f"{where}: an array of no plain numbers; is it the right file?")
    wide = np.dtype(f"{'>' if order == '>' else '<'}{code}")
    if not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 2:
        raise DataError(f"{where}: an array of an impossible shape; copy it again")
    if math.prod(shape) * wide.itemsize != len(data):
        raise DataError(f"{where}: {len(data)} bytes for an array of another size; copy it again")
    return np.frombuffer(data, dtype=wide).reshape(shape, order="F" if fortran else "C")


def _objects(shape: tuple[Any, ...], fortran: bool, entries: list[Any], where: str) -> list[Any]:
    """An array of objects as a list, or as a list of rows."""
    if shape == (len(entries),):
        return entries
    if len(shape) == 2 and all(type(n) is int and n > 0 for n in shape):
        rows, columns = shape
        if rows * columns == len(entries):
            if fortran:  # the first index runs fastest
                return [entries[row::rows] for row in range(rows)]
            return [entries[row * columns : (row + 1) * columns] for row in range(rows)]
    raise DataError(f"{where}: {len(entries)} entries for an array of another shape; copy it again")


def _of_frame(frame: Made, where: str) -> dict[Any, Any]:
    """The columns of a DataFrame by name, of pandas 1 to 3."""
    state = frame.state if isinstance(frame.state, dict) else {}
    manager = state.get("_mgr", state.get("_data"))
    if not isinstance(manager, Made):
        raise DataError(f"{where}: a DataFrame without columns; is it the right file?")
    axes, blocks = _manager(manager, where)
    names = _labels(axes[0], where)
    columns = {}
    for values, places in blocks:
        rows = array(values, where) if isinstance(values, Made) else values
        if not isinstance(rows, list) and not (isinstance(rows, np.ndarray) and rows.ndim == 2):
            raise DataError(f"{where}: a block of a DataFrame without columns; copy it again")
        for place, row in zip(_places(places, where), rows, strict=False):
            if not 0 <= place < len(names):
                raise DataError(f"{where}: a column that has no name; copy it again")
            columns[names[place]] = row
    return columns


def _manager(manager: Made, where: str) -> tuple[Any, list[tuple[Any, Any]]]:
    """The axes, and the values and places of each block."""
    match manager.args, manager.state:
        case (tuple(blocks), list(axes)), _ if all(isinstance(b, Made) for b in blocks) and axes:
            if all(isinstance(b.args, tuple) and len(b.args) >= 2 for b in blocks):
                return axes, [b.args[:2] for b in blocks]
        case _, (*_, {"0.14.1": {"axes": [*axes], "blocks": [*blocks]}}) if axes:
            if all(isinstance(b, dict) and {"values", "mgr_locs"} <= b.keys() for b in blocks):
                return axes, [(b["values"], b["mgr_locs"]) for b in blocks]
    raise DataError(f"{where}: a DataFrame of a form that is not known; write it again")


def _labels(index: Any, where: str) -> list[Any]:
    """The names of the columns: those of an Index."""
    match index:
        case Made(args=(_, {"data": names})):
            found = sequence(names, where)
            if all(isinstance(name, str) for name in found):
                return found
    raise DataError(f"{where}: a DataFrame whose columns have no names; is it the right file?")


def _places(places: Any, where: str) -> range | list[int]:
    """Which columns a block holds."""
    match places:
        case Made(name="builtins.slice", args=(int(start), int(stop), int(step))) if step > 0:
            return range(start, stop, step)
        case Made():
            found = array(places, where)
            if isinstance(found, np.ndarray) and found.dtype.kind in "iu":
                return [int(place) for place in found.reshape(-1)]
    raise DataError(f"{where}: a block of a DataFrame without places; copy it again")
