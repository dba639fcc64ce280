"""HDF5 files with odd types, shapes, links and attributes where something else is expected."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fuzz import files
from fuzz.values import Input, edited, scalars, values

KINDS: tuple[Any, ...] = (
    *["<i1", "<u2", "<i4", ">i8", "<u8", "<f2", "<f4", ">f8", "<c8", "?", "S3", "V5"],
    np.dtype("i4,f4"),
    h5py.string_dtype(),
    h5py.string_dtype("ascii"),
    h5py.vlen_dtype(np.dtype("f4")),
    h5py.vlen_dtype(np.dtype("i8")),
    h5py.enum_dtype({"a": 0, "b": 1}),
    h5py.ref_dtype,
)
SHAPES = ((), (0,), (1,), (2,), (3,), (5,), (6,), (6, 1), (1, 6), (6, 2), (0, 3), (2, 2, 2))
DECLARED = ((10**6,), (10**9,), (10**11,), (6, 10**9), (2**40, 2**20))
"""Shapes of which no element is written, so that the file stays small."""

FILLS = (0, 1, -1, 2, 0.5, 255, 65536, 2.0**31, 2.0**32 + 5, 2.0**40, 2.0**62, 1e300, -1e300)
FILLS = (*FILLS, float("nan"), float("inf"), 1e-310)


@lru_cache
def _objects(content: bytes) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Paths of the groups and datasets of a file, and (path, name) of its attributes."""
    paths: list[str] = []
    with h5py.File(io.BytesIO(content), "r") as file:
        file.visit(paths.append)
        names = [("/", name) for name in file.attrs]
        names += [(path, name) for path in paths for name in file[path].attrs]
    return tuple(paths), tuple(names)


def _change(content: bytes, edits: list[tuple[Any, ...]]) -> bytes:
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        for action, place, *more in edits:
            try:
                ACTIONS[action](file, place, *more)
            except (KeyError, OSError, TypeError, ValueError, RuntimeError, OverflowError):
                continue  # not every pair of edits fits, and h5py cannot write all that it reads
    return buffer.getvalue()


def _delete(file: h5py.File, place: str) -> None:
    if place in file:
        del file[place]


def _group(file: h5py.File, place: str) -> None:
    _delete(file, place)
    file.create_group(place)


def _dataset(file: h5py.File, place: str, kind: Any, shape: Any, fill: float) -> None:
    _delete(file, place)
    made = file.create_dataset(place, shape, kind)
    if made.dtype.kind in "iufcb" and made.size:
        with np.errstate(all="ignore"):
            made[...] = np.full(shape, fill).astype(made.dtype)


def _declared(file: h5py.File, place: str, kind: Any, shape: Any, packed: str | None) -> None:
    _delete(file, place)
    chunks = tuple(min(size, 1024) for size in shape)
    file.create_dataset(place, shape, kind, chunks=chunks, compression=packed)


def _empty(file: h5py.File, place: str, kind: Any) -> None:
    _delete(file, place)
    file[place] = h5py.Empty(kind)


def _value(file: h5py.File, place: str, value: Any) -> None:
    _delete(file, place)
    file[place] = value


def _link(file: h5py.File, place: str, target: Any) -> None:
    _delete(file, place)
    file[place] = target


def _attribute(file: h5py.File, place: str, name: str, value: Any) -> None:
    if value is None:
        del file[place].attrs[name]
    else:
        file[place].attrs[name] = value


ACTIONS: dict[str, Any] = {
    "delete": _delete,
    "group": _group,
    "dataset": _dataset,
    "declared": _declared,
    "empty": _empty,
    "value": _value,
    "link": _link,
    "attribute": _attribute,
}


def _edits(content: bytes) -> SearchStrategy[list[tuple[Any, ...]]]:
    paths, names = _objects(content)
    place, kind = st.sampled_from(paths), st.sampled_from(KINDS)
    targets = [*map(h5py.SoftLink, ("/", "/nowhere", *paths[:4]))]
    targets += [h5py.ExternalLink("absent.h5", "/"), h5py.ExternalLink("train.h5", "/labels")]
    packed = st.sampled_from((None, "gzip", "lzf"))
    dataset = st.tuples(
        st.just("dataset"), place, kind, st.sampled_from(SHAPES), st.sampled_from(FILLS)
    )
    edit = st.one_of(
        dataset,
        dataset,
        st.tuples(st.sampled_from(("delete", "group")), place),
        st.tuples(st.just("declared"), place, kind, st.sampled_from(DECLARED), packed),
        st.tuples(st.just("empty"), place, kind),
        st.tuples(st.just("value"), place, scalars),
        st.tuples(st.just("link"), place, st.sampled_from(targets)),
    )
    if names:
        attribute = st.sampled_from(names).flatmap(
            lambda name: st.tuples(st.just("attribute"), *map(st.just, name), _attributes())
        )
        edit = edit | attribute
    return st.lists(edit, min_size=1, max_size=3)


def _attributes() -> SearchStrategy[Any]:
    """Numbers, texts, texts of JSON, and arrays."""
    return scalars | values.map(json.dumps) | st.sampled_from((np.zeros(3), np.array([b"x"])))


def spikes() -> Input:
    """Files of ``spike_hdf5``."""
    content = files.spikes()["train.h5"]
    return _edits(content).map(lambda edits: ("train.h5", _change(content, edits)))


def checkpoints() -> Input:
    """Checkpoints; half of them with odd values in the JSON of their counters."""
    contents = files.checkpoints()
    counters = []
    for content in contents:
        with h5py.File(io.BytesIO(content), "r") as file:
            counters.append(file["trainer/counters"][()].decode())

    @st.composite
    def counted(draw: Any) -> tuple[str, bytes]:
        number = draw(st.integers(0, len(contents) - 1))
        text = json.dumps(edited(counters[number], draw, values))
        changed = _change(contents[number], [("value", "trainer/counters", text)])
        return "checkpoint.h5", changed

    plain = [
        _edits(content).map(
            lambda edits, content=content: ("checkpoint.h5", _change(content, edits))
        )
        for content in contents
    ]
    return st.one_of(*plain, counted())
